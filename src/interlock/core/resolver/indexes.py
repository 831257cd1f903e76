"""The indexes that a resolution may ask, as far as an explanation names them."""

from __future__ import annotations

import msgspec

__all__ = ["Indexes"]


class Indexes(msgspec.Struct, frozen=True, kw_only=True):
    """Who was asked, by name."""

    asked: tuple[str, ...] = ()
    """Those that answer for any name, in order."""
    explicit: tuple[str, ...] = ()
    """Those that answer only for what is pinned to them."""
    first_only: bool = True
    """Whether one that has a package keeps the later ones from being asked."""
