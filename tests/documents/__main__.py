"""``python -m tests.documents``: write the lists in documents that are made from the code."""

from __future__ import annotations

import sys

from tests.documents.blocks import GENERATED, filled

__all__ = ["main"]


def main() -> None:
    for document in GENERATED:
        text = filled(document)
        if text != document.read():
            document.write(text)
            sys.stderr.write(f"wrote {document.path}\n")


if __name__ == "__main__":
    main()
