"""Clients that are slow, stop, or send half of what they announced: what they get, and that nobody waits for them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.running import RunningService, running_service
from tests.wheels import make_wheel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def test_requests_that_are_under_way_are_answered_before_it_ends(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        service.started()
        sender = _SlowSender(service)
        service.send(signal.SIGTERM)
        service.event("draining")
        with service.client() as client:
            refused = client.get("/not/there")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "draining")
            assert client.get("/ready").status_code == 503
        assert service.process.poll() is None
        assert sender.finish().startswith("HTTP/1.1 400 ")
        assert service.process.wait(timeout=20) == 0
        service.event("ended")


def test_who_says_it_twice_does_not_wait(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        service.started()
        sender = _SlowSender(service)
        service.send(signal.SIGTERM)
        service.event("draining")
        begun = time.monotonic()
        service.send(signal.SIGINT)
        assert service.process.wait(timeout=20) == 0
        assert time.monotonic() - begun < 10
        assert service.event("cut")["requests"] == 1
        sender.close()


class _SlowSender:
    """A request whose body has not come to its end."""

    def __init__(self, service: RunningService) -> None:
        host, _, port = service.url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=20)
        head = f"POST /v1/locks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.token}\r\nContent-Length: 4\r\n"
        self._socket.sendall(f"{head}\r\nab".encode())
        with service.client(service.make_token("--scope", "admin")) as client:
            end = time.monotonic() + 10
            while "interlock_requests_under_way 2.0" not in client.get("/metrics").text:
                assert time.monotonic() < end
                time.sleep(0.02)

    def finish(self) -> str:
        self._socket.sendall(b"cd")
        answer = self._socket.recv(1000).decode()
        self.close()
        return answer

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def impatient(tmp_path: Path) -> Iterator[RunningService]:
    """A service that waits for one second, and one kilobyte in each."""
    file = tmp_path / "service.toml"
    file.write_text("[limits]\nidle-seconds = 1\nslowest-bytes-per-second = 1000\n")
    with running_service(tmp_path / "data", "--config", str(file)) as service:
        service.started()
        service.token = service.make_token("--scope", "read,lock,admin")
        yield service
        assert service.end() == 0


def connect(service: RunningService) -> socket.socket:
    host, _, port = service.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def head(service: RunningService, length: int, *more: str) -> bytes:
    lines = ["POST /v1/locks HTTP/1.1", "Host: x", f"Authorization: Bearer {service.token}", *more]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def answer(connection: socket.socket) -> str:
    """All that comes until the other end closes."""
    pieces = []
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces).decode(errors="replace")


def test_a_body_that_stops_or_drips_is_given_up(tmp_path: Path) -> None:
    with impatient(tmp_path) as service:
        with connect(service) as stopped:
            begun = time.monotonic()
            stopped.sendall(head(service, 1000) + b"{")
            assert "body-too-slow" in answer(stopped)
            assert time.monotonic() - begun < 5
        with connect(service) as dripping:
            begun = time.monotonic()
            dripping.sendall(head(service, 1000))
            with contextlib.suppress(ConnectionError):
                while time.monotonic() - begun < 6:
                    dripping.sendall(b" ")
                    time.sleep(0.2)
            assert "body-too-slow" in answer(dripping)


def test_headers_that_do_not_come_to_an_end_close_the_connection(tmp_path: Path) -> None:
    with impatient(tmp_path) as service, connect(service) as connection:
        begun = time.monotonic()
        connection.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n")
        text = answer(connection)
        assert "live" not in text
        assert time.monotonic() - begun < 10


def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    with impatient(tmp_path) as service, connect(service) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n" + b"X-Filler: " + b"x" * 300_000 + b"\r\n\r\n")
        assert answer(connection).startswith(("HTTP/1.1 431 ", "HTTP/1.1 400 "))


def test_a_connection_that_is_half_closed_is_answered(tmp_path: Path) -> None:
    with impatient(tmp_path) as service, connect(service) as connection:
        connection.sendall(head(service, 2, "Connection: close") + b"{}")
        connection.shutdown(socket.SHUT_WR)
        text = answer(connection)
        assert not text or text.startswith("HTTP/1.1 400 ")


def test_what_is_no_http_gets_no_more_than_400(tmp_path: Path) -> None:
    with impatient(tmp_path) as service:
        for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\0" * 1000, b"A" * 100_000):
            with connect(service) as connection:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(nonsense + b"\r\n\r\n")
                text = answer(connection)
                assert not text or text.startswith("HTTP/1.1 4"), text
        with service.client() as client:
            assert client.get("/live").text == "live\n"


def test_others_are_answered_while_many_clients_send_nothing(tmp_path: Path) -> None:
    with impatient(tmp_path) as service, contextlib.ExitStack() as stack:
        for _ in range(200):
            connection = stack.enter_context(connect(service))
            connection.sendall(head(service, 1000) + b"{")
        seconds = []
        with service.client() as client:
            for _ in range(50):
                begun = time.monotonic()
                assert client.get("/live").text == "live\n"
                seconds.append(time.monotonic() - begun)
        assert statistics.median(seconds) < 0.5


def test_clients_that_take_nothing_cost_nothing_and_hold_nobody_up(tmp_path: Path) -> None:
    size = 24 << 20
    wheel = make_wheel("big", "1.0", files={"big/data.bin": random.Random(1).randbytes(size)})
    file = tmp_path / "service.toml"
    file.write_text('[limits]\nidle-seconds = 1\ndrain-seconds = 1\n[[index]]\nname = "own"\nuploads = true\n')
    with running_service(tmp_path / "data", "--config", str(file)) as service, contextlib.ExitStack() as stack:
        service.started()
        service.token = service.make_token("--scope", "read,publish,admin")
        client = stack.enter_context(service.client())
        form = {":action": "file_upload", "name": "big", "version": "1.0", "protocol_version": "1"}
        files = {"content": (wheel.filename, wheel.data)}
        assert client.post("/upload/own", data=form, files=files).status_code == 200
        page = client.get("/simple/own/big/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
        path = page.url.join(page.json()["files"][0]["url"]).path
        before = resident(service)
        for _ in range(20):
            connection = stack.enter_context(connect(service))
            request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.token}\r\n\r\n"
            connection.sendall(request.encode())
        time.sleep(2)
        seconds = []
        for _ in range(50):
            begun = time.monotonic()
            assert client.get("/live").text == "live\n"
            seconds.append(time.monotonic() - begun)
        assert statistics.median(seconds) < 0.5
        # 480 MB are on their way to nobody.
        assert resident(service) - before < 100 << 20
        begun = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - begun < 15


def resident(service: RunningService) -> int:
    """Bytes of memory."""
    pages = Path(f"/proc/{service.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
