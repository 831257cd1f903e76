"""A stock server of Bazel's HTTP cache protocol, which takes and gives whatever it is asked; and what can go wrong."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["CacheServer", "Fault", "cache_server"]

Fault = Callable[["CacheServer", BaseHTTPRequestHandler], None]
"""Answers in place of the server."""


class CacheServer:
    """``asked`` are methods and paths; ``fault`` answers instead while there is one."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.sent: list[dict[str, str]] = []
        self.fault: Fault | None = None
        self.url = ""

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """As the protocol has it."""
        if handler.command == "PUT":
            self.kept[handler.path] = _body(handler)
            say(handler, 200)
        elif handler.command == "POST":
            _body(handler)
            say(handler, 404)
        elif handler.path in self.kept:
            say(handler, 200, self.kept[handler.path])
        else:
            say(handler, 404)


def say(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", size: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if size is None else size))
    handler.end_headers()
    handler.wfile.write(body)


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    return handler.rfile.read(int(handler.headers["Content-Length"]))


@contextlib.contextmanager
def cache_server() -> Iterator[CacheServer]:
    cache = CacheServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            cache.asked.append((self.command, self.path))
            cache.sent.append({name.lower(): value for name, value in self.headers.items()})
            with contextlib.suppress(OSError):
                (cache.serve if cache.fault is None else lambda handler: cache.fault(cache, handler))(self)

        do_PUT = do_POST = do_GET  # noqa: N815 - the names are the library's

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    cache.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield cache
    finally:
        server.shutdown()
        server.server_close()


def slow(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    time.sleep(10)
    cache.serve(handler)


def dripping(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    say(handler, 200, size=1_000_000)
    for _ in range(300):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.03)


def half(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    """Half of it, and then the end of the connection."""
    body = cache.kept.get(handler.path, b"x" * 100)
    say(handler, 200, body[: len(body) // 2], len(body))
    handler.close_connection = True


def half_and_silence(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    body = cache.kept.get(handler.path, b"x" * 100)
    say(handler, 200, body[: len(body) // 2], len(body))
    handler.wfile.flush()
    time.sleep(10)


def wrong(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    body = bytearray(cache.kept.get(handler.path, b"x" * 100))
    body[-3] ^= 1
    say(handler, 200, bytes(body))


def wrong_files(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    if handler.path.startswith("/cas/"):
        wrong(cache, handler)
    else:
        cache.serve(handler)


def no_files(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    """The files were dropped and what names them was not."""
    if handler.path.startswith("/cas/"):
        say(handler, 404)
    else:
        cache.serve(handler)


def endless(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    say(handler, 200, size=1 << 40)
    while True:
        handler.wfile.write(b"x" * 1_000_000)


def answering(status: int) -> Fault:
    def answer(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "PUT":
            _body(handler)
        say(handler, status, b"no")

    return answer


def busy_at_first(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    """Every address has to be asked for twice."""
    if cache.asked.count((handler.command, handler.path)) % 2:
        answering(429)(cache, handler)
    else:
        cache.serve(handler)


def hanging_up(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def full(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    if handler.command == "PUT":
        _body(handler)
        say(handler, 507)
    else:
        cache.serve(handler)


def not_for_writing(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    if handler.command == "PUT":
        _body(handler)
        say(handler, 403)
    else:
        cache.serve(handler)


def deaf(cache: CacheServer, handler: BaseHTTPRequestHandler) -> None:
    """Gives, and takes nothing of what is sent."""
    if handler.command == "PUT":
        time.sleep(10)
    else:
        cache.serve(handler)
