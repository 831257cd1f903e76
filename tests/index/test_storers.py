"""Both HTTP clients send files alike."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable

import pytest

from interlock.index.fetcher import FetchFailed, FetchOptions, Storer
from tests import cache_server as faults
from tests.cache_server import cache_server

Open = Callable[[FetchOptions], Storer]


async def in_pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 50_000):
        yield data[start : start + 50_000]


@pytest.mark.parametrize("size", [0, 1, 50_000, 3_000_000])
async def test_a_file_is_sent_as_it_is(open_fetcher: Open, size: int) -> None:
    data = random.Random(size).randbytes(size)
    storer = open_fetcher(FetchOptions())
    with cache_server() as server:
        sent = {"if-none-match": "*", "authorization": "Bearer x"}
        answer = await storer.put(f"{server.url}/a", sent, in_pieces(data), size)
        await storer.close()
    assert (answer.status, answer.body) == (200, b"")
    assert server.kept == {"/a": data}
    assert sent.items() <= server.sent[0].items()
    assert server.sent[0]["content-length"] == str(size)
    assert "transfer-encoding" not in server.sent[0]


async def test_a_refusal_is_an_answer_and_nobody_a_failure(open_fetcher: Open) -> None:
    storer = open_fetcher(FetchOptions())
    with cache_server() as server:
        server.fault = faults.answering(507)
        answer = await storer.put(f"{server.url}/a", {}, in_pieces(b"x" * 100), 100)
        assert (answer.status, answer.body) == (507, b"no")
        server.fault = faults.hanging_up
        with pytest.raises(FetchFailed):
            await storer.put(f"{server.url}/a", {}, in_pieces(b"x" * 100), 100)
    with pytest.raises(FetchFailed):
        await storer.put(f"{server.url}/a", {}, in_pieces(b"x"), 1)
    await storer.close()
