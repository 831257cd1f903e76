"""One thing that is odd about a solution, though it stands."""

from __future__ import annotations

import msgspec

from interlock.core.resolver.placed import Text

__all__ = ["Notice"]


class Notice(msgspec.Struct, frozen=True, order=True):
    code: str
    text: Text
