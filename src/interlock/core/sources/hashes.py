"""Hashes that stand beside the address of a file: in a page's table, or in a URL's fragment (PEP 503, PEP 691, pip).

They are kept as one canonical text, ``md5=<hex>&sha512=<hex>``, sorted; empty when there is none that can be checked.
All of them have to be right, since each was written down by somebody who meant it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = ["ALGORITHMS", "as_text", "in_fragment", "pairs"]

ALGORITHMS = frozenset(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake"))
"""What a hash may be made by, as pages and URLs call it; SHAKE has no fixed length, so it promises nothing."""


def as_text(hashes: Iterable[tuple[str, str]]) -> str:
    """The canonical text of pairs of algorithm and hexadecimal digest; unknown algorithms and empty digests are left
    out.

    >>> as_text([("SHA512", "AB"), ("md5", "cd"), ("crc", "00"), ("sha1", "")])
    'md5=cd&sha512=ab'
    """
    known = {f"{name}={digest}" for name, digest in ((n.lower(), d.lower()) for n, d in hashes) if name in ALGORITHMS}
    return "&".join(sorted(pair for pair in known if not pair.endswith("=")))


def in_fragment(fragment: str) -> str:
    """The hashes that a URL's fragment tells, beside ``egg`` and ``subdirectory``.

    >>> in_fragment("egg=a&SHA256=AB")
    'sha256=ab'
    """
    return as_text((key, value) for key, _, value in (part.partition("=") for part in fragment.split("&")))


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Algorithms and digests of a canonical text."""
    return tuple((name, digest) for name, _, digest in (part.partition("=") for part in text.split("&")) if name)
