"""Documents: values as JSON text for ``--json``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

import msgspec

__all__ = ["format_document"]


def format_document(value: object) -> str:
    """Indented JSON with a final newline; keys keep their order, paths and sets become text and sorted lists.

    A document of hundreds of levels, such as the tree of a long chain, is on one line.
    """
    try:
        return msgspec.json.format(_encoded(value), indent=2).decode() + "\n"
    except RecursionError:
        return b"".join(_pieces(value)).decode() + "\n"


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    return repr(value)


def _pieces(value: object) -> Iterator[bytes]:
    """The text of a value of any depth, left to right."""
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, msgspec.Raw):
            yield bytes(item)
            continue
        inner = _opened(item)
        if inner is None:
            yield _encoded(item)
        else:
            waiting += reversed(inner)


def _opened(value: object) -> list[object] | None:
    """What a container is made of, its punctuation ready to be written; None for what is written as a whole."""
    if isinstance(value, list | tuple):
        return _punctuated("[]", [[item] for item in value])
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return _punctuated("{}", [[msgspec.Raw(_encoded(key) + b":"), item] for key, item in value.items()])
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        if not (config.omit_defaults or config.array_like or config.tag):
            names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
            return _opened({name: getattr(value, field) for name, field in names})
    return None


def _punctuated(brackets: str, items: list[list[object]]) -> list[object]:
    found: list[object] = [msgspec.Raw(brackets[0].encode())]
    for position, item in enumerate(items):
        if position:
            found.append(msgspec.Raw(b","))
        found += item
    found.append(msgspec.Raw(brackets[1].encode()))
    return found
