"""Who asks, by way of proxies: what they say is believed of those that are trusted, and of nobody else."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from starlette.types import Receive, Scope, Send

from interlock.service.server.proxies import Forwarded

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("10.0.0.1", "unknown", "unknown"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("203.0.113.9", "10.0.0.2", "203.0.113.9"),
        ("", "10.0.0.2", ""),
    ],
)
async def test_a_client_is_the_last_address_that_no_proxy_vouches_for(peer: str, header: str, client: str) -> None:
    assert (await seen(peer, [(b"x-forwarded-for", header.encode())]))["client"][0] == client


@pytest.mark.parametrize(
    ("peer", "proto", "scheme"),
    [("10.0.0.1", "https", "https"), ("10.0.0.1", "gopher", "http"), ("203.0.113.9", "https", "http")],
)
async def test_a_scheme_is_that_of_the_trusted_proxy(peer: str, proto: str, scheme: str) -> None:
    assert (await seen(peer, [(b"x-forwarded-proto", proto.encode())]))["scheme"] == scheme


async def seen(peer: str, headers: list[tuple[bytes, bytes]]) -> Scope:
    """What the application sees of a request."""
    found: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        found.append(scope)

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    scope: Scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers}
    await Forwarded(app, TRUSTED)(scope, nothing, nothing)  # type: ignore[arg-type]
    return found[0]
