"""Pages read by a second process are the pages read here, and a process that fails costs nothing but time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from interlock.core.names import NormalizedName, normalize_name
from interlock.index.fast_page import FastPage, read_fast_page
from interlock.index.page_cache import PageCache, Validators
from interlock.index.page_process import Order
from interlock.index.page_reader import PageReader
from interlock.store.layout import Layout
from tests.conftest import IndexFactory
from tests.index.conftest import Connect
from tests.registry import registry

KEY = "0123456789abcdef0123"


@pytest.fixture
async def reader(layout: Layout) -> AsyncIterator[PageReader]:
    made = PageReader(layout)
    yield made
    await made.close()


def body(name: str, **more: Any) -> bytes:
    files = [
        {
            "filename": f"{name}-{version}-py3-none-any.whl",
            "url": f"/files/{name}-{version}-py3-none-any.whl",
            "hashes": {"sha256": "ab" * 32},
        }
        for version in ("1.0", "2.0", "1.5")
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "files": files, **more}).encode()


def order(name: str) -> Order:
    return Order(
        name=normalize_name(name),
        index="main",
        url=f"https://index.test/simple/{name}/",
        body="",
        store="",
        key=KEY,
        validators=Validators(fetched_at=1.0, max_age=600),
    )


async def test_many_pages_at_once(reader: PageReader, layout: Layout) -> None:
    names = [f"package{number}" for number in range(40)]
    found: dict[str, FastPage | None] = {}

    async def one(name: str) -> None:
        found[name] = await reader.read(order(name), body(name))

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(one, name)
    await reader.close()
    for name in names:
        url = f"https://index.test/simple/{name}/"
        expected = read_fast_page(normalize_name(name), url, body(name))
        assert found[name] == expected is not None
        assert expected is not None
        stored = PageCache(layout).load(KEY, name)
        assert stored is not None
        assert stored.page is not None
        assert stored.page.listing.versions == ("1.0", "1.5", "2.0")
        assert stored.page.listing.artifacts(1) == expected.listing(normalize_name(name), "main", body(name)).artifacts(
            1
        )
        assert stored.validators.max_age == 600
    assert not list(layout.tmp.iterdir())


async def test_a_page_out_of_the_ordinary_is_left_to_us(reader: PageReader, layout: Layout) -> None:
    assert await reader.read(order("odd"), body("other")) is None
    assert reader.works
    await reader.close()
    assert PageCache(layout).load(KEY, "odd") is None


async def test_a_process_that_cannot_start(layout: Layout, tmp_path: Path) -> None:
    reader = PageReader(layout, python=str(tmp_path / "no-python"))
    assert await reader.read(order("one"), body("one")) is None
    assert not reader.works
    await reader.close()


async def test_a_process_that_answers_nonsense(layout: Layout, tmp_path: Path) -> None:
    program = tmp_path / "nonsense"
    program.write_text("#!/bin/sh\nprintf 'x'\n")
    program.chmod(0o755)
    reader = PageReader(layout, python=str(program))
    assert await reader.read(order("one"), body("one")) is None
    assert not reader.works
    await reader.close()


async def test_giving_up_on_an_answer_ends_the_asking(reader: PageReader) -> None:
    first: NormalizedName = normalize_name("first")
    assert await reader.read(order(first), body(first)) is not None
    with anyio.CancelScope() as scope:
        scope.cancel()
        await reader.read(order("second"), body("second"))
    assert not reader.works


async def test_a_run_with_many_large_pages(index: IndexFactory, connect: Connect) -> None:
    versions: dict[str, list[str]] = {f"{major}.{minor}": [] for major in range(20) for minor in range(20)}
    names = [f"large{number}" for number in range(60)]
    server = index(registry(**dict.fromkeys(names, versions)), cache_control="max-age=600")
    client = connect(server, processors=2)
    found: dict[str, Any] = {}

    async def one(name: str) -> None:
        found[name] = await client.listing(normalize_name(name))

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(one, name)
    plain = connect(server)
    for name in names:
        expected: Any = await plain.listing(normalize_name(name))
        assert found[name].versions == expected.versions
        assert found[name].artifacts(7) == expected.artifacts(7)
