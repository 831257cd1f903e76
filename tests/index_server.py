"""A package index on loopback: real HTTP, real files, and every way an index can misbehave.

Serves the simple API as HTML and JSON (PEP 503, 691, 700), metadata files (PEP 658, 714), yanked files (PEP 592),
project status (PEP 792), byte ranges, ETags and basic authentication.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit

import msgspec

from tests.registry import Registry, Release, normalized

__all__ = ["Behaviour", "Fault", "IndexServer", "Request", "serve"]

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """How the index answers when nothing is wrong."""

    html_only: bool = False
    """Answer text/html whatever is accepted."""
    metadata_files: bool = True
    """Advertise and serve PEP 658 metadata files."""
    ranges: bool = True
    delay: float = 0.0
    tls: ssl.SSLContext | None = None
    """Seconds before each answer."""
    layout: str = "files/{sha256}/{filename}"
    """Where files are, below the server's root; may name {name}, {filename}, {sha256}."""
    absolute_urls: bool = False
    """Write full URLs on pages instead of relative ones."""
    credentials: tuple[str, str] | None = None
    """User and password asked for every path."""
    upload_times: bool = True
    etags: bool = True
    cache_control: str | None = "max-age=0"
    simple: str = "simple"
    """Path of the simple API, below the server's root."""


class Fault(msgspec.Struct, kw_only=True):
    """Something wrong with the answers for paths that contain ``where``."""

    where: str
    kind: Literal["status", "garbage", "cut", "reset", "body", "delay", "long", "short", "stall", "flip", "drip"]
    """``long`` promises more than it sends and ``short`` less, ``stall`` waits half way through and goes, ``flip`` has
    one wrong byte, ``drip`` sends piece by piece."""
    times: int
    """How many requests it hits; -1 for all."""
    status: int = 503
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the request log."""

    method: str
    path: str
    status: int
    sent: int
    """Bytes of body."""
    headers: dict[str, str]
    """Names in lower case."""


class Answer(msgspec.Struct, kw_only=True):
    status: int = 200
    body: bytes = b""
    kind: str = "application/octet-stream"
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    fault: Fault | None = None
    """What goes wrong while the body is sent."""

    @property
    def body_sent(self) -> bytes:
        return self.body[: len(self.body) // 2] if self.fault and self.fault.kind in {"cut", "stall"} else self.body


class IndexServer:
    """A running index. ``url`` is the address of its simple API, with a trailing slash."""

    def __init__(self, registry: Registry, behaviour: Behaviour) -> None:
        self.registry = registry
        self.behaviour = behaviour
        self.requests: list[Request] = []
        self.busiest = 0
        """The most requests that were being answered at the same time."""
        self._busy = 0
        self.faults: list[Fault] = []
        self.draw: Callable[[str], Fault | None] = lambda path: None
        """What goes wrong with a path where none of ``faults`` hits it."""
        self.root = ""
        self._guard = threading.Lock()

    def __repr__(self) -> str:
        return f"<IndexServer {self.root} [{len(self.requests)} requests, {len(self.faults)} faults]>"

    @property
    def url(self) -> str:
        return f"{self.root}/{self.behaviour.simple}/"

    def url_with_credentials(self, user: str, password: str) -> str:
        return self.url.replace("://", f"://{quote(user)}:{quote(password)}@", 1)

    def paths(self, containing: str = "") -> list[str]:
        """The paths asked for, in order."""
        return [request.path for request in self.requests if containing in request.path]

    def forget(self) -> None:
        """Empty the request log."""
        self.requests.clear()

    def fail(self, where: str, status: int = 503, *, times: int = -1, headers: dict[str, str] | None = None) -> None:
        """Answer with a status for the next ``times`` requests of a path that contains ``where``."""
        self.faults.append(Fault(where=where, kind="status", times=times, status=status, headers=headers or {}))

    def garble(self, where: str, *, times: int = -1) -> None:
        """Answer 200 with bytes that are neither JSON nor HTML nor an archive."""
        self.faults.append(Fault(where=where, kind="garbage", times=times))

    def cut(self, where: str, *, times: int = -1) -> None:
        """Close half way through the body."""
        self.faults.append(Fault(where=where, kind="cut", times=times))

    def reset(self, where: str, *, times: int = -1) -> None:
        """Close without an answer."""
        self.faults.append(Fault(where=where, kind="reset", times=times))

    def replace(self, where: str, body: bytes, *, kind: str = JSON, times: int = -1) -> None:
        """Answer with these bytes."""
        headers = {"Content-Type": kind}
        self.faults.append(Fault(where=where, kind="body", times=times, body=body, headers=headers))

    def slow(self, where: str, seconds: float, *, times: int = -1) -> None:
        """Wait before the answer."""
        self.faults.append(Fault(where=where, kind="delay", times=times, seconds=seconds))

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """While a request is answered."""
        with self._guard:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        try:
            yield
        finally:
            with self._guard:
                self._busy -= 1

    def take_fault(self, path: str) -> Fault | None:
        with self._guard:
            for fault in self.faults:
                if fault.where in path and fault.times != 0:
                    fault.times -= fault.times > 0
                    return fault
            return self.draw(path)

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        """What a correct index says to a GET."""
        if not self._is_allowed(headers):
            challenge = {"WWW-Authenticate": 'Basic realm="index"'}
            return Answer(status=401, body=b"authentication required", kind="text/plain", headers=challenge)
        parts = [part for part in unquote(path).split("/") if part]
        simple = [part for part in self.behaviour.simple.split("/") if part]
        if parts[: len(simple)] == simple and len(parts) <= len(simple) + 1:
            return self._listing(headers) if len(parts) == len(simple) else self._page(parts[-1], headers)
        return self._file(unquote(path).lstrip("/"), headers)

    def _is_allowed(self, headers: dict[str, str]) -> bool:
        if self.behaviour.credentials is None:
            return True
        expected = base64.b64encode(":".join(self.behaviour.credentials).encode()).decode()
        return headers.get("authorization") == f"Basic {expected}"

    def _wants_json(self, headers: dict[str, str]) -> bool:
        return not self.behaviour.html_only and "json" in headers.get("accept", "")

    def _html_kind(self, headers: dict[str, str]) -> str:
        return HTML if HTML in headers.get("accept", "") and not self.behaviour.html_only else "text/html"

    def _listing(self, headers: dict[str, str]) -> Answer:
        names = self.registry.names()
        if self._wants_json(headers):
            body = {"meta": {"api-version": "1.4"}, "projects": [{"name": name} for name in names]}
            return self._text(json.dumps(body), JSON, headers)
        links = "".join(f'<a href="{name}/">{name}</a>\n' for name in names)
        return self._text(f"<!DOCTYPE html><html><body>{links}</body></html>", self._html_kind(headers), headers)

    def _page(self, name: str, headers: dict[str, str]) -> Answer:
        if normalized(name) not in self.registry:
            return Answer(status=404, body=b"no such project", kind="text/plain")
        releases = self.registry.releases(name)
        if not self._wants_json(headers):
            return self._text(self._html_page(name, releases), self._html_kind(headers), headers)
        files: list[dict[str, object]] = [self._entry(release) for release in releases]
        files += self.registry.raw.get(normalized(name), [])
        versions = list(dict.fromkeys(release.built.version for release in releases))
        page: dict[str, Any] = {"meta": {"api-version": "1.4"}, "name": normalized(name), "versions": versions}
        page["files"] = files
        if normalized(name) in self.registry.statuses:
            page["project-status"] = {"status": self.registry.statuses[normalized(name)]}
        return self._text(json.dumps(page), JSON, headers)

    def _entry(self, release: Release) -> dict[str, object]:
        entry: dict[str, object] = {
            "filename": release.filename,
            "url": self.file_url(release),
            "hashes": release.told_hashes,
            "size": len(release.built.data),
            "yanked": release.yanked,
        }
        if release.built.requires_python:
            entry["requires-python"] = release.built.requires_python
        if release.upload_time and self.behaviour.upload_times:
            entry["upload-time"] = release.upload_time
        if self._has_metadata(release):
            entry["core-metadata"] = {"sha256": release.built.metadata_sha256}
        return entry

    def _html_page(self, name: str, releases: list[Release]) -> str:
        lines = [f"<!DOCTYPE html><html><head><title>Links for {name}</title></head><body>"]
        for release in releases:
            digests = "&amp;".join(f"{name}={digest}" for name, digest in release.told_hashes.items())
            attributes = f'href="{html.escape(self.file_url(release))}{digests and "#"}{digests}"'
            if release.built.requires_python:
                attributes += f' data-requires-python="{html.escape(release.built.requires_python)}"'
            if release.yanked is not False:
                reason = "" if release.yanked is True else html.escape(release.yanked)
                attributes += f' data-yanked="{reason}"'
            if self._has_metadata(release):
                attributes += f' data-core-metadata="sha256={release.built.metadata_sha256}"'
            lines.append(f"<a {attributes}>{release.filename}</a><br/>")
        return "\n".join([*lines, "</body></html>"])

    def _has_metadata(self, release: Release) -> bool:
        return self.behaviour.metadata_files and release.metadata and release.built.is_wheel

    def file_path(self, release: Release) -> str:
        """Where a file is, below the server's root."""
        return self.behaviour.layout.format(
            name=normalized(release.built.name), filename=release.filename, sha256=release.built.sha256
        )

    def file_url(self, release: Release) -> str:
        """The link a project page shows."""
        path = quote(self.file_path(release))
        if self.behaviour.absolute_urls:
            return f"{self.root}/{path}"
        return "../" * (self.behaviour.simple.count("/") + 2) + path

    def _file(self, path: str, headers: dict[str, str]) -> Answer:
        filename = path.rsplit("/", 1)[-1]
        release = self.registry.find(filename.removesuffix(".metadata"))
        if release is None or path.removesuffix(".metadata") != self.file_path(release):
            return Answer(status=404, body=b"no such file", kind="text/plain")
        if filename.endswith(".metadata"):
            if not self._has_metadata(release):
                return Answer(status=404, body=b"no metadata file", kind="text/plain")
            return self._bytes(release.built.metadata, headers)
        return self._bytes(release.built.data, headers)

    def _text(self, text: str, kind: str, headers: dict[str, str]) -> Answer:
        answer = Answer(body=text.encode(), kind=kind, headers={"Vary": "Accept"})
        if self.behaviour.cache_control:
            answer.headers["Cache-Control"] = self.behaviour.cache_control
        if self.behaviour.etags:
            etag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
            answer.headers["ETag"] = etag
            if headers.get("if-none-match") == etag:
                answer.status, answer.body = 304, b""
        return answer

    def _bytes(self, data: bytes, headers: dict[str, str]) -> Answer:
        answer = Answer(body=data)
        if not self.behaviour.ranges:
            return answer
        answer.headers["Accept-Ranges"] = "bytes"
        wanted = headers.get("range", "")
        if not wanted.startswith("bytes="):
            return answer
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(data) - int(last))
        stop = min(int(last) + 1, len(data)) if first and last else len(data)
        if start >= len(data):
            return Answer(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
        answer.status, answer.body = 206, data[start:stop]
        answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
        return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    index: IndexServer

    def do_GET(self) -> None:
        with self.index.counted():
            self._respond(with_body=True)

    def do_HEAD(self) -> None:
        self._respond(with_body=False)

    def _respond(self, *, with_body: bool) -> None:
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self.index.take_fault(path)
        pause = self.index.behaviour.delay + (fault.seconds if fault else 0.0)
        if pause:
            time.sleep(pause)
        if fault is not None and fault.kind == "reset":
            self._log(Answer(status=0), path, headers)
            self.close_connection = True
            return
        answer = _apply(fault, self.index.answer(path, headers))
        self._log(answer, path, headers)
        self._send(answer, with_body=with_body)

    def _log(self, answer: Answer, path: str, headers: dict[str, str]) -> None:
        sent = len(answer.body) if self.command == "GET" else 0
        self.index.requests.append(
            Request(method=self.command, path=path, status=answer.status, sent=sent, headers=headers)
        )

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        kind = answer.fault.kind if answer.fault else ""
        self.send_response(answer.status)
        if answer.status != 304:
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(_told_length(answer)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body and kind == "drip":
            self._drip(answer)
        elif with_body:
            self.wfile.write(answer.body_sent)
        if kind == "stall" and answer.fault:
            self.wfile.flush()
            time.sleep(answer.fault.seconds)
        if kind in {"cut", "stall", "long", "short"}:
            self.close_connection = True

    def _drip(self, answer: Answer) -> None:
        pieces = 8
        size = len(answer.body) // pieces + 1
        for number in range(pieces):
            self.wfile.write(answer.body[number * size : (number + 1) * size])
            self.wfile.flush()
            time.sleep(answer.fault.seconds / pieces if answer.fault else 0.0)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the log is ``IndexServer.requests``."""


def _told_length(answer: Answer) -> int:
    kind, length = answer.fault.kind if answer.fault else "", len(answer.body)
    return length + 1 if kind == "long" else length // 2 if kind == "short" else length


def _apply(fault: Fault | None, answer: Answer) -> Answer:
    if fault is None or fault.kind == "delay":
        return answer
    if fault.kind == "status":
        return Answer(status=fault.status, body=b"as told", kind="text/plain", headers=dict(fault.headers))
    if fault.kind in {"cut", "stall", "long", "short", "drip"}:
        answer.fault = fault
        return answer
    if fault.kind == "flip":
        whole, middle = answer.body, len(answer.body) // 2
        answer.body = whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 1]) + whole[middle + 1 :]
        return answer
    headers = dict(fault.headers)
    kind = headers.pop("Content-Type", answer.kind)
    return Answer(body=fault.body if fault.kind == "body" else b"\x00\xff{<garbage", kind=kind, headers=headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[_Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of several tests."""

    def drop_connections(self) -> None:
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def serve(registry: Registry, behaviour: Behaviour | None = None) -> Iterator[IndexServer]:
    """Serve a registry on a free loopback port until the block ends."""
    index = IndexServer(registry, behaviour or Behaviour())
    handler = type("Handler", (_Handler,), {"index": index})
    with _Server(handler) as server:
        tls = index.behaviour.tls
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        index.root = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            server.drop_connections()
            thread.join()
