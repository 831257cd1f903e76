"""Numbers that others write: Python refuses to read thousands of digits, and nothing stores more than 64 bits."""

from __future__ import annotations

import re

__all__ = ["has_endless_number", "whole_number"]

_MOST_DIGITS = 18
_ENDLESS = re.compile(r"[0-9]{101}")


def whole_number(text: str) -> int | None:
    """What ASCII digits say, at most 18 of them; None for anything else.

    >>> whole_number("42"), whole_number("²"), whole_number("9" * 40), whole_number("-1")
    (42, None, None, None)
    """
    return int(text) if len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit() else None


def has_endless_number(text: str) -> bool:
    """Whether a version, specifier or marker holds a number that no version has; hashes of commits are shorter."""
    return len(text) > 100 and _ENDLESS.search(text) is not None
