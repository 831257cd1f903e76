"""Health and metrics: ``/live``, ``/ready``, ``/metrics``."""

from __future__ import annotations

import os
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from interlock.service.server.access import require
from interlock.service.server.state import ServerState
from interlock.service.state.scopes import Scope

__all__ = ["routes"]

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def routes(state: ServerState) -> Sequence[BaseRoute]:
    async def live(request: Request) -> Response:
        """Whether the process answers at all."""
        del request
        return PlainTextResponse("live\n")

    async def ready(request: Request) -> Response:
        """Whether requests should be sent here."""
        del request
        why = _why_not(state)
        return PlainTextResponse(f"{why or 'ready'}\n", 503 if why else 200)

    async def metrics(request: Request) -> Response:
        del request
        return Response(state.metrics.text(), media_type=_PROMETHEUS)

    return (
        Route("/live", live),
        Route("/ready", ready),
        Route("/metrics", require(Scope.ADMIN)(metrics)),
    )


def _why_not(state: ServerState) -> str:
    if state.ending.begun:
        return "draining"
    return "" if os.access(state.folder.root, os.W_OK) else "data folder not writable"
