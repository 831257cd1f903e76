"""Who is asked for a package: decided by its name alone, before anything is looked up. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index
from interlock.service.proxy.options import Origin, ProxiedIndex, ProxyOptions

__all__ = ["Choice", "Choices", "is_named"]


class Choice(msgspec.Struct, frozen=True):
    """Where a package may come from. Nowhere, and ``reserved``, is an answer that says nothing of the package."""

    origins: tuple[Index, ...] = ()
    own: bool = False
    reserved: bool = False


class Choices:
    """The decisions of all indexes of a service: a name that one place claims is asked for at no other."""

    def __init__(self, options: ProxyOptions) -> None:
        self._claims: list[tuple[tuple[str, ...], str]] = []
        for index in options.indexes:
            self._claims += [(origin.names, _place(origin)) for origin in index.origins if origin.names]
            if index.own_names:
                self._claims.append((index.own_names, _own_place(index)))

    def __repr__(self) -> str:
        return f"<Choices [{len(self._claims)} claims]>"

    def claimed(self, name: NormalizedName) -> set[str]:
        """The places that a name comes from, and from no other; empty where nobody says so."""
        return {place for patterns, place in self._claims if is_named(patterns, name)}

    def are_free(self, index: ProxiedIndex) -> bool:
        """Whether every name may be asked for at every origin of an index."""
        return not self._claims and not index.reserved and not index.takes_uploads

    def of(self, index: ProxiedIndex, name: NormalizedName) -> Choice:
        """Who may be asked for a name on an index."""
        if is_named(index.reserved, name):
            return Choice(reserved=True)
        claimed = self.claimed(name)
        origins = [origin for origin in index.origins if not claimed or _place(origin) in claimed]
        if any(is_named(origin.names, name) for origin in origins):
            origins = [origin for origin in origins if is_named(origin.names, name)]
        elif not claimed:
            origins = [origin for origin in origins if origin.others]
        own = index.takes_uploads and (_own_place(index) in claimed if claimed else not index.own_names)
        found = Choice(origins=tuple(origin.index for origin in origins), own=own)
        return found if origins or own or not claimed else Choice(reserved=True)


def is_named(patterns: Iterable[str], name: NormalizedName) -> bool:
    """Whether a pattern means a name; ``*`` stands for anything.

    >>> from interlock.core.names import normalize_name
    >>> is_named(["Acme_*"], normalize_name("acme.web")), is_named(["acme"], normalize_name("acme-web"))
    (True, False)
    """
    return any(_compiled(pattern).fullmatch(name) for pattern in patterns)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (re.escape(re.sub(r"[-_.]+", "-", part).lower()) for part in pattern.split("*"))
    return re.compile(".*".join(parts))


def _place(origin: Origin) -> str:
    return origin.index.url.rstrip("/")


def _own_place(index: ProxiedIndex) -> str:
    return f"own {index.name}"
