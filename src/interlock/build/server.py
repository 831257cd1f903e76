"""Hook servers: one process per build environment and backend, one forked child of it per hook call (PEP 517).

The other end is ``_hook_runner.py``. A server is started by the first call that needs it and ends with the pool; a call
that is cancelled or takes too long has its process group killed, and the server serves on.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import anyio
import anyio.abc
import msgspec
from anyio.streams.buffered import BufferedByteReceiveStream

from interlock.build.environment import BuildEnvironment

__all__ = ["HookCall", "HookResult", "HookServers"]

_RUNNER = Path(__file__).with_name("_hook_runner.py")
_START_SECONDS = 120.0
_KILL_SECONDS = 5.0
_LARGEST = 64 * 1024 * 1024
_LOST = (
    OSError,
    EOFError,
    anyio.EndOfStream,
    anyio.IncompleteRead,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
)


class HookCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a backend's hook."""

    hook: str
    tree: str
    """Source tree, absolute; the hook's working directory."""
    backend: str
    backend_path: tuple[str, ...] = ()
    args: tuple[object, ...] = ()
    """Positional, as PEP 517 orders them; JSON values."""
    log: str
    """File that takes what the backend prints."""


class HookResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a call."""

    kind: str
    """What the runner says (see ``_hook_runner.py``), or ``timeout``, or ``lost`` when the runner itself is gone."""
    value: object = None
    message: str = ""
    status: int | str | None = None
    signal: int | None = None
    full: tuple[int, str] | None = None
    """Number and file of the error, when a disk without room was its cause; the file is empty when nobody knows it."""


class _Frame(msgspec.Struct):
    id: int = -1
    pid: int | None = None
    result: HookResult | None = None
    ready: bool = False
    fork: bool = True


class _Waiter:
    def __init__(self) -> None:
        self.done = anyio.Event()
        self.pid: int | None = None
        self.result: HookResult | None = None

    def finish(self, result: HookResult) -> None:
        if self.result is None:
            self.result = result
        self.done.set()


class _Process:
    """A running ``_hook_runner.py`` and the frames to and from it."""

    def __init__(self, process: anyio.abc.Process, stderr: IO[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.stdin = process.stdin
        self.stdout = BufferedByteReceiveStream(process.stdout)
        self.stderr = stderr
        self.sending = anyio.Lock()
        self.waiters: dict[int, _Waiter] = {}
        self.alive = True

    @classmethod
    async def start(cls, command: list[str], environ: Mapping[str, str], cwd: Path) -> tuple[Self, _Frame]:
        stderr = (cwd / f"server-{os.urandom(6).hex()}.log").open("w+b")
        try:
            # What is cancelled while a program starts would leave it to nobody.
            with anyio.CancelScope(shield=True):
                process = await anyio.open_process(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    cwd=cwd,
                    env=environ,
                    # Out of the terminal's reach: Ctrl-C cancels us, and we end what we started.
                    start_new_session=sys.platform != "win32",
                )
        except BaseException:
            stderr.close()
            raise
        server = cls(process, stderr)
        try:
            with anyio.fail_after(_START_SECONDS):
                ready = await server.receive()
        except BaseException:
            await server.close(kill=True)
            raise
        return server, ready

    async def send(self, message: object) -> None:
        body = msgspec.json.encode(message)
        async with self.sending:
            # A frame that is sent in part would garble all that follow.
            with anyio.CancelScope(shield=True):
                await self.stdin.send(len(body).to_bytes(4, "big") + body)

    async def receive(self) -> _Frame:
        size = int.from_bytes(await self.stdout.receive_exactly(4), "big")
        if size > _LARGEST:
            raise EOFError
        return msgspec.json.decode(await self.stdout.receive_exactly(size), type=_Frame)

    async def read(self) -> None:
        """Give answers to those who wait, until the process ends."""
        try:
            while True:
                frame = await self.receive()
                waiter = self.waiters.get(frame.id)
                if waiter is not None and frame.pid is not None:
                    waiter.pid = frame.pid
                if waiter is not None and frame.result is not None:
                    waiter.finish(frame.result)
        except (*_LOST, msgspec.MsgspecError):
            pass
        finally:
            self.alive = False
            for waiter in self.waiters.values():
                waiter.finish(HookResult(kind="lost", message=self.last_words()))

    def last_words(self) -> str:
        self.stderr.seek(0)
        return self.stderr.read().decode("utf-8", "replace").strip()[-4000:]

    async def call(self, number: int, call: HookCall, timeout: float) -> HookResult:
        waiter = self.waiters[number] = _Waiter()
        try:
            await self.send({"id": number, **msgspec.to_builtins(call)})
            with anyio.move_on_after(timeout):
                await waiter.done.wait()
        except _LOST:
            self.alive = False
            waiter.finish(HookResult(kind="lost", message=self.last_words()))
        finally:
            if waiter.result is None:
                await self.cancel(number, waiter)
            del self.waiters[number]
        return waiter.result or HookResult(kind="timeout")

    async def cancel(self, number: int, waiter: _Waiter) -> None:
        """Kill the call's process group and see it gone."""
        with anyio.CancelScope(shield=True):
            with suppress(*_LOST), anyio.move_on_after(_KILL_SECONDS):
                await self.send({"id": number, "cancel": True})
                await waiter.done.wait()
            if waiter.done.is_set():
                # Keep "cancelled" to ourselves: the caller knows why it gave up.
                waiter.result = None
            else:
                _kill_group(waiter.pid)

    async def close(self, *, kill: bool = False) -> None:
        with anyio.CancelScope(shield=True):
            pids = [waiter.pid for waiter in self.waiters.values()]
            if kill:
                _kill_group(self.process.pid)
            with suppress(*_LOST):
                await self.stdin.aclose()
            with anyio.move_on_after(_KILL_SECONDS) as scope:
                await self.process.wait()
            if scope.cancelled_caught:
                for pid in (*pids, self.process.pid):
                    _kill_group(pid)
            await self.process.aclose()
            self.stderr.close()


def _kill_group(pid: int | None) -> None:
    if pid is None:
        return
    with suppress(OSError):
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGKILL)


class _Slot:
    """The place of one server in the pool; starting it is done once, by whoever comes first."""

    def __init__(self) -> None:
        self.starting = anyio.Lock()
        self.process: _Process | None = None
        self.fork = True
        self.calls = 0


class HookServers:
    """The servers of one command; an async context manager, which ends every process it started."""

    def __init__(self, folder: Path, *, most: int = 8, fork: bool = True) -> None:
        self._folder = folder
        self._most = most
        self._fork = fork
        self._numbers = count()
        self._slots: dict[tuple[str, str, tuple[tuple[str, str], ...]], _Slot] = {}
        self._group = anyio.create_task_group()
        self.started = 0
        """Interpreters started so far."""

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for slot in self._slots.values():
            if slot.process is not None:
                await slot.process.close()
        self._slots.clear()
        # The readers end with their processes. The body's own error is not the group's: it must come out as it is.
        self._group.cancel_scope.cancel()
        await self._group.__aexit__(None, None, None)

    async def call(
        self, environment: BuildEnvironment, call: HookCall, *, environ: Mapping[str, str], timeout: float = math.inf
    ) -> HookResult:
        """Run one hook; never raises for what the backend does. Raises OSError if the interpreter cannot be started."""
        # An in-tree backend belongs to one tree, so there is nothing to import ahead, and its tree's code stays out.
        preload = "" if call.backend_path else call.backend
        key = (environment.python, preload, tuple(sorted(environ.items())))
        slot = self._slots.pop(key, None) or _Slot()
        self._slots[key] = slot
        slot.calls += 1
        try:
            if self._fork and slot.fork:
                process = await self._serving(slot, environment.python, preload, environ)
                if process is None:
                    return HookResult(kind="lost", message="The interpreter ended before it was ready.")
                if slot.fork:
                    return await process.call(next(self._numbers), call, timeout)
            async with self._single(environment.python, environ) as process:
                result = await process.call(next(self._numbers), call, timeout)
                if result.kind != "lost":
                    return result
                status = await process.process.wait()
                return HookResult(kind="died", status=max(status, 0), signal=-status if status < 0 else None)
        except (EOFError, anyio.EndOfStream, anyio.IncompleteRead) as error:
            return HookResult(kind="lost", message=str(error))
        except TimeoutError:
            return HookResult(kind="timeout", message="The interpreter did not become ready.")
        finally:
            slot.calls -= 1
            await self._close_idle()

    async def forget(self, environment: BuildEnvironment) -> None:
        """End the idle servers of an environment, which know it as it was."""
        for key in [key for key, slot in self._slots.items() if key[0] == environment.python and not slot.calls]:
            process = self._slots.pop(key).process
            if process is not None:
                await process.close()

    async def _serving(self, slot: _Slot, python: str, preload: str, environ: Mapping[str, str]) -> _Process | None:
        async with slot.starting:
            if slot.process is not None and not slot.process.alive:
                await slot.process.close(kill=True)
                slot.process = None
            if slot.process is None and slot.fork:
                command = [python, str(_RUNNER), "serve", preload]
                process, ready = await _Process.start(command, environ, self._folder)
                self.started += 1
                if not ready.fork:
                    await process.close()
                    slot.fork = False
                    return process
                slot.process = process
                self._group.start_soon(process.read)
            return slot.process

    @asynccontextmanager
    async def _single(self, python: str, environ: Mapping[str, str]) -> AsyncIterator[_Process]:
        process, _ = await _Process.start([python, str(_RUNNER), "once"], environ, self._folder)
        self.started += 1
        self._group.start_soon(process.read)
        finished = False
        try:
            yield process
            finished = not process.waiters
        finally:
            await process.close(kill=not finished)

    async def _close_idle(self) -> None:
        """Keep the number of idle interpreters bounded; the least recently used goes first."""
        while len(self._slots) > self._most:
            key = next((key for key, slot in self._slots.items() if not slot.calls), None)
            if key is None:
                return
            slot = self._slots.pop(key)
            if slot.process is not None:
                await slot.process.close()
