"""A server of one pack that can be told to be bad at it: wrong bytes, answers that break off, no answers."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from interlock.packs.header import Entry as PackEntry
from interlock.packs.header import encode_header, layed_out
from interlock.service.pack_protocol import PackPlan

__all__ = ["PackServer", "serving_packs"]

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class PackServer:
    """``change`` is given what is sent as an answer to a part (its place and bytes), and gives what is sent instead."""

    def __init__(self, files: dict[str, bytes]) -> None:
        header = layed_out(PackEntry(sha256=sha256, length=len(data)) for sha256, data in files.items())
        self.plan = PackPlan(id="f" * 64, header=header)
        self.head = encode_header(header)
        self.pack = self.head + b"".join(files[entry.sha256] for entry in header.entries)
        self.change: Callable[[int, bytes], bytes] = lambda _, data: data
        self.sent = 0
        self.parts: list[tuple[int, int]] = []
        self.url = ""
        self._guard = threading.Lock()

    def answer(self, first: int, last: int) -> bytes:
        data = self.change(first, self.pack[first : last + 1])
        with self._guard:
            self.sent += len(data)
            self.parts.append((first, first + len(data)))
        return data


@contextlib.contextmanager
def serving_packs(files: dict[str, bytes]) -> Iterator[PackServer]:
    server = PackServer(files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            body = b"\n" + msgspec.json.encode(server.plan)
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            match = _RANGE.fullmatch(self.headers["range"])
            assert match is not None
            first, last = int(match[1]), int(match[2])
            data = server.answer(first, last)
            self.send_response(206)
            self.send_header("content-length", str(last + 1 - first))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(data)
            self.close_connection = len(data) < last + 1 - first

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
