"""Who asks by way of a proxy: ``X-Forwarded-For`` and ``-Proto``, believed of the networks that are trusted, and of
nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from interlock.service.server.access import header_of

__all__ = ["Forwarded"]

Networks = Sequence[IPv4Network | IPv6Network]


class Forwarded:
    def __init__(self, app: ASGIApp, trusted: Networks) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._trusted and scope["type"] == "http":
            host, port = scope.get("client") or ("", 0)
            if _is_in(host, self._trusted):
                scope["client"] = (self._first_untrusted(header_of(scope, b"x-forwarded-for"), host), port)
                proto = header_of(scope, b"x-forwarded-proto").decode("latin-1").strip().lower()
                if proto in {"http", "https"}:
                    scope["scheme"] = proto
        await self._app(scope, receive, send)

    def _first_untrusted(self, header: bytes, host: str) -> str:
        """The last address that no trusted proxy vouches for; what stands left of it anybody may have written."""
        for text in reversed([part.strip() for part in header.decode("latin-1").split(",") if part.strip()]):
            host = text[:64]
            if not _is_in(text, self._trusted):
                break
        return host


def _is_in(host: str, networks: Networks) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in networks)
