"""``/cache/ac`` and ``/cache/cas``: whole, verified, for who may have it, and nothing else is kept."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import random
from collections.abc import AsyncIterator
from itertools import product

import httpx
import pytest

from interlock.service.cache.spaces import PROTECTED, spaces_of
from interlock.service.server.configuration import Configuration
from interlock.service.server.limits import Limits
from interlock.service.state.retention import Retention
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import Token
from tests.service.server.conftest import Serve, Service

KEY = "ab" * 32
HOSTILE = (
    "", "a", "ab" * 31, "ab" * 33, "AB" * 32, f"{'ab' * 31}ag", f"{'ab' * 31}a%00", f"{'ab' * 31}..", "..%2f" * 16,
    f"{'ab' * 32}.cas.protected", "%2e%2e%2f%2e%2e%2fservice.sqlite", "*" * 64, f"{'ab' * 32}%0a", "٠" * 64,
)  # fmt: skip


def content(size: int, seed: int = 1) -> tuple[str, bytes]:
    data = random.Random(seed).randbytes(size)
    return hashlib.sha256(data).hexdigest(), data


def kept(service: Service) -> list[str]:
    """Every file of the cache, and what is on its way."""
    store = service.state.folder.store
    return sorted(path.name for folder in ("cache-v1", "tmp") for path in (store / folder).rglob("*") if path.is_file())


def names_in(service: Service) -> set[str]:
    return {path.name for path in service.state.folder.root.iterdir()}


def writer(service: Service, *more: Scope, name: str = "ci") -> dict[str, str]:
    return service.bearer(Scope.CACHE_READ, Scope.CACHE_WRITE, *more, name=name)


async def in_pieces(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [0, 1, 300_000, 3_000_000])
@pytest.mark.parametrize("announced", [True, False])
async def test_what_was_put_is_what_is_got(serve: Serve, size: int, announced: bool) -> None:
    service = await serve()
    headers = writer(service)
    sha256, data = content(size)
    for path in (f"/cache/cas/{sha256}", f"/cache/ac/{KEY}"):
        assert (await service.client.get(path, headers=headers)).status_code == 404
        assert (await service.client.head(path, headers=headers)).status_code == 404
        sent = data if announced else in_pieces(data, 70_000)
        assert (await service.client.put(path, content=sent, headers=headers)).status_code == 200
        answer = await service.client.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (200, data)
        head = await service.client.head(path, headers=headers)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, str(size), b"")
    assert len(kept(service)) == 2


async def test_bytes_with_another_digest_are_refused_and_not_kept(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    sha256, data = content(2_500_000)
    for wrong in (data[:-1], data + b"x", b"", bytes(reversed(data))):
        answer = await service.client.put(f"/cache/cas/{sha256}", content=wrong, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "wrong-digest")
        assert answer.json()["error"]["facts"]["actual"] == hashlib.sha256(wrong).hexdigest()
        assert kept(service) == []
    await service.client.put(f"/cache/cas/{sha256}", content=data, headers=headers)
    await service.client.put(f"/cache/cas/{sha256}", content=b"poison", headers=headers)
    assert (await service.client.get(f"/cache/cas/{sha256}", headers=headers)).content == data


@pytest.mark.parametrize("key", HOSTILE)
@pytest.mark.parametrize("kind", ["ac", "cas"])
async def test_keys_are_64_digits_or_nothing(serve: Serve, kind: str, key: str) -> None:
    service = await serve()
    headers = writer(service, Scope.ADMIN)
    before = names_in(service)
    for method in ("PUT", "GET", "HEAD", "DELETE"):
        answer = await service.client.request(method, f"/cache/{kind}/{key}", content=b"x", headers=headers)
        assert answer.status_code in {404, 405}, (method, answer.text)
    assert kept(service) == []
    assert names_in(service) - {"store"} == before - {"store"}


async def test_no_body_is_longer_than_its_most(serve: Serve) -> None:
    service = await serve(Configuration(limits=Limits(max_action_bytes=1000, max_upload_bytes=5000)))
    headers = writer(service)
    for number, (kind, most) in enumerate((("ac", 1000), ("cas", 5000))):
        sha256, data = content(most + 1)
        for sent in (data, in_pieces(data), in_pieces(data * 50)):
            answer = await service.client.put(f"/cache/{kind}/{sha256}", content=sent, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body-too-large")
            assert len(kept(service)) == number
        sha256, data = content(most)
        assert (await service.client.put(f"/cache/{kind}/{sha256}", content=data, headers=headers)).is_success


async def test_nothing_is_unpacked_so_nothing_goes_off(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    bomb = gzip.compress(bytes(20_000_000))
    path = f"/cache/cas/{hashlib.sha256(bomb).hexdigest()}"
    for encoding in ("gzip", "zstd", "br", "x"):
        sent = {**headers, "Content-Encoding": encoding}
        assert (await service.client.put(path, content=bomb, headers=sent)).status_code == 400
    assert kept(service) == []
    await service.client.put(path, content=bomb, headers={**headers, "Content-Encoding": "identity"})
    assert (await service.client.get(path, headers=headers)).content == bomb


async def test_a_body_that_breaks_off_leaves_nothing(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)

    came = asyncio.Event()

    async def breaking() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        came.set()
        await asyncio.Event().wait()

    put = asyncio.create_task(service.client.put(f"/cache/ac/{KEY}", content=breaking(), headers=headers))
    await came.wait()
    assert len(kept(service)) == 1
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put
    assert kept(service) == []
    assert (await service.client.get(f"/cache/ac/{KEY}", headers=headers)).status_code == 404


async def test_what_does_not_fit_is_refused_and_not_kept(serve: Serve) -> None:
    service = await serve(Configuration(retention=Retention(max_store_bytes=4_000_000)))
    headers = writer(service)
    for seed in range(3):
        sha256, data = content(1_500_000, seed)
        assert (await service.client.put(f"/cache/cas/{sha256}", content=data, headers=headers)).is_success
    assert len(kept(service)) < 3, "what was not used for longest made room"
    sha256, data = content(5_000_000)
    answer = await service.client.put(f"/cache/cas/{sha256}", content=data, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "store-full")
    assert (await service.client.head(f"/cache/cas/{sha256}", headers=headers)).status_code == 404


async def test_a_flood_of_a_pull_request_drives_out_its_own(serve: Serve) -> None:
    service = await serve(Configuration(retention=Retention(max_store_bytes=8_000_000)))
    main, pull = writer(service, Scope.CACHE_PROTECTED, name="main"), writer(service, name="pull")
    protected = [content(1_000_000, seed) for seed in range(4)]
    for sha256, data in protected:
        assert (await service.client.put(f"/cache/cas/{sha256}", content=data, headers=main)).is_success
    for path in (service.state.folder.store / "cache-v1").rglob("*.protected"):
        os.utime(path, (service.state.clock() - 86_400,) * 2)
    for seed in range(100, 120):
        sha256, data = content(1_000_000, seed)
        assert (await service.client.put(f"/cache/cas/{sha256}", content=data, headers=pull)).is_success
    for sha256, data in protected:
        assert (await service.client.get(f"/cache/cas/{sha256}", headers=main)).content == data


async def test_a_store_that_cannot_be_written_to_is_no_bug(serve: Serve) -> None:
    service = await serve()
    (service.state.folder.store).mkdir(exist_ok=True)
    (service.state.folder.store / "cache-v1").write_text("no folder")
    headers = writer(service)
    answer = await service.client.put(f"/cache/ac/{KEY}", content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "store-trouble")
    assert not [event for event in service.logged if event["event"] == "bug"]


async def test_create_only_keeps_the_first_and_a_plain_put_the_last(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    create = {**headers, "If-None-Match": "*"}
    path = f"/cache/ac/{KEY}"
    answers = await asyncio.gather(
        *(service.client.put(path, content=bytes([number]) * 2_000_000, headers=create) for number in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]
    (first,) = (number for number, answer in enumerate(answers) if answer.status_code == 200)
    assert (await service.client.get(path, headers=headers)).content == bytes([first]) * 2_000_000
    assert answers[first - 1].json()["error"]["code"] == "already-cached"
    assert (await service.client.put(path, content=b"last", headers=headers)).status_code == 200
    assert (await service.client.get(path, headers=headers)).content == b"last"
    assert len(kept(service)) == 1


async def test_who_reads_what_is_replaced_reads_on(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    await service.client.put(f"/cache/ac/{KEY}", content=b"old" * 700_000, headers=headers)
    opened = service.client.stream("GET", f"/cache/ac/{KEY}", headers=headers)
    async with opened as answer:
        await service.client.put(f"/cache/ac/{KEY}", content=b"new", headers=headers)
        assert b"".join([piece async for piece in answer.aiter_bytes()]) == b"old" * 700_000


class Party:
    """A token and what it is for, in the words of the model below."""

    def __init__(self, service: Service, name: str, *scopes: Scope) -> None:
        self.name = name
        self.writes = Scope.CACHE_WRITE in scopes
        self.is_protected = Scope.CACHE_PROTECTED in scopes
        self.headers = service.bearer(*scopes, name=name)


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_read_was_written_by_a_protected_token_or_by_ones_own(serve: Serve, seed: int) -> None:
    """Against a model: any order of writes and reads, under both kinds, by parties of all sorts."""
    service = await serve()
    read, write, protected = Scope.CACHE_READ, Scope.CACHE_WRITE, Scope.CACHE_PROTECTED
    parties = [
        Party(service, "main", read, write, protected),
        Party(service, "pr-1", read, write),
        Party(service, "pr-1", read, write),
        Party(service, "pr-2", read, write),
        Party(service, "dev", read),
        # The names of others get nobody their writes.
        Party(service, "pr-1", read),
        Party(service, "pr-1", read, write, protected),
        Party(service, "release", read, protected),
    ]
    chance = random.Random(seed)
    keys = [hashlib.sha256(bytes([number])).hexdigest() for number in range(4)]
    model: dict[tuple[str, str], bytes] = {}
    for step in range(250):
        party, key = chance.choice(parties), chance.choice(keys)
        path = f"/cache/ac/{key}"
        if party.writes and chance.random() < 0.4:
            data = f"{party.name} {party.is_protected} {step}".encode()
            assert (await service.client.put(path, content=data, headers=party.headers)).is_success
            model[("" if party.is_protected else party.name, key)] = data
            continue
        expected = model.get(("", key))
        if expected is None and party.writes and not party.is_protected:
            expected = model.get((party.name, key))
        answer = await service.client.get(path, headers=party.headers)
        assert (answer.content if answer.is_success else None) == expected, (party.name, key)
        if expected is not None and (party.is_protected or not party.writes):
            assert b" True " in expected


def test_only_who_writes_unprotected_has_a_space_of_its_own() -> None:
    words = (Scope.CACHE_READ, Scope.CACHE_WRITE, Scope.CACHE_PROTECTED)
    for has in product((False, True), repeat=3):
        scopes = frozenset(word for word, is_there in zip(words, has, strict=True) if is_there)
        spaces = spaces_of(Token(id="0" * 8, name=PROTECTED, scopes=scopes))
        assert spaces.reads[0] == PROTECTED
        assert (len(spaces.reads) == 2) == (Scope.CACHE_WRITE in scopes and Scope.CACHE_PROTECTED not in scopes)
        assert (spaces.writes == PROTECTED) == (Scope.CACHE_PROTECTED in scopes)


async def test_nothing_is_told_without_the_scope(serve: Serve) -> None:
    service = await serve()
    await service.client.put(f"/cache/ac/{KEY}", content=b"x", headers=writer(service))
    others = service.bearer(*(set(Scope) - {Scope.CACHE_READ, Scope.CACHE_WRITE, Scope.ADMIN}))
    answers: list[httpx.Response] = []
    for key in (KEY, "cd" * 32):
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            answers.append(await service.client.request(method, f"/cache/ac/{key}", headers=others))
            assert (await service.client.request(method, f"/cache/ac/{key}")).status_code == 401
    assert {answer.status_code for answer in answers} == {403}
    assert answers[0].content == answers[4].content
    only_reads = service.bearer(Scope.CACHE_READ)
    assert (await service.client.put(f"/cache/ac/{KEY}", content=b"y", headers=only_reads)).status_code == 403
    only_writes = service.bearer(Scope.CACHE_WRITE, name="ci")
    assert (await service.client.get(f"/cache/ac/{KEY}", headers=only_writes)).status_code == 403
    assert (await service.client.get(f"/cache/ac/{KEY}", headers=writer(service))).content == b"x"


async def test_an_admin_deletes_from_all_spaces(serve: Serve) -> None:
    service = await serve()
    for headers in (writer(service), writer(service, name="pr"), writer(service, Scope.CACHE_PROTECTED)):
        await service.client.put(f"/cache/ac/{KEY}", content=b"x", headers=headers)
    await service.client.put(f"/cache/ac/{'cd' * 32}", content=b"x", headers=writer(service))
    assert len(kept(service)) == 4
    assert (await service.client.delete(f"/cache/ac/{KEY}", headers=writer(service))).status_code == 403
    admin = service.bearer(Scope.ADMIN)
    assert (await service.client.delete(f"/cache/ac/{KEY}", headers=admin)).status_code == 204
    assert (await service.client.delete(f"/cache/ac/{KEY}", headers=admin)).status_code == 404
    assert len(kept(service)) == 1


async def test_what_nobody_used_is_dropped_and_the_rest_is_kept(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    for key in (KEY, "cd" * 32):
        await service.client.put(f"/cache/ac/{key}", content=b"x", headers=headers)
    (old,) = (service.state.folder.store / "cache-v1" / "ab").iterdir()
    (new,) = (service.state.folder.store / "cache-v1" / "cd").iterdir()
    now = service.state.clock()
    os.utime(old, (now - 91 * 86_400,) * 2)
    os.utime(new, (now - 89 * 86_400,) * 2)
    await asyncio.to_thread(service.state.room.sweep)
    assert kept(service) == [new.name]


async def test_hits_misses_and_writes_are_counted(serve: Serve) -> None:
    service = await serve()
    headers = writer(service)
    await service.client.get(f"/cache/ac/{KEY}", headers=headers)
    await service.client.put(f"/cache/ac/{KEY}", content=b"x", headers=headers)
    await service.client.get(f"/cache/ac/{KEY}", headers=headers)
    text = (await service.client.get("/metrics", headers=service.bearer(Scope.ADMIN))).text
    for outcome in ("hit", "miss", "stored"):
        assert f'interlock_cache_total{{kind="ac",outcome="{outcome}"}} 1.0' in text
