"""Requests to nowhere but where the configuration leads (server-side request forgery).

What the configuration names may be asked as it stands. Files may be elsewhere, where a page says, and an index may
redirect: then only over https, and only to addresses that are everybody's. The address that was judged is the one that
is connected to, whatever DNS says a moment later.
"""

from __future__ import annotations

import ipaddress
import socket
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import anyio
import msgspec

from interlock.core.sources.addresses import parts_of
from interlock.index.fetcher import ANY, Fetcher, FetchFailed, FetchOptions, Response, Sink
from interlock.index.transport import open_fetcher
from interlock.index.urls import origin

__all__ = ["GuardedFetcher", "is_everybodys"]

_MOST_HOSTS = 64
"""Hosts that connections are kept to."""
_REMEMBERED = 60.0
"""Seconds for which the address of a host is taken for granted."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOBODYS = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
"""Networks of examples (RFC 5737, 3849): there is nobody's machine in them, and sandboxes put their way out there."""


class GuardedFetcher:
    """``declared``: addresses of the configuration (``https://index.test/simple/``); their hosts may be private."""

    def __init__(self, options: FetchOptions, declared: Iterable[str]) -> None:
        self._options = options
        self._declared = frozenset(origin(url) for url in declared) - {""}
        self._open = open_fetcher(options)
        self._others: OrderedDict[tuple[str, str], Fetcher] = OrderedDict()
        self._judged: dict[str, tuple[float, str]] = {}

    def __repr__(self) -> str:
        return f"<GuardedFetcher for {sorted(self._declared)} and [{len(self._others)} hosts]>"

    async def get(self, url: str, headers: Mapping[str, str], *, most: int = ANY) -> Response:
        return await (await self._choose(url)).get(url, headers, most=most)

    async def stream(self, url: str, headers: Mapping[str, str], sink: Sink) -> Response:
        return await (await self._choose(url)).stream(url, headers, sink)

    async def close(self) -> None:
        others, self._others = list(self._others.values()), OrderedDict()
        for fetcher in (self._open, *others):
            await fetcher.close()

    async def _choose(self, url: str) -> Fetcher:
        if origin(url) in self._declared:
            return self._open
        host = parts_of(url).hostname or ""
        if not url.lower().startswith("https://"):
            raise FetchFailed("request", f"{host or url} is not in the configuration, and is not asked without https")
        if self._options.https_proxy:
            # Whoever runs the proxy decides what can be reached through it; only plain addresses can be judged here.
            _judge(host, [host] if _is_literal(host) else [])
            return self._open
        address = await self._address(host)
        key = (host, address)
        fetcher = self._others.pop(key, None)
        if fetcher is None:
            fetcher = open_fetcher(msgspec.structs.replace(self._options, addresses=((host, address),)))
        self._others[key] = fetcher
        while len(self._others) > _MOST_HOSTS:
            await self._others.popitem(last=False)[1].close()
        return fetcher

    async def _address(self, host: str) -> str:
        judged = self._judged.get(host)
        if judged is not None and monotonic() < judged[0]:
            return judged[1]
        try:
            found = await anyio.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        except OSError as error:
            raise FetchFailed("connect", f"the address of {host} cannot be found ({error})") from error
        addresses = _addresses(found)
        if not all(map(is_everybodys, addresses)) and not set(addresses) <= await self._declared_addresses():
            _judge(host, addresses)
        if len(self._judged) > _MOST_HOSTS:
            self._judged.clear()
        self._judged[host] = (monotonic() + _REMEMBERED, addresses[0])
        return addresses[0]

    async def _declared_addresses(self) -> set[str]:
        """Where the hosts of the configuration are that have names. Their neighbours at the same address are declared
        with them: who reaches public indexes by way of a machine of the own network finds their files there too."""
        known: set[str] = set()
        for host in {parts_of(url).hostname or "" for url in self._declared}:
            if host and not _is_literal(host):
                with suppress(OSError):
                    known.update(_addresses(await anyio.getaddrinfo(host, 443)))
        return {address for address in known if not _is_this_machine(address)}


def _addresses(found: Iterable[tuple[Any, ...]]) -> list[str]:
    return [str(entry[4][0]).partition("%")[0] for entry in found]


def _is_this_machine(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified


def _judge(host: str, addresses: Iterable[str]) -> None:
    for address in addresses:
        if not is_everybodys(address):
            raise FetchFailed(
                "request", f"{host} is at {address}, which is not a public address and is not in the configuration"
            )


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_everybodys(address: str) -> bool:
    """Whether an IP address is a public one, also as IPv6 carries those of IPv4.

    >>> [is_everybodys(text) for text in ("1.1.1.1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "::1")]
    [True, False, False, False, False]
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inside = parsed.ipv4_mapped or parsed.sixtofour
        if inside is None and parsed in _NAT64:
            inside = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inside is not None:
            parsed = inside
    is_example = any(parsed in network for network in _NOBODYS)
    return (parsed.is_global or is_example) and not parsed.is_multicast
