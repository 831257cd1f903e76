"""Addresses, queries, headers and bodies that nobody sensible sends: each is the sender's mistake, none a failure."""

from __future__ import annotations

import asyncio
import random
from urllib.parse import quote

import pytest

from interlock.service.server.configuration import Configuration, ServedIndex
from interlock.service.server.openapi import OPERATIONS
from interlock.service.state.scopes import Scope
from interlock.toolchain.claims import CLAIMS
from tests.service.server.conftest import Serve

PIECES = (
    "°.þ\U00094e99", "..", ".", "%2e%2e", "a/../b", "\0", "x" * 3000, "http:", "//evil.test", "@", "pypi@", "pypi@soon",
    "pypi@9999-99-99", "*", "{index}", "\r\nX-Injected: 1", "\ud800", "~", "é", "a b", "'", '"', "<script>", "-", "_",
)  # fmt: skip
BODIES = (b"", b"{", b"null", b"[]", b'{"request":{}}', b'{"request":null}', b"\xff\xfe", b"0" * 5000, b'{"request":1}')
HEADERS: tuple[dict[str, str], ...] = (
    {}, {"Accept": "\xff"}, {"Accept": ",;=q"}, {"Content-Type": "multipart/form-data"}, {"Range": "bytes=9-1,x"},
    {"Content-Type": "multipart/form-data; boundary=x"}, {"If-None-Match": '"'}, {"Content-Encoding": "gzip"},
)  # fmt: skip


ANSWERED = [one for one in OPERATIONS if one.path != CLAIMS]
"""Without the one whose answer lasts as long as its client does."""


@pytest.mark.parametrize("seed", range(8))
async def test_nothing_that_is_sent_is_a_failure_of_the_service(serve: Serve, seed: int) -> None:
    chance = random.Random(seed)
    # Nobody listens there: what would go on to an index gets 502.
    nowhere = ServedIndex(name="pypi", url="http://127.0.0.1:9/simple/")
    service = await serve(Configuration(indexes=(nowhere,)))
    authorization = service.bearer(*Scope)
    for _ in range(120):
        one = chance.choice(ANSWERED)
        path = one.path
        while "{" in path and "}" in path and path.index("{") < path.index("}"):
            name = path[path.index("{") : path.index("}") + 1]
            piece = chance.choice((*PIECES, "other"))
            path = path.replace(name, quote(piece, safe="/*@:'", errors="surrogatepass"), 1)
        headers = {**authorization, **chance.choice(HEADERS)}
        encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        request = service.client.build_request(
            chance.choice((one.method, "GET", "POST", "PUT", "HEAD")),
            f"http://service.test{path}" if path.startswith("/") else path,
            params=chance.choice(({}, {"x": "\0"})),
            content=chance.choice(BODIES),
            headers=encoded,
        )
        async with asyncio.timeout(20):
            answer = await service.client.send(request)
        assert answer.status_code < 500 or answer.status_code == 502, (request.method, request.url, answer.text)
    assert not [event for event in service.logged if event["event"] == "bug"]
