"""Text that says where requirements are written, before anybody has looked.

Manifests are read again to name a file and a line. Whoever solves need not have them: the text is made with the origins
in it, and those who have the manifests put the places there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from interlock.core.members.asks import Origin

__all__ = ["Locate", "Places", "Text", "placed"]

Text = tuple[str | Origin, ...]
"""Pieces to be joined; an origin stands for its place in parentheses."""

Locate = Callable[[Origin], str]
"""Says where a requirement is written, as ``file:line``, or nothing where that cannot be told."""

_MARK = re.compile("\0([0-9]+)\0")


class Places:
    """Marks for origins in a text that is being written, and the pieces that come of it."""

    def __init__(self) -> None:
        self._numbers: dict[Origin, int] = {}

    def __repr__(self) -> str:
        return f"<Places of {len(self._numbers)} origins>"

    def mark(self, origin: Origin) -> str:
        """What stands for the place of an origin, the space before it included."""
        return f"\0{self._numbers.setdefault(origin, len(self._numbers))}\0"

    def pieces(self, text: str) -> Text:
        """The text with origins where their marks are."""
        origins = list(self._numbers)
        found: list[str | Origin] = []
        start = 0
        for match in _MARK.finditer(text):
            number = int(match[1])
            if number < len(origins):
                found += [text[start : match.start()], origins[number]]
                start = match.end()
        return tuple(piece for piece in (*found, text[start:]) if piece != "")


def placed(text: Text, locate: Locate) -> str:
    """The text with the places of its origins; those that cannot be told are left out."""
    return "".join(piece if isinstance(piece, str) else _place(locate(piece)) for piece in text)


def _place(place: str) -> str:
    return f" ({place})" if place else ""
