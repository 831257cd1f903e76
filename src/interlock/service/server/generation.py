"""Generations: one configuration's state and application. Another configuration begins the next one at once; what was
asked of the one before is still answered by it, and then everything it had opened is closed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

import anyio
from msgspec.structs import replace
from starlette.types import ASGIApp, Receive, Scope, Send

from interlock.service.server.app import make_app
from interlock.service.server.configuration import Configuration
from interlock.service.server.state import ServerState

__all__ = ["Generations"]


class _Generation:
    def __init__(self, state: ServerState, app: ASGIApp) -> None:
        self.state = state
        self.app = app
        self.under_way = 0
        self.idle = anyio.Event()
        """Set when nothing is under way; what is set is replaced when something begins."""
        self.idle.set()

    def __repr__(self) -> str:
        return f"<_Generation [{self.under_way} under way]>"


class Generations:
    """The application that the server knows, whatever the configuration."""

    def __init__(self, state: ServerState, make: Callable[[ServerState], ASGIApp] = make_app) -> None:
        self._make = make
        self._current = _Generation(state, make(state))

    def __repr__(self) -> str:
        return f"<Generations {self._current!r}>"

    @property
    def state(self) -> ServerState:
        return self._current.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        generation = self._current
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
        """Begin the next one; returns when the one before is over."""
        before = self._current
        state = replace(before.state, configuration=configuration, lifetime=AsyncExitStack())
        self._current = _Generation(state, self._make(state))
        await before.idle.wait()
        await before.state.lifetime.aclose()

    @property
    def under_way(self) -> int:
        return self._current.under_way

    async def drain(self, seconds: float) -> None:
        """Begin nothing new, and wait for what is under way, but no longer."""
        self.state.ending.begun = True
        with anyio.move_on_after(seconds):
            await self._current.idle.wait()

    async def close(self) -> None:
        await self._current.state.lifetime.aclose()
