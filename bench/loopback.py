"""Serves the replica from Python: behind nginx it records what is missing; without nginx it serves everything."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.replica import PAGE_KIND, Replica
from bench.traffic import line

__all__ = ["serve_with_python"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    replica: Replica
    hand_back: bool
    """Answer with the name of the file for nginx to serve, instead of its bytes."""
    log: Path
    delay: float

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        relative = self.replica.stored(path)
        if relative is None:
            self._answer(404, b"")
        elif self.hand_back:
            self._answer(200, b"", {"X-Accel-Redirect": f"/stored/{relative}"})
        else:
            time.sleep(self.delay)
            self._file(path, self.replica.folder / relative)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _file(self, path: str, file: Path) -> None:
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "max-age=365000000, immutable, public"}
        is_page = path.startswith("/simple/")
        if is_page:
            headers = {"Content-Type": PAGE_KIND, "Cache-Control": "max-age=600, public"}
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                headers["Content-Encoding"] = "gzip"
                file = file.with_name(file.name + ".gz")
        body, status = file.read_bytes(), 200
        wanted = self.headers.get("Range", "").removeprefix("bytes=")
        if wanted and not is_page:
            first, _, last = wanted.partition("-")
            start = int(first) if first else max(0, len(body) - int(last))
            stop = min(int(last) + 1, len(body)) if first and last else len(body)
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
            body, status = body[start:stop], 206
        self._answer(status, body, headers)
        with self.log.open("a") as log:
            log.write(line(self.command, self.path, status, len(body)))

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """The log is the traffic file."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextlib.contextmanager
def serve_with_python(replica: Replica, log: Path, *, delay: float = 0.0, hand_back: bool = False) -> Iterator[int]:
    """Serve on a free loopback port and give its number."""
    settings = {"replica": replica, "log": log, "delay": delay, "hand_back": hand_back}
    with _Server(("127.0.0.1", 0), type("Handler", (_Handler,), settings)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
