"""Wildcards as expressions that never go back over what they matched: a pattern of many stars costs no more than one.

Between two stars it is always right to take the first place where the text between them is found, since the second star
takes whatever the first one leaves; so everything but the end is matched once and for all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["compile_parts"]

_ANY, _INSIDE = ".*", "[^/]*"
_LEVELS = "(?:[^/]++/)*"


def compile_parts(parts: Sequence[str], *, crossing: bool = False) -> re.Pattern[str]:
    """An expression for whole paths, of a pattern's parts; ``**`` is any number of parts.

    With ``crossing``, ``*`` matches across ``/`` too.
    """
    star = _ANY if crossing else _INSIDE
    blocks: list[list[str]] = [[]]
    for position, part in enumerate(parts):
        if part == "**" and position < len(parts) - 1:
            if blocks[-1] or len(blocks) == 1:
                blocks.append([])
        else:
            blocks[-1].append(part)
    text = ""
    for position, block in enumerate(blocks):
        last = position == len(blocks) - 1
        inner = _block(block, star, last=last)
        if position and last:
            text += _LEVELS + inner
        elif position:
            text += f"(?>{_LEVELS}?{inner})"
        else:
            text += inner
    return re.compile(text or r"\.", re.DOTALL)


def _block(parts: list[str], star: str, *, last: bool) -> str:
    """Parts without ``**`` between them; only the end of the whole pattern may go back."""
    if not parts:
        return ""
    open_end = last and parts[-1] == "**"
    if open_end:
        parts = parts[:-1]
    first, *others = _pieces("/".join(parts) + ("/" if parts and (open_end or not last) else ""))
    if not others:
        return first + (_ANY if open_end else "")
    fixed = "".join(f"(?>{star}?{piece})" for piece in (others[:-1] if last and not open_end else others))
    return first + fixed + (_ANY if open_end else f"{star}{others[-1]}" if last else "")


def _pieces(part: str) -> list[str]:
    """What stands between the stars, as expressions."""
    found, position = [""], 0
    while position < len(part):
        letter = part[position]
        position += 1
        if letter == "*":
            found.append("")
        elif letter == "?":
            found[-1] += "[^/]"
        elif letter == "[" and (end := part.find("]", position + 1)) != -1:
            found[-1] += _set(part[position:end])
            position = end + 1
        else:
            found[-1] += re.escape(letter)
    return found


def _set(inner: str) -> str:
    if inner in {"!", "^"}:
        return re.escape(f"[{inner}]")
    negated = inner[0] in "!^"
    escaped = re.sub(r"([\\&~|\[\]^])", r"\\\1", inner[1:] if negated else inner)
    text = f"[{'^' if negated else ''}{escaped}]"
    try:
        re.compile(text)
    except re.error:
        # A range that ends before it begins; the characters then stand for themselves.
        return re.escape(f"[{inner}]")
    return text
