"""Text that others wrote, made fit for a sentence of ours."""

from __future__ import annotations

__all__ = ["one_line"]

_MOST = 300


def one_line(text: str, most: int = _MOST) -> str:
    """The text without line breaks and control characters, and of a length that can be read.

    >>> one_line(" broken;\\n\\nhint: run this\\x1b[2J ")
    'broken; hint: run this [2J'
    """
    cut = text[: most * 4]
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in cut).split())
    return plain if len(plain) <= most and len(cut) == len(text) else f"{plain[:most]}…"
