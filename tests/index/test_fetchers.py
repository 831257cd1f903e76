"""Both HTTP clients keep the same promises: encodings, raw streams, certificates, proxies, time limits."""

from __future__ import annotations

import contextlib
import gzip
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from interlock.index.fetch_pyreqwest import PyreqwestFetcher
from interlock.index.fetcher import Fetcher, FetchFailed, FetchOptions
from interlock.index.transport import open_fetcher as open_default
from interlock.index.transport import open_poster
from tests.certificates import make_certificates

__all__: list[str] = []

Open = Callable[[FetchOptions], Fetcher]
TEXT = b"a page " * 1000


BOMB = gzip.compress(bytes(20 << 20))


class Taken:
    def __init__(self) -> None:
        self.data = b""

    async def feed(self, chunk: bytes) -> None:
        self.data += chunk


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pause = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.pause.wait(5)
        if self.path == "/drip":
            self._drip()
            return
        body = TEXT if self.path == "/plain" else gzip.compress(TEXT)
        if self.path == "/bomb":
            body = BOMB
        if self.path == "/proxied" or self.path.startswith("http://"):
            body = self.path.encode()
        if self.path == "/headers":
            body = str(self.headers).lower().encode()
        self.send_response(404 if self.path == "/absent" else 200)
        if self.path == "/headers":
            self.send_header("ETag", "\u00e9")
        if self.path in {"/packed", "/slow", "/bomb"}:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)
        if self.path == "/slow":
            self.close_connection = True

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(200):
                self.wfile.write(b"x")
                self.wfile.flush()
                if self.pause.wait(0.05):
                    break
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken handshakes are the test."""


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_address[1]}"
        finally:
            _Handler.pause.set()
            server.shutdown()
            thread.join()
            _Handler.pause.clear()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("tls"))


def server_context(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "leaf.pem")
    return context


@pytest.fixture
def secure(certificates: Path) -> Iterator[str]:
    with serving(server_context(certificates)) as url:
        yield url


async def test_pages_are_decoded_and_files_are_not(open_fetcher: Open) -> None:
    fetcher = open_fetcher(FetchOptions(user_agent="interlock/test"))
    with serving() as url:
        page = await fetcher.get(f"{url}/packed", {"accept": "text/html"})
        assert page.body == TEXT
        assert page.status == 200
        taken = Taken()
        response = await fetcher.stream(f"{url}/packed", {}, taken)
        assert gzip.decompress(taken.data) == TEXT
        assert response.headers["content-length"] == str(len(taken.data))
        seen = (await fetcher.get(f"{url}/headers", {"x-test": "1"})).body
        assert b"interlock/test" in seen
        assert b"gzip" in seen
        taken = Taken()
        await fetcher.stream(f"{url}/headers", {}, taken)
        assert b"accept-encoding: identity" in taken.data
        await fetcher.close()


async def test_bodies_of_other_statuses_are_not_streamed(open_fetcher: Open) -> None:
    fetcher, taken = open_fetcher(FetchOptions()), Taken()
    with serving() as url:
        assert (await fetcher.stream(f"{url}/absent", {}, taken)).status == 404
        assert taken.data == b""
        await fetcher.close()


async def test_silence_is_a_timeout(open_fetcher: Open) -> None:
    fetcher = open_fetcher(FetchOptions(read_timeout=0.2))
    with serving() as url, pytest.raises(FetchFailed) as raised:
        await fetcher.get(f"{url}/slow", {})
    assert raised.value.kind == "timeout"
    assert raised.value.may_pass
    await fetcher.close()


async def test_nobody_there(open_fetcher: Open) -> None:
    fetcher = open_fetcher(FetchOptions())
    with pytest.raises(FetchFailed) as raised:
        await fetcher.get("http://127.0.0.1:9/", {})
    assert raised.value.kind == "connect"
    await fetcher.close()


async def test_an_unknown_certificate_is_refused_at_once(open_fetcher: Open, secure: str) -> None:
    fetcher = open_fetcher(FetchOptions())
    with pytest.raises(FetchFailed) as raised:
        await fetcher.get(f"{secure}/plain", {})
    assert raised.value.kind == "tls"
    assert not raised.value.may_pass
    await fetcher.close()


@pytest.mark.parametrize("path", ["ca/ca.pem", "ca"])
async def test_a_bundle_or_a_directory_of_authorities(
    open_fetcher: Open, secure: str, certificates: Path, path: str
) -> None:
    fetcher = open_fetcher(FetchOptions(ca_bundle=str(certificates / path)))
    assert (await fetcher.get(f"{secure}/plain", {})).body == TEXT
    await fetcher.close()


async def test_a_client_certificate(open_fetcher: Open, certificates: Path) -> None:
    context = server_context(certificates)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates / "ca" / "ca.pem")
    bundle, client = str(certificates / "ca"), str(certificates / "leaf.pem")
    with serving(context) as url:
        fetcher = open_fetcher(FetchOptions(ca_bundle=bundle, client_cert=client))
        assert (await fetcher.get(f"{url}/plain", {})).body == TEXT
        await fetcher.close()
        fetcher = open_fetcher(FetchOptions(ca_bundle=bundle))
        with pytest.raises(FetchFailed):
            await fetcher.get(f"{url}/plain", {})
        await fetcher.close()


async def test_certificates_that_cannot_be_read(open_fetcher: Open, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    absent = str(tmp_path / "absent.pem")
    for options in (
        FetchOptions(ca_bundle=absent),
        FetchOptions(client_cert=absent),
        FetchOptions(ca_bundle=str(tmp_path / "bad.pem")),
    ):
        fetcher = open_fetcher(options)
        with pytest.raises(FetchFailed, match="cannot be set up") as raised:
            await fetcher.get("https://127.0.0.1:9/", {})
        assert not raised.value.may_pass
        await fetcher.close()


async def test_a_host_may_be_excused(open_fetcher: Open, secure: str) -> None:
    for host in ("127.0.0.1", secure.removeprefix("https://")):
        fetcher = open_fetcher(FetchOptions(insecure_hosts=(host,)))
        assert (await fetcher.get(f"{secure}/plain", {})).body == TEXT
        await fetcher.close()
    fetcher = open_fetcher(FetchOptions(insecure_hosts=("127.0.0.1:1", "other.test")))
    with pytest.raises(FetchFailed):
        await fetcher.get(f"{secure}/plain", {})
    await fetcher.close()


async def test_proxies_are_those_given_and_no_others(open_fetcher: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving() as proxy:
        fetcher = open_fetcher(FetchOptions(http_proxy=proxy, no_proxy="127.0.0.1,direct.test"))
        assert (await fetcher.get("http://index.test/proxied", {})).body == b"http://index.test/proxied"
        assert (await fetcher.get(f"{proxy}/plain", {})).body == TEXT
        await fetcher.close()
        fetcher = open_fetcher(FetchOptions())
        assert (await fetcher.get(f"{proxy}/plain", {})).body == TEXT
        await fetcher.close()


async def test_the_faster_client_is_the_default_from_the_first_request_on() -> None:
    fetcher = open_default(FetchOptions())
    assert "Pyreqwest" not in repr(fetcher)
    await fetcher.close()
    with pytest.raises(FetchFailed):
        await fetcher.get("http://127.0.0.1:1/", {})
    assert "Pyreqwest" in repr(fetcher)
    assert isinstance(open_poster(FetchOptions()), PyreqwestFetcher)
    await fetcher.close()


async def test_a_page_is_taken_up_to_a_limit_whatever_it_was_packed_to(open_fetcher: Open) -> None:
    fetcher = open_fetcher(FetchOptions())
    with serving() as url:
        with pytest.raises(FetchFailed, match="more than 1000000 bytes") as raised:
            await fetcher.get(f"{url}/bomb", {}, most=1_000_000)
        assert (raised.value.kind, raised.value.may_pass) == ("large", False)
        assert len((await fetcher.get(f"{url}/bomb", {}, most=20 << 20)).body) == 20 << 20
        await fetcher.close()


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_body_that_drips_is_given_up(open_fetcher: Open, streamed: bool) -> None:
    fetcher = open_fetcher(FetchOptions(read_timeout=0.5, slowest=200_000))
    with serving() as url:
        with pytest.raises(FetchFailed, match="INTERLOCK_LIMIT_SLOWEST") as raised:
            await (fetcher.stream(f"{url}/drip", {}, Taken()) if streamed else fetcher.get(f"{url}/drip", {}))
        assert (raised.value.kind, raised.value.may_pass) == ("slow", False)
        await fetcher.close()


@pytest.mark.parametrize("url", ["http://[", "http://h:99999999/", "http://%zz/", "http://h\0/", "nonsense"])
async def test_what_is_no_address_fails_as_a_request_does(open_fetcher: Open, url: str) -> None:
    fetcher = open_fetcher(FetchOptions())
    with pytest.raises(FetchFailed):
        await fetcher.get(url, {})
    with pytest.raises(FetchFailed):
        await fetcher.stream(url, {}, Taken())
    await fetcher.close()
