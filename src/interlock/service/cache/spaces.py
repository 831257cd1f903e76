"""Spaces: whose writes reach whom (CVE-2025-36852 is what happens without: a pull request writes what a release reads).

What a token with ``cache:protected`` writes is in one space, which all read. What any other token writes is in a space
of the token's name, which tokens of that name alone read, after the protected one, and only those that write there
themselves. So what a pull request's token writes reaches pull requests.
"""

from __future__ import annotations

import hashlib

import msgspec

from interlock.service.state.retention import UNPROTECTED
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import Token

__all__ = ["PROTECTED", "Spaces", "spaces_of"]

PROTECTED = "protected"
_OWN = UNPROTECTED.removeprefix(".")


class Spaces(msgspec.Struct, frozen=True):
    reads: tuple[str, ...]
    """In the order in which they are looked into."""
    writes: str
    """Said of every token; whether it may write at all, its scopes say."""


def spaces_of(token: Token) -> Spaces:
    if Scope.CACHE_PROTECTED in token.scopes:
        return Spaces((PROTECTED,), PROTECTED)
    own = f"{_OWN}{hashlib.sha256(token.name.encode()).hexdigest()[:32]}"
    return Spaces((PROTECTED, own) if Scope.CACHE_WRITE in token.scopes else (PROTECTED,), own)
