"""An index server from PyPI on loopback (pypiserver), and a proxy that can go wrong at a chosen upload."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.processes import mortal

__all__ = ["LoopbackIndex", "Proxy", "run_index"]

_NAME = re.compile(rb'name="content"; filename="([^"]+)"')


class LoopbackIndex:
    """A running pypiserver."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder
        self.upload_url = f"http://127.0.0.1:{port}/"
        self.simple_url = f"http://127.0.0.1:{port}/simple/"

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def empty(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()


@contextlib.contextmanager
def run_index(folder: Path, *options: str) -> Iterator[LoopbackIndex]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = mortal("pypiserver", "run", "-i", "127.0.0.1", "-p", str(port))
    command += ["--backend", "simple-dir", "--disable-fallback", *(options or ("-P", ".", "-a", ".")), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, "pypiserver ended"
            assert time.monotonic() < deadline, "pypiserver does not answer"
            time.sleep(0.05)
        yield LoopbackIndex(port, folder)
    finally:
        process.terminate()
        process.communicate()


class Proxy:
    """Passes requests on; ``faults`` maps the number of an upload (from 1) or a file's name to what goes wrong:

    ``refuse`` (400), ``forbid`` (403), ``busy`` (503, once), ``drop`` (nothing arrives), ``lose`` (it arrives, the
    answer does not), ``hide`` (it arrives and is never shown), ``moved`` (a redirect). A form without a file is no
    upload; what goes wrong with it is in ``faults`` under its empty name.
    """

    def __init__(self, index: LoopbackIndex) -> None:
        self.index = index
        self.faults: dict[int | str, str] = {}
        self.uploads: list[str] = []
        """Names of the files that arrived, in order."""
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.forms: list[bytes] = []
        self.hidden: set[str] = set()
        self.answers: dict[str, tuple[int, bytes]] = {}
        """Canned answers by path, for what pypiserver does not have."""
        self.count = 0
        self.under_way = 0
        """Uploads that the index has not answered yet; its files may be half written."""
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self.simple_url = f"{self.url}simple/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = self.url.replace("http:", "https:")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        with self._lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self.under_way -= 1

    def fault(self, name: str, body: bytes) -> str:
        with self._lock:
            self.count += bool(name)
            self.forms += [body] if name else []
            for key in (self.count, name) if name else ("",):
                if key in self.faults:
                    return self.faults.pop(key) if self.faults[key] == "busy" else self.faults[key]
            return ""

    def pass_on(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.index.port, timeout=20)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            data = answer.read()
            kept = {key: value for key, value in answer.getheaders() if key.lower() in {"content-type", "location"}}
            return answer.status, kept, data
        finally:
            connection.close()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._note()
            if self.path in proxy.answers:
                self._answer(proxy.answers[self.path][0], {}, proxy.answers[self.path][1])
                return
            status, headers, data = proxy.pass_on("GET", self.path, {}, b"")
            for name in proxy.hidden:
                data = re.sub(rb"<a[^>]*>" + re.escape(name.encode()) + rb"</a>", b"", data)
            self._answer(status, headers, data)

        def do_POST(self) -> None:
            self._note()
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path in proxy.answers:
                self._answer(proxy.answers[self.path][0], {}, proxy.answers[self.path][1])
                return
            found = _NAME.search(body)
            name = found[1].decode() if found else ""
            fault = proxy.fault(name, body)
            canned = {"refuse": (400, b"no"), "forbid": (403, b"not yours"), "busy": (503, b""), "moved": (307, b"")}
            if fault in canned:
                self._answer(canned[fault][0], {"location": "https://elsewhere.test/"}, canned[fault][1])
                return
            if fault == "drop":
                self.close_connection = True
                return
            kept = {key: self.headers[key] for key in ("content-type", "authorization") if key in self.headers}
            with proxy.busy():
                status, headers, data = proxy.pass_on("POST", self.path, kept, body)
            if status == 200 and found:
                proxy.uploads.append(name)
            if fault == "hide":
                proxy.hidden.add(name)
            if fault == "lose":
                self.close_connection = True
                return
            self._answer(status, headers, data)

        def _note(self) -> None:
            headers = {key.lower(): value for key, value in self.headers.items()}
            proxy.requests.append((self.command, self.path, headers))

        def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
