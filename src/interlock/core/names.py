"""Names of packages, extras and groups (PEP 503, PEP 685, PEP 735)."""

from __future__ import annotations

import re
from typing import NewType

__all__ = [
    "ExtraName",
    "GroupName",
    "NormalizedName",
    "is_name",
    "normalize_extra",
    "normalize_group",
    "normalize_name",
    "shown_member",
]

NormalizedName = NewType("NormalizedName", str)
ExtraName = NewType("ExtraName", str)
GroupName = NewType("GroupName", str)

_SEPARATORS = re.compile(r"[-_.]+")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_KNOWN: dict[str, str] = {}


def is_name(text: str) -> bool:
    """Whether the text is a valid distribution name (core metadata, ``Name``)."""
    return _NAME.fullmatch(text) is not None


def _normalize(text: str) -> str:
    known = _KNOWN.get(text)
    if known is None:
        known = _KNOWN[text] = _SEPARATORS.sub("-", text).lower()
    return known


def normalize_name(text: str) -> NormalizedName:
    """Normalise a distribution name; does not validate it.

    >>> normalize_name("Foo__Bar.baz")
    'foo-bar-baz'
    """
    return NormalizedName(_normalize(text))


def normalize_extra(text: str) -> ExtraName:
    """Normalise an extra's name (PEP 685)."""
    return ExtraName(_normalize(text))


def normalize_group(text: str) -> GroupName:
    """Normalise a dependency group's name (PEP 735)."""
    return GroupName(_normalize(text))


def shown_member(name: str) -> str:
    """A member's name for people; the empty one stands for a root that is no project.

    >>> shown_member("web"), shown_member("")
    ('web', '(root)')
    """
    return name or "(root)"
