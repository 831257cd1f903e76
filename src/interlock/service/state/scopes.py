"""Scopes: what a token may do."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from interlock.core.manifests.problems import suggest
from interlock.errors import UsageError

__all__ = ["BadScope", "Scope", "parse_scopes"]


class Scope(StrEnum):
    READ = "read"
    """Pages and files of the indexes."""
    LOCK = "lock"
    """Locks, their events and their cancelling."""
    PUBLISH = "publish"
    """Uploads to the service's own indexes."""
    CACHE_READ = "cache:read"
    CACHE_WRITE = "cache:write"
    """What is written reaches tokens of the same name that write themselves, and nobody else ..."""
    CACHE_PROTECTED = "cache:protected"
    """... but with this one everybody: for jobs of protected branches alone."""
    BUILD = "build"
    ADMIN = "admin"
    """Metrics and what concerns everybody. Includes no other scope."""


class BadScope(UsageError):
    code = "bad-scope"


def parse_scopes(words: Iterable[str]) -> frozenset[Scope]:
    """Scopes by their names. Raises :class:`BadScope`.

    >>> sorted(parse_scopes(["read", "cache:read"]))
    [<Scope.CACHE_READ: 'cache:read'>, <Scope.READ: 'read'>]
    """
    found = set()
    known = [scope.value for scope in Scope]
    for word in words:
        if word not in known:
            raise BadScope(f"`{word[:40]}` is not a scope.{suggest(word, known)}", hint=f"Scopes: {', '.join(known)}.")
        found.add(Scope(word))
    return frozenset(found)
