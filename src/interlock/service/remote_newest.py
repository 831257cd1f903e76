"""Asking a service which versions are the newest; where it does not say, whoever asks looks at the indexes itself."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from interlock.core.lock.model import LockedPackage
from interlock.core.sources.addresses import parts_of
from interlock.core.sources.source import Index, Registry
from interlock.core.versions.version_list import parse_version
from interlock.events import Noted, Warned
from interlock.means import Means
from interlock.service.connection import Connection, Unusable
from interlock.service.newest_protocol import MOST_PACKAGES, NEWEST, AskedPackage, NewestAnswer, NewestRequest
from interlock.service.posting import NotOffered, post

__all__ = ["remote_newest"]

_MOST_BYTES = 16 << 20
"""Of an answer."""


async def remote_newest(
    means: Means, indexes: Sequence[Index], packages: Sequence[tuple[LockedPackage, str]]
) -> dict[tuple[str, str], str]:
    """The newest versions of packages, each given with its cutoff, by name and locked version.

    Those that the service cannot tell are left out, all of them where it is of no use.
    """
    service, request = means.settings.service.url, _request(indexes, packages)
    if service in means.gone or not request.packages:
        return {}
    try:
        return await _ask(means, request)
    except NotOffered as error:
        means.reporter.report(Noted(f"The service {service} tells no newest versions: {error}."))
    except Unusable as error:
        means.gone.add(service)
        text = f"The service {service} was not used: {error}. The indexes were asked instead."
        means.reporter.report(Warned("service-unused", text))
    return {}


def _request(indexes: Sequence[Index], packages: Sequence[tuple[LockedPackage, str]]) -> NewestRequest:
    """Without indexes that are only here, and without logins."""
    names: dict[str, int] = {}
    told: list[Index] = []
    for index in indexes:
        if not index.flat and (not index.url or parts_of(index.url).scheme in {"http", "https"}):
            names[index.name] = len(told)
            told.append(Index(name=index.name, url=index.url))
    asked = [
        AskedPackage(name=package.name, index=names[package.source.index], locked=package.version, cutoff=cutoff)
        for package, cutoff in packages
        if isinstance(package.source, Registry) and package.source.index in names
    ]
    return NewestRequest(indexes=tuple(told), packages=tuple(asked[:MOST_PACKAGES]))


async def _ask(means: Means, request: NewestRequest) -> dict[tuple[str, str], str]:
    data = await post(Connection(means), NEWEST, request, _MOST_BYTES)
    try:
        versions = msgspec.json.decode(data, type=NewestAnswer).versions
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unusable("its answer cannot be read") from error
    if len(versions) != len(request.packages):
        raise Unusable("its answer makes no sense")
    told = [(asked, version) for asked, version in zip(request.packages, versions, strict=True) if version is not None]
    if not all(_is_newer_or_same(version, asked.locked) for asked, version in told):
        raise Unusable("its answer makes no sense")
    return {(asked.name, asked.locked): version for asked, version in told}


def _is_newer_or_same(version: str, locked: str) -> bool:
    try:
        return parse_version(version) >= parse_version(locked)
    except ValueError:
        return False
