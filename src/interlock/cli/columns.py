"""Rows of words in columns, for people."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["columns"]


def columns(rows: Iterable[tuple[str, ...]]) -> str:
    """Each column as wide as its widest word.

    >>> columns([("a", "bb", "c"), ("aaa", "b", "")])
    'a    bb  c\\naaa  b\\n'
    """
    kept = list(rows)
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)]
    return "".join(
        "  ".join(f"{word:<{width}}" for word, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in kept
    )
