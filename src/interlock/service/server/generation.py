"""Generations: one configuration's state and application. Another configuration begins the next one at once; what was
asked of the one before is still answered by it, and then everything it had opened is closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup, TaskStatus
from starlette.types import ASGIApp, Receive, Scope, Send

from interlock.service.server.app import make_app
from interlock.service.server.configuration import Configuration
from interlock.service.server.state import Foundation, ServerState, open_state

__all__ = ["Generations", "open_generations"]

MakeApp = Callable[[ServerState], ASGIApp]


class _Generation:
    def __init__(self, state: ServerState, app: ASGIApp) -> None:
        self.state = state
        self.app = app
        self.under_way = 0
        self.over = anyio.Event()
        """Set when nothing more will be asked of it."""
        self.idle = anyio.Event()
        """Set when nothing is under way; what is set is replaced when something begins."""
        self.idle.set()

    def __repr__(self) -> str:
        return f"<_Generation [{self.under_way} under way]>"


class Generations:
    """The application that the server knows, whatever the configuration; complete within :func:`open_generations`."""

    def __init__(self, foundation: Foundation, make: MakeApp, tasks: TaskGroup) -> None:
        self._foundation = foundation
        self._make = make
        self._tasks = tasks
        self._current: _Generation | None = None

    def __repr__(self) -> str:
        return f"<Generations {self._current!r}>"

    @property
    def state(self) -> ServerState:
        return self._now.state

    @property
    def under_way(self) -> int:
        return self._now.under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        generation = self._now
        if not generation.under_way:
            generation.idle = anyio.Event()
        generation.under_way += 1
        try:
            await generation.app(scope, receive, send)
        finally:
            generation.under_way -= 1
            if not generation.under_way:
                generation.idle.set()

    async def follow(self, configuration: Configuration) -> None:
        """Begin the next one. Raises :class:`InterlockError`, and then the one before goes on."""
        await self._tasks.start(self._live, configuration)

    async def drain(self, seconds: float) -> None:
        """Begin nothing new, and wait for what is under way, but no longer."""
        self._foundation.ending.begun = True
        with anyio.move_on_after(seconds):
            await self._now.idle.wait()

    @property
    def _now(self) -> _Generation:
        assert self._current is not None, "made by open_generations"
        return self._current

    async def _live(self, configuration: Configuration, *, task_status: TaskStatus[None]) -> None:
        async with open_state(self._foundation, configuration) as state:
            generation = _Generation(state, self._make(state))
            before, self._current = self._current, generation
            if before is not None:
                before.over.set()
            task_status.started()
            await generation.over.wait()
            await generation.idle.wait()


@asynccontextmanager
async def open_generations(
    foundation: Foundation, configuration: Configuration, make: MakeApp = make_app
) -> AsyncIterator[Generations]:
    """The first one and those that follow. What is under way when this is left is cut off.

    Raises :class:`InterlockError` for a configuration that cannot be served.
    """
    async with anyio.create_task_group() as tasks:
        generations = Generations(foundation, make, tasks)
        await generations.follow(configuration)
        yield generations
        tasks.cancel_scope.cancel()
