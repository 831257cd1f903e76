"""How long the names in an archive may be: what no file system holds is the archive's fault, not the machine's."""

from __future__ import annotations

__all__ = ["length_problem"]

_DEEPEST = 100
_LONGEST = 2048
"""Of a whole path in bytes, half of what systems take: the other half is for the place that it is unpacked to."""
_LONGEST_PART = 255
_PLAIN = 60
"""Letters that are never more than ``_LONGEST_PART`` bytes."""


def length_problem(name: str) -> str:
    """Why an entry's path cannot be written anywhere; empty when it can.

    >>> length_problem("a/b.py"), length_problem("a/" * 200), length_problem("é" * 128)
    ('', 'its folders are nested too deeply', 'a name is too long for a file')
    """
    if len(name) <= _PLAIN:
        return ""
    # tarfile keeps bytes that are no text as surrogates.
    encoded = name.encode("utf-8", "surrogateescape")
    if name.count("/") >= _DEEPEST or len(encoded) > _LONGEST:
        return "its folders are nested too deeply"
    if any(len(part) > _LONGEST_PART for part in encoded.split(b"/")):
        return "a name is too long for a file"
    return ""
