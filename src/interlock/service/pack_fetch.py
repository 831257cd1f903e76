"""Fetching a pack over several connections at once, each going on where it broke off."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from interlock.errors import first_reason
from interlock.packs.header import Entry, encode_header
from interlock.service.connection import MOST_WAITS, Unusable
from interlock.service.pack_arrivals import ArrivingFrame, PackPart, Spread, parts_of
from interlock.service.pack_client import PackClient
from interlock.service.pack_protocol import PackPlan, PackRequest
from interlock.service.posting import NotOffered
from interlock.store.kept_parts import abandoned_parts
from interlock.store.layout import Layout

__all__ = ["SILENCE", "PackFetch", "Take"]

Take = Callable[[Entry, bytes | Path], Coroutine[Any, Any, None]]
"""What becomes of a file that has come whole, a path is gone afterwards."""

SILENCE = 10.0
"""Seconds in which nothing comes over any connection: then nobody is there. Bytes are handed on in pieces of 64 KiB."""
_TURN = 0.05
_TRIES = 5
"""In a row in which not a byte comes."""
_RESUMED = 50
"""How often one part may break off at all."""
_GIVEN_UP = 3
"""Files that a service announced and has not; with more it is of no use."""


class PackFetch:
    """One pack, fetched once."""

    def __init__(
        self, client: PackClient, request: PackRequest, layout: Layout, connections: int, silence: float = SILENCE
    ) -> None:
        self._client = client
        self._request = request
        self._layout = layout
        self._connections = connections
        self._silence = self._left = silence
        self._under_way = 0
        self._lost = 0
        self._replanning = anyio.Lock()

    def __repr__(self) -> str:
        return f"<PackFetch from {self._client!r}>"

    async def run(self, plan: PackPlan, take: Take) -> None:
        """Have every file of the plan taken that comes. Raises :class:`Unusable`; what was taken by then, was."""
        frames = await anyio.to_thread.run_sync(_frames, plan, self._layout)
        try:
            async with anyio.create_task_group() as watching:
                watching.start_soon(self._watch)
                async with anyio.create_task_group() as tasks:

                    def whole(frame: ArrivingFrame) -> None:
                        tasks.start_soon(_taken, frame, take)

                    spread = Spread(frames, len(encode_header(plan.header)), whole)
                    waiting = deque(parts_of(spread.lacking(), self._connections))
                    for frame in frames:
                        if frame.is_whole:
                            whole(frame)
                    for _ in range(min(self._connections, len(waiting))):
                        tasks.start_soon(self._work, plan, waiting, spread)
                watching.cancel_scope.cancel()
        except BaseExceptionGroup as failures:
            raise first_reason(failures) from None
        except anyio.get_cancelled_exc_class():
            for frame in frames:
                frame.leave()
            raise
        finally:
            for frame in frames:
                frame.lose()

    async def _work(self, plan: PackPlan, waiting: deque[tuple[int, int]], spread: Spread) -> None:
        while waiting:
            part = PackPart(waiting.popleft(), spread, self._heard)
            self._under_way += 1
            try:
                await self._bring(plan, part, spread)
            finally:
                self._under_way -= 1

    async def _bring(self, plan: PackPlan, part: PackPart, spread: Spread) -> None:
        silent = waits = 0
        for _ in range(_RESUMED):
            before = part.at
            status, why, pause = await self._client.part(plan.id, part)
            if part.at >= part.stop:
                return
            silent = 0 if part.at > before else silent + 1
            if status == 200 or silent >= _TRIES:
                raise Unusable("it sends no parts of packs" if status == 200 else why)
            if status == 404:
                await self._plan_again(plan)
            elif status == 429 and waits < MOST_WAITS:
                silent, waits = 0, waits + 1
                await anyio.sleep(pause)
            elif status >= 500:
                silent = 0
                self._give_up(part, spread, why)
                if part.at >= part.stop:
                    return
            elif status not in {0, 206}:
                raise Unusable(why)
            else:
                await anyio.sleep(_TURN * silent)
        raise Unusable("its answers break off")

    def _give_up(self, part: PackPart, spread: Spread, why: str) -> None:
        """Do without the file whose bytes were to come next."""
        self._heard()
        self._lost += 1
        if self._lost > _GIVEN_UP:
            raise Unusable(why)
        frame = spread.frame_at(part.at)
        frame.lose()
        part.at = min(part.stop, spread.end_of(frame))

    async def _plan_again(self, plan: PackPlan) -> None:
        """A service that was started anew knows no plans; the same question gives the same one."""
        async with self._replanning:
            try:
                same = (await self._client.plan(self._request)).id == plan.id
            except NotOffered as error:
                raise Unusable(str(error)) from error
        if not same:
            raise Unusable("it has no longer what it offered")

    def _heard(self) -> None:
        self._left = self._silence

    async def _watch(self) -> None:
        """Only time counts in which this process had its turns and something was to come."""
        while self._left > 0:
            await anyio.sleep(_TURN)
            self._left -= _TURN if self._under_way else 0.0
        raise Unusable(f"it said nothing for {self._silence:.0f} seconds")


def _frames(plan: PackPlan, layout: Layout) -> list[ArrivingFrame]:
    """The files of a plan, with what an earlier process left of them; blocking."""
    frames = [ArrivingFrame(entry, layout) for entry in plan.header.entries]
    left = abandoned_parts(layout)
    for frame in frames if left else ():
        if frame.key in left:
            frame.resume(left[frame.key])
    return frames


async def _taken(frame: ArrivingFrame, take: Take) -> None:
    """Of one that was not taken whoever fetches the pack decides whether it is kept."""
    resumed = frame.is_resumed
    try:
        await take(frame.entry, frame.content())
    except Unusable:
        # What an earlier process left may have been damaged since: whoever wants the file fetches it otherwise.
        if not resumed:
            raise
    frame.lose()
