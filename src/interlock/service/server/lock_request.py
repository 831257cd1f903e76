"""What a question to ``/v1/locks`` says of who asks, and the indexes of the client as this service has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from interlock.core.relock.revision import RESOLUTION_REVISION
from interlock.core.sources.addresses import BadAddress, parts_of
from interlock.core.sources.source import Index
from interlock.index.defaults import default_index_url
from interlock.service.jobs.work import Reserved
from interlock.service.protocol import Head
from interlock.service.refusals import Refusal, UnknownProtocol
from interlock.service.server.bodies import decode_json
from interlock.service.server.configuration import PYPI, Configuration, ServedIndex

__all__ = ["IndexNotServed", "Mapped", "map_indexes", "read_head", "served_indexes"]


class IndexNotServed(Refusal):
    """The client uses an index that this service has not, or not for it."""

    code = "index-not-served"
    status = 422

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The index `{name[:60]}` is not one of those that this service works with.",
            hint="The client does the work itself. Whoever runs the service can add the index to its configuration.",
            facts={"index": name[:60]},
        )


def read_head(request: bytes) -> Head:
    """What a request says of who asks and of whom. Raises :class:`BadRequest` and :class:`UnknownProtocol`."""
    head = decode_json(request, Head)
    if head.revision != RESOLUTION_REVISION:
        raise UnknownProtocol(f"resolution revision {head.revision}", (f"resolution revision {RESOLUTION_REVISION}",))
    return head


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """A client's indexes as this service has them, by the client's names and in its order."""

    indexes: tuple[Index, ...]
    credentials: dict[str, tuple[str, str]]
    reserved: tuple[Reserved, ...]
    served: frozenset[str]
    """The names that the service has for them."""


def map_indexes(
    asked: Iterable[Index], allowed: Mapping[str, ServedIndex], configuration: Configuration, host: str = ""
) -> Mapped:
    """``host`` is what the client calls this service: its own addresses of an index mean that index too.

    Raises :class:`IndexNotServed`, for one that is unknown and one that is not allowed alike.
    """
    by_address = _by_address(allowed, host)
    names: dict[str, str] = {}
    indexes: list[Index] = []
    credentials: dict[str, tuple[str, str]] = {}
    for index in asked:
        served = by_address.get(_address(index.url)) if not index.flat else None
        if served is None:
            raise IndexNotServed(index.name)
        names[served.name] = index.name
        indexes.append(msgspec.structs.replace(index, url=served.url))
        if served.login is not None:
            credentials[index.name] = (served.login.username, served.login.password)
    reserved = tuple(
        Reserved(pattern, names.get(served.name, "")) for served in configuration.indexes for pattern in served.reserved
    )
    return Mapped(indexes=tuple(indexes), credentials=credentials, reserved=reserved, served=frozenset(names))


def served_indexes(asked: Iterable[Index], allowed: Mapping[str, ServedIndex], host: str = "") -> dict[int, str]:
    """This service's names for a client's indexes, by their places; those that are unknown or not allowed are left."""
    by_address = _by_address(allowed, host)
    found = {}
    for number, index in enumerate(asked):
        served = by_address.get(_address(index.url)) if not index.flat else None
        if served is not None:
            found[number] = served.name
    return found


def _by_address(allowed: Mapping[str, ServedIndex], host: str) -> dict[str, ServedIndex]:
    upstream = [served for served in allowed.values() if served.is_upstream]
    by_address = {
        _address(f"{scheme}://{host}/simple/{served.name}/"): served
        for served in upstream
        for scheme in ("http", "https")
        if not served.uploads
    }
    by_address |= {_address(served.url): served for served in upstream}
    if PYPI.name in allowed:
        # Here it may be known by another address than everywhere.
        by_address[_address(PYPI.url)] = allowed[PYPI.name]
    return by_address


def _address(url: str) -> str:
    """What two ways of writing the address of one index have in common."""
    try:
        parts = parts_of(url or default_index_url())
    except BadAddress:
        return url
    port = "" if (parts.scheme, parts.port) in {("https", 443), ("http", 80)} else str(parts.port or "")
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}{parts.path.rstrip('/')}?{parts.query}"
