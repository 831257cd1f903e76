"""The documents of this repository, and where they link to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import ROOT

__all__ = ["documents", "links"]


def documents() -> list[Path]:
    """What people read: everything in Markdown but what examples bring."""
    return sorted([ROOT / "README.md", ROOT / "bench/README.md", *(ROOT / "src").rglob("*.md")])


def links(path: Path) -> Iterator[tuple[str, str]]:
    """The file and the heading that each link of a document leads to; "" for the document itself and its top."""
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" not in link:
            file, _, heading = link.partition("#")
            yield file, heading
