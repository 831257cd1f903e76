"""The application: layers around routes.

From the outside in: who asks by way of a proxy, an answer to everything, the token, its quota, bounds of the request,
then the routes. Each room hangs its routes in by a function ``routes(state)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from interlock.service.refusals import BadRequest, MethodRefused, NothingHere, Refusal
from interlock.service.server import cache, claims, health, locks, newest, openapi, packs, simple, turborepo
from interlock.service.server.access import Authenticated
from interlock.service.server.answering import Answering
from interlock.service.server.bounds import Bounded
from interlock.service.server.proxies import Forwarded
from interlock.service.server.quotas import Limited, Quotas
from interlock.service.server.state import ServerState

__all__ = ["make_app"]

ROOMS: tuple[Callable[[ServerState], Sequence[BaseRoute]], ...] = (
    health.routes,
    openapi.routes,
    locks.routes,
    newest.routes,
    packs.routes,
    cache.routes,
    claims.routes,
    turborepo.routes,
    simple.routes,
)
"""Who has routes, in the order in which they are looked at."""


def make_app(state: ServerState) -> ASGIApp:
    router = Router([route for room in ROOMS for route in room(state)], redirect_slashes=False)
    limits = state.configuration.limits
    bounded = Bounded(_Routes(router), limits)
    asked = Authenticated(Limited(bounded, Quotas(limits)), state)
    return Forwarded(Answering(asked, state), state.configuration.trusted_proxies)


class _Routes:
    """The router, whose refusals are ours."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # With an application around it the router raises what it would otherwise answer itself.
        scope["app"] = self
        try:
            await self._router(scope, receive, send)
        except HTTPException as error:
            raise self._refusal(scope, error) from error

    def _refusal(self, scope: Scope, error: HTTPException) -> Refusal:
        if error.status_code == 405:
            # The router tells the methods of the first route of an address, and each has its own.
            routes = [route for route in self._router.routes if route.matches(scope)[0] is not Match.NONE]
            methods = {method for route in routes if isinstance(route, Route) for method in route.methods or ()}
            return MethodRefused(scope["method"], ", ".join(sorted(methods)))
        return _refusal(scope, error)


def _refusal(scope: Scope, error: HTTPException) -> Refusal:
    if error.status_code == 404:
        return NothingHere(scope["path"])
    return BadRequest(f"{error.detail}.")
