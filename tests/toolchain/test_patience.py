"""How long a run waits: a second for what does not come, and as long as it takes for what does."""

from __future__ import annotations

import time

import anyio
import pytest

from interlock.index.fetcher import FetchFailed
from interlock.toolchain.patience import Patience

ENOUGH = 1 << 20


async def test_nobody_is_waited_for_longer_than_a_second() -> None:
    patience = Patience()
    begun = time.monotonic()
    with pytest.raises(FetchFailed, match="for a second"):
        await patience.keep(anyio.sleep_forever)
    assert 0.7 < time.monotonic() - begun < 2.5
    # That was all there is for the whole run.
    begun = time.monotonic()
    with pytest.raises(FetchFailed):
        await patience.keep(anyio.sleep_forever)
    assert time.monotonic() - begun < 0.3


async def test_many_who_are_waited_for_at_the_same_time_cost_as_much_as_one() -> None:
    patience, failed = Patience(), 0
    begun = time.monotonic()

    async def one() -> None:
        nonlocal failed
        try:
            await patience.keep(anyio.sleep_forever)
        except FetchFailed:
            failed += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(one)
    assert failed == 20
    assert 0.7 < time.monotonic() - begun < 2.5


async def test_waits_add_up_unless_they_are_short_or_of_use() -> None:
    async def answer() -> int:
        await anyio.sleep(0.5)
        return 7

    patience = Patience()
    with pytest.raises(FetchFailed):
        for _ in range(6):
            assert await patience.keep(answer) == 7
    patience = Patience()
    for _ in range(6):
        assert await patience.keep(answer) == 7
        patience.was_worth_it()

    async def quick() -> int:
        await anyio.sleep(0.02)
        return 7

    patience = Patience()
    for _ in range(80):
        assert await patience.keep(quick) == 7


async def test_what_comes_at_a_pace_may_take_its_time_and_a_drip_may_not() -> None:
    patience = Patience()

    async def come(size: int) -> None:
        for _ in range(20):
            await anyio.sleep(0.1)
            patience.came(size)

    await patience.keep(lambda: come(ENOUGH))
    begun = time.monotonic()
    with pytest.raises(FetchFailed):
        await patience.keep(lambda: come(10))
    assert time.monotonic() - begun < 2.5


async def test_of_who_says_that_he_is_there_more_is_awaited_but_not_for_ever() -> None:
    patience = Patience()
    begun = time.monotonic()

    async def beat() -> None:
        while True:
            patience.is_there()
            await anyio.sleep(0.2)

    with pytest.raises(FetchFailed):
        await patience.keep(beat)
    assert 5 < time.monotonic() - begun < 14
