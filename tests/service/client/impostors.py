"""Services that are none: what a client meets when something is wrong."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Say", "answering", "black_hole", "frames", "refusing", "status"]

Say = Callable[[BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def answering(say: Say, bodies: list[bytes] | None = None) -> Iterator[tuple[str, list[str]]]:
    """A server of which every answer is what ``say`` writes; its address and the paths that were asked for.

    What is sent to it is added to ``bodies``.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_POST(self) -> None:
            asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if bodies is not None:
                bodies.append(body)
            with contextlib.suppress(OSError):
                say(self)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def frames(*lines: bytes, pause: float = 0.0, then: float = 0.0) -> Say:
    """An answer that begins well: these lines, with so many seconds between them and after the last."""

    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-ndjson")
        handler.end_headers()
        for line in lines:
            handler.wfile.write(line + b"\n")
            handler.wfile.flush()
            time.sleep(pause)
        time.sleep(then)

    return say


def status(number: int, body: bytes = b"", **headers: str) -> Say:
    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(number)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return say


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """An address that takes connections and says nothing, ever."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
