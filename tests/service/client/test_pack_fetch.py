"""Packs over bad connections and from bad servers: nothing twice that came, and nothing wrong in the store."""

from __future__ import annotations

import asyncio
import hashlib
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.names import NormalizedName
from interlock.core.settings.service import ServiceSettings
from interlock.core.sources.source import Index
from interlock.means import Means
from interlock.packs.header import Entry
from interlock.service.connection import Unusable
from interlock.service.pack_arrivals import parts_of
from interlock.service.pack_client import PackClient
from interlock.service.pack_fetch import SILENCE, PackFetch
from interlock.service.pack_protocol import AskedFile, PackRequest
from interlock.settings.decided import Settings
from interlock.store.archives import add_wheel, open_wheel
from interlock.store.digests import DigestMismatch
from interlock.store.layout import Bucket, Layout
from interlock.store.partial_files import PartialFile
from interlock.store.usage import using
from interlock.store.verify import wheel_problems
from tests.service.client.pack_server import PackServer, serving_packs
from tests.wheels import make_wheel

SIZES = (40, 3_000, 70_000, 1_500_000)


def made() -> dict[str, bytes]:
    chance = random.Random(3)
    built = [make_wheel(f"p{size}", "1.0", files={f"p{size}.bin": chance.randbytes(size)}) for size in SIZES]
    return {hashlib.sha256(one.data).hexdigest(): one.data for one in built}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return made()


@pytest.fixture
def server(files: dict[str, bytes]) -> Iterator[PackServer]:
    with serving_packs(files) as server:
        yield server


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


async def fetch(
    server: PackServer, layout: Layout, files: dict[str, bytes], connections: int = 4, silence: float = SILENCE
) -> None:
    await fetch_from(server.url, layout, files, connections, silence)


async def fetch_alone(url: str, root: str) -> None:
    """For a process of its own."""
    await fetch_from(url, Layout(Path(root)), made(), 4, SILENCE)


async def fetch_from(url: str, layout: Layout, files: dict[str, bytes], connections: int, silence: float) -> None:
    """Fetch the pack into the store, as the command does."""
    settings = Settings(cache_dir=str(layout.root), service=ServiceSettings(url=url))
    means = Means(settings=settings, layout=layout, environ={}, now=datetime(2026, 1, 1, tzinfo=UTC))
    filenames = [f"p{size}-1.0-py3-none-any.whl" for size in SIZES]
    names = dict(zip(files, filenames, strict=False))
    asked = [
        AskedFile(name=NormalizedName("p"), index=0, filename=names[sha256], sha256=sha256, size=len(data))
        for sha256, data in files.items()
    ]
    request = PackRequest(indexes=(Index(name="corp", url="http://corp.test/"),), files=tuple(asked))

    async def take(entry: Entry, content: bytes | Path) -> None:
        def add() -> None:
            try:
                add_wheel(layout, content, filename=names[entry.sha256], sha256=entry.sha256)
            except DigestMismatch as error:
                raise Unusable("wrong bytes") from error

        await anyio.to_thread.run_sync(add)

    async with PackClient(means) as client:
        plan = await client.plan(request)
        await PackFetch(client, request, layout, connections, silence).run(plan, take)


def stored(layout: Layout) -> set[str]:
    """What is in the store, all of it whole and nothing left over."""
    found = {path.name for path in layout.bucket(Bucket.WHEELS).glob("*/*")}
    assert not [text for sha256 in found for text in wheel_problems(layout, sha256)]
    assert not list(layout.tmp.glob("*"))
    return found


async def test_a_pack_comes_in_parts(server: PackServer, layout: Layout, files: dict[str, bytes]) -> None:
    await fetch(server, layout, files)
    assert stored(layout) == files.keys()
    assert len(server.parts) > 4
    assert server.sent == len(server.pack) - len(server.head)


async def test_what_broke_off_goes_on_where_it_did(server: PackServer, layout: Layout, files: dict[str, bytes]) -> None:
    """No byte that came is sent again, wherever and however often connections break."""
    chance = random.Random(7)
    broken: Counter[int] = Counter()

    def broke(at: int, data: bytes) -> bytes:
        """Each part three times."""
        broken[at + len(data)] += 1
        return data[: chance.randrange(len(data))] if broken[at + len(data)] < 4 else data

    server.change = broke
    for number in range(10):
        shutil.rmtree(layout.root, ignore_errors=True)
        layout = Layout(layout.root)
        server.sent, server.parts = 0, []
        broken.clear()
        await fetch(server, layout, files)
        assert stored(layout) == files.keys(), number
        # The last bytes before a break may be lost on their way: less than what is handed on at once, at each.
        breaks = len(server.parts) - len(parts_of([(0, len(server.pack) - len(server.head))], 4))
        assert server.sent <= len(server.pack) + breaks * (64 << 10)


@pytest.mark.parametrize(
    ("count", "largest"),
    [
        (40, 100_000),
        (4, 2_000_000),
        pytest.param(950, 100_000, marks=pytest.mark.slow),
        pytest.param(50, 2_000_000, marks=pytest.mark.slow),
    ],
)
async def test_wrong_bytes_at_any_place_never_come_into_the_store(
    layout: Layout, files: dict[str, bytes], count: int, largest: int
) -> None:
    few = {sha256: data for sha256, data in files.items() if len(data) < largest}
    with serving_packs(few) as server:
        await wrong_bytes(server, layout, few, count)


async def wrong_bytes(server: PackServer, layout: Layout, files: dict[str, bytes], count: int) -> None:
    chance = random.Random(11)
    for _ in range(count):
        place = len(server.head) + chance.randrange(len(server.pack) - len(server.head))
        entry = next(one for one in server.plan.header.entries if one.end > place - len(server.head))

        def wrong(at: int, data: bytes, place: int = place) -> bytes:
            if not at <= place < at + len(data):
                return data
            changed = bytearray(data)
            changed[place - at] ^= 1 << (place % 8)
            return bytes(changed)

        server.change = wrong
        with pytest.raises(Unusable, match="wrong bytes"):
            await fetch(server, layout, files)
        found = stored(layout)
        assert found <= files.keys() - {entry.sha256}
        for sha256 in found:
            shutil.rmtree(layout.entry(Bucket.WHEELS, sha256))


async def test_one_who_sends_nothing_is_left(server: PackServer, layout: Layout, files: dict[str, bytes]) -> None:
    server.change = lambda _, data: b""
    with pytest.raises(Unusable):
        await fetch(server, layout, files)
    assert stored(layout) == set()


async def test_one_who_sends_more_than_asked_for_is_left(
    server: PackServer, layout: Layout, files: dict[str, bytes]
) -> None:
    # Of another pack, say: every byte comes, at the wrong place.
    server.change = lambda _, data: data[::-1]
    with pytest.raises(Unusable):
        await fetch(server, layout, files)
    assert stored(layout) <= files.keys()


async def test_one_who_falls_silent_is_left(server: PackServer, layout: Layout, files: dict[str, bytes]) -> None:
    freed = threading.Event()

    def wait(at: int, data: bytes) -> bytes:
        freed.wait(20)
        return data

    server.change = wait
    try:
        with pytest.raises(Unusable, match="said nothing for"):
            await fetch(server, layout, files, silence=0.5)
    finally:
        freed.set()
    assert stored(layout) == set()


@given(st.integers(0, 1 << 33), st.integers(0, 1 << 30), st.integers(1, 16))
def test_parts_are_all_of_it_in_its_order(start: int, length: int, connections: int) -> None:
    parts = parts_of([(start, start + length)] if length else [], connections)
    assert sum(stop - begin for begin, stop in parts) == length
    assert [begin for begin, _ in parts[1:]] == [stop for _, stop in parts[:-1]]
    assert all(0 < stop - begin <= 8 << 20 for begin, stop in parts)


async def test_what_has_come_is_unpacked_while_the_rest_comes(
    server: PackServer, layout: Layout, files: dict[str, bytes]
) -> None:
    first = server.plan.header.entries[0]
    begin = len(server.head) + first.length
    seen = []

    def withhold(at: int, data: bytes) -> bytes:
        """The last files come when the first one is in the store."""
        if at >= begin:
            end = time.monotonic() + 9
            while open_wheel(layout, first.sha256) is None and time.monotonic() < end:
                time.sleep(0.01)
            seen.append(open_wheel(layout, first.sha256) is not None)
        return data

    server.change = withhold
    await fetch(server, layout, files, silence=30)
    assert seen
    assert all(seen)
    assert stored(layout) == files.keys()


async def killed(server: PackServer, layout: Layout, files: dict[str, bytes], most: int) -> None:
    """Be cancelled once so many bytes were sent, as a command is that somebody ends."""
    sent, reached = server.sent, threading.Event()

    def change(at: int, data: bytes) -> bytes:
        if server.sent - sent < most:
            return data
        reached.set()
        return b""

    server.change = change
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fetch, server, layout, files)
        await anyio.to_thread.run_sync(reached.wait, 30)
        await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()
    server.change = lambda _, data: data


async def test_what_came_to_a_run_that_was_ended_does_not_come_again(
    server: PackServer, layout: Layout, files: dict[str, bytes]
) -> None:
    before = len(server.pack) // 2
    await killed(server, layout, files, before)
    sent, server.parts = server.sent, []
    await fetch(server, layout, files)
    assert stored(layout) == files.keys()
    # Small files stay in memory, and what was handed on last is on its way.
    assert server.sent <= len(server.pack) + 4 * (64 << 10) + 80_000
    assert server.sent - sent < len(server.pack) - before + 4 * (64 << 10) + 80_000


async def test_parts_that_were_damaged_cost_their_file_and_not_the_service(
    server: PackServer, layout: Layout, files: dict[str, bytes]
) -> None:
    await killed(server, layout, files, len(server.pack) // 2)
    (left,) = layout.tmp.glob("part-*")
    key, length = left.name[5:69], max(map(len, files.values()))
    part = PartialFile.left(left, key, length)
    assert part is not None
    place = part.got[0][0]
    part.leave()
    damaged = bytearray(left.read_bytes())
    damaged[place] ^= 1
    left.write_bytes(damaged)
    await fetch(server, layout, files)
    assert stored(layout) == {sha256 for sha256, data in files.items() if len(data) < 1_000_000}
    await fetch(server, layout, files)
    assert stored(layout) == files.keys()


@pytest.mark.skipif(sys.platform == "win32", reason="pieces are put in their places as POSIX does")
def test_a_killed_process_leaves_what_came_to_it(server: PackServer, layout: Layout, files: dict[str, bytes]) -> None:
    """SIGKILL asks nobody: the parts are there under the number of a process that is not."""
    half = len(server.pack) // 2
    reached, over = threading.Event(), threading.Event()

    def change(at: int, data: bytes) -> bytes:
        if server.sent < half:
            return data
        reached.set()
        over.wait(30)
        return b""

    server.change = change
    code = "import asyncio, sys, tests.service.client.test_pack_fetch as t; asyncio.run(t.fetch_alone(*sys.argv[1:]))"
    line = [sys.executable, "-c", code, server.url, str(layout.root)]
    with subprocess.Popen(line, cwd=Path(__file__).parents[3]) as child:
        assert reached.wait(60)
        time.sleep(0.3)
        child.kill()
    server.change = lambda _, data: data
    over.set()

    async def again() -> None:
        async with using(layout):
            await fetch(server, layout, files)

    asyncio.run(again())
    assert stored(layout) == files.keys()
    assert server.sent <= len(server.pack) + 4 * (64 << 10) + 80_000
