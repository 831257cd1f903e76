"""The index's routes, guarded: who may read and who may publish, and which indexes there are for whom."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import Request
from starlette.routing import Route

from interlock.service.proxy.endpoints import Endpoints
from interlock.service.proxy.proxy import Proxy
from interlock.service.server.access import require, token_of
from interlock.service.server.configuration import Configuration
from interlock.service.state.scopes import Scope

__all__ = ["ServesIndexes", "routes"]


class ServesIndexes(Protocol):
    """A state that has an index for everybody."""

    @property
    def configuration(self) -> Configuration: ...

    @property
    def proxy(self) -> Proxy: ...


def routes(state: ServesIndexes) -> list[Route]:
    def permits(request: Request, index: str) -> bool:
        return index in state.configuration.indexes_of(token_of(request))

    endpoints = Endpoints(state.proxy, permits)
    read, publish = require(Scope.READ), require(Scope.PUBLISH)
    reading = [Route(path, read(endpoint), methods=["GET", "HEAD"]) for path, endpoint in endpoints.reading()]
    return reading + [Route(path, publish(endpoint), methods=["POST"]) for path, endpoint in endpoints.writing()]
