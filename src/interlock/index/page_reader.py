"""Pages read by a second process, while this one goes on with what it has.

Reading a large workspace's pages is most of the work of a cold lock, and Python does one thing at a time. Only what a
page says of versions comes back; its text stays where it was received.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from contextlib import suppress

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from interlock.index.fast_page import FastPage
from interlock.index.page_process import LENGTH, Answer, Order
from interlock.store.layout import CacheUnusable, Layout
from interlock.store.space import write_file

__all__ = ["PageReader"]

_ANSWER = msgspec.msgpack.Decoder(Answer)


class PageReader:
    """Starts with the first page it is given. One that fails gives no answers, and is asked no more."""

    def __init__(self, layout: Layout, *, python: str = sys.executable) -> None:
        self._layout = layout
        self._python = python
        self._process: Process | None = None
        self._answers: BufferedByteReceiveStream | None = None
        self._starting = anyio.Lock()
        self._sending = anyio.Lock()
        self._receiving = anyio.Lock()
        self._numbers = itertools.count()
        self._failed = False

    def __repr__(self) -> str:
        return f"<PageReader{' failed' if self._failed else ''}>"

    @property
    def works(self) -> bool:
        return not self._failed

    @property
    def is_started(self) -> bool:
        """Whether the process is there, which one page is not worth."""
        return self._process is not None

    async def read(self, order: Order, body: bytes) -> FastPage | None:
        """What a page says, which is then also stored; None when it has to be read here.

        ``order`` says everything but where the page is.
        """
        try:
            self._layout.prepare()
        except CacheUnusable:
            # Then it is read here, and not stored.
            self._failed = True
            return None
        path = self._layout.tmp / f"page-{os.getpid()}-{id(self):x}-{next(self._numbers)}"
        try:
            await anyio.to_thread.run_sync(write_file, path, body)
            return await self._answer(msgspec.structs.replace(order, body=str(path), store=str(self._layout.root)))
        except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.IncompleteRead, anyio.EndOfStream):
            self._failed = True
            return None
        except BaseException:
            # An answer that nobody waits for any more is not the next one's.
            self._failed = True
            raise
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    async def _answer(self, order: Order) -> FastPage | None:
        data = msgspec.msgpack.encode(order)
        process, answers = await self._started()
        assert process.stdin is not None
        async with self._sending:
            await process.stdin.send(len(data).to_bytes(LENGTH, "big") + data)
        # Locks are fair: who has sent first receives first, unless somebody before has given up.
        async with self._receiving:
            if self._failed:
                return None
            length = int.from_bytes(await answers.receive_exactly(LENGTH), "big")
            answer = _ANSWER.decode(await answers.receive_exactly(length))
            self._failed = answer.name != order.name
            return None if self._failed else answer.found

    async def _started(self) -> tuple[Process, BufferedByteReceiveStream]:
        async with self._starting:
            if self._process is None or self._answers is None:
                command = [self._python, "-E", "-P", "-m", "interlock.index.page_process"]
                # What is cancelled while a program starts would leave it to nobody.
                with anyio.CancelScope(shield=True):
                    process = self._process = await anyio.open_process(command, stderr=subprocess.DEVNULL)
                received: ByteReceiveStream | None = process.stdout
                assert received is not None
                self._answers = BufferedByteReceiveStream(received)
                return process, self._answers
            return self._process, self._answers

    async def close(self) -> None:
        """End the process, which finishes what it has begun to store."""
        self._failed = True
        if self._process is not None:
            assert self._process.stdin is not None
            with anyio.CancelScope(shield=True), suppress(OSError, anyio.BrokenResourceError):
                await self._process.stdin.aclose()
                await self._process.wait()
            await self._process.aclose()
