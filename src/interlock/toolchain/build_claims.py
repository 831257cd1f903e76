"""Claims of a command at the service that its cache is of: what another client builds at this moment is waited for.

Whatever goes wrong with it, nobody is waited for any more, and everything is built here. Its patience is that of the
cache: both together cost a run no more than a second.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

import anyio
import msgspec

from interlock.events import Noted, Reporter
from interlock.index.fetcher import SHORT, FetchFailed
from interlock.index.transport import open_poster
from interlock.store.blobs import unavailable
from interlock.toolchain.build_cache import BuildCache
from interlock.toolchain.claims import CLAIMS, Beat, ClaimAnswer, ClaimFrame, ClaimRequest, Freed, Opened

__all__ = ["BuildClaims"]

_SILENCE = 3.0
"""Seconds without a frame after which the service counts as gone, once it has spoken; before, the cache's patience."""
_TURN = 0.05
_MOST_BYTES = 1 << 30
"""Of frames, which is months."""
_FRAMES: msgspec.json.Decoder[Opened | Freed | Beat] = msgspec.json.Decoder(ClaimFrame)


class BuildClaims:
    """``service`` is its address. ``live`` has to run as long as there is anything to claim."""

    def __init__(self, service: str, cache: BuildCache, reporter: Reporter) -> None:
        self._url = f"{service}{CLAIMS}"
        self._cache = cache
        self._poster = open_poster(cache.options)
        self._headers = {"content-type": "application/json", **cache.login}
        self._reporter = reporter
        self._opened = anyio.Event()
        self._session = ""
        self._is_over = False
        self._waits: dict[str, anyio.Event] = {}
        self._waited: set[str] = set()

    def __repr__(self) -> str:
        return f"<BuildClaims at {self._url}>"

    async def take(self, key: str) -> bool:
        """Whether to build something here; False where another client builds it, and :meth:`over` tells when to look.

        What was waited for once is not waited for again.
        """
        if self._cache.is_gone:
            return True
        self._cache.asked.set()
        try:
            await self._cache.patience.keep(self._opened.wait)
        except FetchFailed as error:
            self._give_up(error.reason)
        # Before anybody is asked, so that no frame comes too early.
        self._waits.setdefault(key, anyio.Event())
        if not self._is_over and not await self._say(ClaimRequest(key=key)) and key not in self._waited:
            return False
        self._waits.pop(key, None)
        return True

    async def over(self, key: str) -> None:
        """Wait until what another client builds is built, or that client is gone."""
        waits = self._waits.get(key)
        if waits is not None:
            await waits.wait()
            self._waits.pop(key, None)
        self._waited.add(key)

    async def leave(self, key: str) -> None:
        """End a claim: it is built and others can have it, or it cannot be built."""
        if not self._is_over:
            await self._say(ClaimRequest(key=key, ends=True))

    async def live(self, closing: anyio.Event) -> None:
        """Keep the session of the command, from the first look into the cache on, until it closes."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep)
            await closing.wait()
            tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._poster.close()

    async def _keep(self) -> None:
        await self._cache.asked.wait()
        why = ""
        frames = _Frames(self._take)
        async with anyio.create_task_group() as tasks:

            async def listen() -> None:
                nonlocal why
                try:
                    response = await self._poster.post(self._url, self._headers, b"", frames, most=_MOST_BYTES)
                    why = f"it answered {response.status}"
                except FetchFailed as error:
                    why = error.reason
                tasks.cancel_scope.cancel()

            tasks.start_soon(listen)
            await frames.silence()
            tasks.cancel_scope.cancel()
        if not why and not self._cache.is_gone:
            self._cache.leave_alone()
            self._reporter.report(unavailable(f"{self._url} said nothing for {_SILENCE:.0f} seconds"))
        self._give_up(why or "it says nothing")

    def _take(self, frame: Opened | Freed | Beat) -> None:
        self._cache.patience.is_there()
        if isinstance(frame, Opened):
            self._session = frame.session
            self._opened.set()
        elif isinstance(frame, Freed):
            for key in frame.keys:
                if key in self._waits:
                    self._waits[key].set()

    async def _say(self, asked: ClaimRequest) -> bool:
        """Whether something is ours to build, as it is where nobody answers."""
        said, url = _Said(), f"{self._url}/{self._session}"
        post = partial(self._poster.post, url, self._headers, msgspec.json.encode(asked), said, most=SHORT)
        try:
            response = await self._cache.answer(post)
            if response.status == 200:
                return msgspec.json.decode(bytes(said.data), type=ClaimAnswer).yours
            self._give_up(f"it answered {response.status}")
        except FetchFailed as error:
            self._give_up(error.reason)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._give_up("its answer cannot be read")
        return True

    def _give_up(self, why: str) -> None:
        if not self._is_over:
            self._is_over = True
            self._opened.set()
            for waits in self._waits.values():
                waits.set()
            self._reporter.report(Noted(f"Builds of others are not waited for: {self._url}: {why}."))


class _Frames:
    """A session's stream, line by line."""

    def __init__(self, take: _TakeFrame) -> None:
        self._take = take
        self._rest = b""
        self._left = _SILENCE

    async def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._left = _SILENCE
        for line in lines:
            try:
                self._take(_FRAMES.decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise FetchFailed("broken", "its frames cannot be read") from error

    async def silence(self) -> None:
        """Returns when nothing has come for too long; only time counts in which this process had its turns."""
        while self._left > 0:
            await anyio.sleep(_TURN)
            self._left -= _TURN


class _TakeFrame(Protocol):
    def __call__(self, frame: Opened | Freed | Beat, /) -> None: ...


class _Said:
    """An answer, kept as it comes."""

    def __init__(self) -> None:
        self.data = bytearray()

    async def feed(self, chunk: bytes) -> None:
        self.data += chunk
