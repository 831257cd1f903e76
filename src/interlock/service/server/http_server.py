"""The HTTP server: granian, in this process and on this event loop, with a socket that was opened already."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.embed import Server
from starlette.types import ASGIApp

from interlock.service.server.configuration import Configuration

__all__ = ["HttpServer"]

_SERVER: Any = Server
_HOLDER: Any = SocketHolder
"""Neither is typed as it is."""
_BACKLOG = 1024
_CONNECTIONS = 8192
"""At once; more wait until one ends."""
_LEAST_HEADERS = 8192
"""What the parser needs in any case."""


class HttpServer:
    """Serves an application until it is told to stop; requests that are under way then get their answers first."""

    def __init__(self, app: ASGIApp, opened: socket.socket, configuration: Configuration) -> None:
        limits, tls = configuration.limits, configuration.tls
        headers = max(_LEAST_HEADERS, limits.max_header_bytes)
        self._opened = opened
        self._server = _SERVER(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.auto,
            websockets=False,
            backlog=_BACKLOG,
            backpressure=_CONNECTIONS,
            http1_settings=HTTP1Settings(header_read_timeout=limits.idle_seconds * 1000, max_buffer_size=headers),
            http2_settings=HTTP2Settings(max_headers_size=headers, keep_alive_interval=limits.idle_seconds * 1000),
            log_enabled=False,
            ssl_cert=Path(tls.certificate) if tls is not None else None,
            ssl_key=Path(tls.key) if tls is not None else None,
        )
        # It would open a socket itself, of a port that it then does not tell.
        self._server._init_shared_socket = self._take_socket

    def __repr__(self) -> str:
        return f"<HttpServer {self._opened!r}>"

    async def serve(self) -> None:
        await self._server.serve()

    def stop(self) -> None:
        self._server.stop()

    def _take_socket(self) -> None:
        # What it is given it closes itself.
        holder = _HOLDER(os.dup(self._opened.fileno()), _is_unix(self._opened), _BACKLOG)
        self._server._ssp, self._server._shd, self._server._sfd = None, holder, holder.get_fd()


def _is_unix(opened: socket.socket) -> bool:
    return opened.family == getattr(socket, "AF_UNIX", None)
