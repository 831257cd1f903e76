"""Parts of documents that are made from the code: what stands between two marks, and what should."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from tests.architecture import ROOT
from tests.documents.commands import commands, documents
from tests.documents.errors import codes, findings, warnings
from tests.documents.settings import inner_keys, member_keys, root_keys

__all__ = ["GENERATED", "Generated", "filled"]


class Generated(msgspec.Struct, frozen=True):
    """A document with blocks that are written by functions."""

    path: str
    blocks: Mapping[str, Callable[[], str]]

    def read(self) -> str:
        return (ROOT / self.path).read_text(encoding="utf-8")

    def write(self, text: str) -> None:
        (ROOT / self.path).write_text(text, encoding="utf-8")


GENERATED = (
    Generated("src/interlock/ERRORS.md", {"codes": codes, "warnings": warnings, "findings": findings}),
    Generated(
        "src/interlock/SETTINGS.md", {"root-keys": root_keys, "member-keys": member_keys, "inner-keys": inner_keys}
    ),
    Generated("src/interlock/cli/COMMANDS.md", {"commands": commands, "documents": documents}),
)


def filled(document: Generated) -> str:
    """The document's text with each block as it should be."""
    text = document.read()
    for name, made in document.blocks.items():
        text, found = _block(name).subn(lambda match: f"{match[1]}\n{made().strip()}\n\n{match[2]}", text)  # noqa: B023
        assert found == 1, f"{document.path} has {found} blocks called {name}"
    return text


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"^(<!-- {name}: [^\n]*-->\n).*?(^<!-- end -->)$", re.MULTILINE | re.DOTALL)
