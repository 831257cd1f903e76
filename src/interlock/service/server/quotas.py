"""Quotas: how much one token may ask at once and per second, so that none takes the service from the others."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from interlock.service.refusals import TooManyRequests
from interlock.service.server.limits import Limits
from interlock.service.state.tokens import Token

__all__ = ["Limited", "Quotas"]

_WINDOW = 10
"""Seconds of requests that may come all at once after a pause."""
_BUSY = 1
"""Seconds after which to ask again when too much is under way."""


class _Use:
    """Of one token."""

    __slots__ = ("allowance", "at", "under_way")

    def __init__(self, allowance: float, at: float) -> None:
        self.allowance = allowance
        self.at = at
        self.under_way = 0


class Quotas:
    """What each token has used; kept by its id, of which there are as many as were made."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = limits.requests_per_second
        self._most = limits.concurrent_requests
        self._clock = clock
        self._uses: dict[str, _Use] = {}

    def __repr__(self) -> str:
        return f"<Quotas [{len(self._uses)} tokens]>"

    @contextmanager
    def taken(self, token: Token) -> Iterator[None]:
        """Count a request while it lasts. Raises :class:`TooManyRequests`, and then counts nothing."""
        now = self._clock()
        use = self._uses.get(token.id)
        if use is None:
            use = self._uses[token.id] = _Use(float((self._rate or 0) * _WINDOW), now)
        if use.under_way >= self._most:
            raise TooManyRequests(f"{self._most} requests under way, which is the most", _BUSY)
        if self._rate is not None:
            self._pay(use, self._rate, now)
        use.under_way += 1
        try:
            yield
        finally:
            use.under_way -= 1

    def _pay(self, use: _Use, rate: int, now: float) -> None:
        use.allowance = min(float(rate * _WINDOW), use.allowance + (now - use.at) * rate)
        use.at = now
        if use.allowance < 1:
            wait = math.ceil((1 - use.allowance) / rate)
            raise TooManyRequests(f"asked for more than {rate} things per second", wait)
        use.allowance -= 1


class Limited:
    """Passes on what the quota of the token allows; what asks for no token is not counted."""

    def __init__(self, app: ASGIApp, quotas: Quotas) -> None:
        self._app = app
        self._quotas = quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = scope.get("interlock.token")
        if token is None:
            await self._app(scope, receive, send)
            return
        with self._quotas.taken(token):
            await self._app(scope, receive, send)
