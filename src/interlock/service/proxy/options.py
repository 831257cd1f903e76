"""What is proxied: indexes by name, each with the places its packages come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from interlock.core.sources.source import Index
from interlock.errors import ServiceError
from interlock.index.fetcher import FetchOptions
from interlock.index.urls import is_remote

__all__ = ["BadProxiedIndex", "Origin", "ProxiedIndex", "ProxyOptions", "check_index"]


class BadProxiedIndex(ServiceError):
    """The configuration of an index that is served says what cannot be."""

    code = "bad-proxied-index"

    def __init__(self, name: str, why: str, hint: str) -> None:
        super().__init__(f"The index `{name}` cannot be served: {why}.", hint=hint, facts={"index": name, "why": why})


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """A place that packages come from."""

    index: Index
    """Its name is that of its credentials; no two origins of a service have the same one with different addresses."""
    names: tuple[str, ...] = ()
    """Patterns (``acme-*``) of names that come from here and are asked for at no other place, of any index."""
    others: bool = True
    """Whether it answers for names that nobody claims as well."""


class ProxiedIndex(msgspec.Struct, frozen=True, kw_only=True):
    """What clients know as one index."""

    name: str
    origins: tuple[Origin, ...] = ()
    """In order: the first one that has a package answers for all of it, and one that fails keeps the others unasked."""
    reserved: tuple[str, ...] = ()
    """Patterns of names this index never answers for, and never asks anybody for."""
    takes_uploads: bool = False
    own_names: tuple[str, ...] = ()
    """Patterns of names that may be uploaded; with origins there has to be one, or an upload could take the place of
    any package."""


class ProxyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the proxy is told."""

    indexes: tuple[ProxiedIndex, ...]
    credentials: Mapping[str, tuple[str, str]] = {}
    """User and password by the name of an origin's index."""
    own_packages: Path | None = None
    """The directory of uploaded files; None takes no uploads."""
    hosts: tuple[str, ...] = ()
    """Further addresses (``https://files.test``) that files may be on though they are private or not https."""
    fresh_for: float = 10.0
    """Seconds for which a page is good whatever its index says."""
    rest: float = 10.0
    """Seconds for which a host that failed is left alone, unless it asks for more."""
    offline: bool = False
    """Answer from what is stored, and ask nobody."""
    per_host: int = 50
    upload_size: int = 1 << 30
    """Bytes of an upload."""
    fetch: FetchOptions = FetchOptions(connect_timeout=5.0, read_timeout=10.0)
    """Shorter than clients wait, so that they get an answer that is old rather than none."""


def check_index(index: ProxiedIndex, *, has_folder: bool) -> None:
    """Raises :class:`BadProxiedIndex`."""
    for origin in index.origins:
        if not is_remote(origin.index.url) or origin.index.flat:
            why = f"its origin `{origin.index.name}` is not the simple API of an index on http or https"
            raise BadProxiedIndex(index.name, why, "Give the URL of a simple API; it often ends in /simple/.")
    if index.takes_uploads and not has_folder:
        raise BadProxiedIndex(index.name, "it takes uploads, and there is no place for them", "Name a directory.")
    if index.takes_uploads and index.origins and not index.own_names:
        why = "it takes uploads beside packages of other indexes, and does not say of which names"
        raise BadProxiedIndex(index.name, why, "Give patterns of the names that are yours, such as `acme-*`.")
    if not index.takes_uploads and not index.origins:
        raise BadProxiedIndex(index.name, "nothing can be in it", "Give it an origin, or let it take uploads.")
