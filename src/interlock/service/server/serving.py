"""``interlock serve``: from a data folder and a configuration to a service that listens, until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import msgspec

from interlock.errors import InterlockError
from interlock.means import Means
from interlock.service.server.configuration import Configuration
from interlock.service.server.configured import configured
from interlock.service.server.generation import Generations, open_generations
from interlock.service.server.http_server import HttpServer
from interlock.service.server.listening import Endpoint, listening
from interlock.service.server.log import Log
from interlock.service.server.metrics import Metrics
from interlock.service.server.state import Ending, Foundation
from interlock.service.state.data_folder import DataFolder
from interlock.service.state.job_list import JobList
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import TokenStore
from interlock.signals import ENDING, receiving
from interlock.store.replace import replace_file

__all__ = ["Announcement", "Start", "run_service"]

_AGAIN: int | None = getattr(signal, "SIGHUP", None)
_SERVER_ENDED = 0
_FIRST_SCOPES = frozenset({Scope.READ, Scope.LOCK, Scope.CACHE_READ})
_LAST_MOMENTS = 2.0
"""Seconds for the server to close its connections, once all answers are sent."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How a service is to begin."""

    endpoint: Endpoint
    folder: DataFolder
    file: Path | None
    """Of the configuration."""
    workers: int
    means: Means
    clock: Callable[[], float]
    log: Log


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What clients need, once the service listens."""

    endpoint: Endpoint
    is_secure: bool
    first_token: str | None
    """The text of the token that was made just now, else None."""
    has_first_token: bool
    """Whether the file of the first token is there."""


async def run_service(start: Start, announce: Callable[[Announcement], None]) -> None:
    """Serve until SIGTERM or Ctrl-C, and answer then what was asked before. Raises :class:`InterlockError`."""
    configuration = configured(start.file, start.means)
    async with AsyncExitStack() as stack:
        stack.enter_context(start.folder.alone())
        tokens = TokenStore(start.folder.database)
        stack.callback(tokens.close)
        jobs = JobList(start.folder.job_list)
        stack.callback(jobs.close)
        opened, endpoint = stack.enter_context(listening(start.endpoint))
        foundation = Foundation(
            folder=start.folder,
            tokens=tokens,
            jobs=jobs,
            clock=start.clock,
            log=start.log,
            metrics=Metrics(),
            ending=Ending(),
            workers=start.workers,
            means=start.means,
        )
        generations = await stack.enter_async_context(open_generations(foundation, configuration))
        server = HttpServer(generations, opened, configuration)
        first = None if start.file is not None else _first_token(start, tokens)
        _warn(start, endpoint, configuration)
        await _serve(server, generations, start, lambda: announce(_announcement(start, endpoint, configuration, first)))


async def _serve(server: HttpServer, generations: Generations, start: Start, ready: Callable[[], None]) -> None:
    signals = _Signals()
    numbers = (*ENDING, _AGAIN) if _AGAIN is not None else ENDING
    with receiving(numbers, signals.deliver):
        async with anyio.create_task_group() as group:
            group.start_soon(_run, server, signals)
            ready()
            while (number := await signals.next()) == _AGAIN:
                group.start_soon(_reload, generations, start)
            if number == _SERVER_ENDED:
                raise RuntimeError("the HTTP server ended by itself")
            start.log.event("draining", signal=number)
            await _drain(generations, signals)
            if generations.under_way:
                start.log.event("cut", requests=generations.under_way)
            server.stop()
            group.cancel_scope.deadline = anyio.current_time() + _LAST_MOMENTS
    start.log.event("ended")


async def _run(server: HttpServer, signals: _Signals) -> None:
    await server.serve()
    signals.deliver(_SERVER_ENDED)


async def _drain(generations: Generations, signals: _Signals) -> None:
    """Wait until all have their answers, or their time is over, or whoever ends the service says it again."""
    async with anyio.create_task_group() as group:

        async def drain() -> None:
            await generations.drain(generations.state.configuration.limits.drain_seconds)
            group.cancel_scope.cancel()

        group.start_soon(drain)
        await signals.next()
        group.cancel_scope.cancel()


async def _reload(generations: Generations, start: Start) -> None:
    """Read the configuration again; one that cannot be used changes nothing."""
    try:
        before, configuration = generations.state.configuration, configured(start.file, start.means)
        await generations.follow(configuration)
    except InterlockError as error:
        start.log.event("not-reloaded", code=error.code, message=error.message)
        return
    if configuration.tls != before.tls:
        start.log.event("warned", message="Another certificate counts when the service is started again.")
    start.log.event("reloaded", indexes=[index.name for index in configuration.indexes])


class _Signals:
    """What asks for something, in the order in which it comes."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received: asyncio.Queue[int] = asyncio.Queue()

    def deliver(self, number: int) -> None:
        """Called between two steps of whatever the main thread does."""
        self._loop.call_soon_threadsafe(self._received.put_nowait, number)

    async def next(self) -> int:
        return await self._received.get()


def _first_token(start: Start, tokens: TokenStore) -> str | None:
    """Make a token where there has never been one, and keep it where only the owner may read it."""
    if tokens.all():
        return None
    made = tokens.create("first", _FIRST_SCOPES, now=start.clock(), indexes=None, expires=None)
    replace_file(start.folder.first_token, f"{made.text}\n".encode(), mode=0o600)
    return made.text


def _announcement(start: Start, endpoint: Endpoint, configuration: Configuration, first: str | None) -> Announcement:
    start.log.event(
        "listening",
        place=str(endpoint),
        data=str(start.folder.root),
        indexes=[index.name for index in configuration.indexes],
        workers=start.workers,
    )
    return Announcement(
        endpoint=endpoint,
        is_secure=configuration.tls is not None,
        first_token=first,
        has_first_token=start.folder.first_token.is_file(),
    )


def _warn(start: Start, endpoint: Endpoint, configuration: Configuration) -> None:
    if not endpoint.is_loopback and configuration.tls is None and not configuration.trusted_proxies:
        start.log.event(
            "warned",
            message=f"Tokens travel to {endpoint} unencrypted. Name a certificate under [tls], or the proxies that have"
            " one in `trusted-proxies`.",
        )
