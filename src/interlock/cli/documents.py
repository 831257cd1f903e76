"""Documents: values as JSON text for ``--json``."""

from __future__ import annotations

from pathlib import PurePath

import msgspec

__all__ = ["format_document"]


def format_document(value: object) -> str:
    """Indented JSON with a final newline; keys keep their order, paths and sets become text and sorted lists."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain), indent=2).decode() + "\n"


def _plain(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    return repr(value)
