"""Who asks: the token of a request, and whether its scopes are enough.

A route is guarded where it is made::

    Route("/v1/locks", require(Scope.LOCK)(post_lock), methods=["POST"])
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from interlock.service.refusals import ScopeMissing, TokenRefused
from interlock.service.server.configuration import ConfiguredToken
from interlock.service.server.state import ServerState
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import Token, is_same_digest

__all__ = ["OPEN", "Authenticated", "header_of", "require", "token_of"]

OPEN = frozenset({"/live", "/ready"})
"""What asks for no token: health, for what starts and stops services."""

_KEY = "interlock.token"

Handler = Callable[[Request], Awaitable[Response]]


class Authenticated:
    """Passes on requests with a token that is valid, and refuses all others alike."""

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["path"] not in OPEN:
            scope[_KEY] = self._identify(header_of(scope, b"authorization"))
        await self._app(scope, receive, send)

    def _identify(self, header: bytes) -> Token:
        text = _credential(header.decode("latin-1"))
        if not text:
            raise TokenRefused("none was sent")
        kept = self._state.tokens.find(text)
        token = kept or _configured(text, self._state.configuration.tokens)
        if token is None or token.revoked is not None:
            raise TokenRefused("the one that was sent is not known")
        if not token.is_valid(self._state.clock()):
            raise TokenRefused("the one that was sent has expired")
        if kept is not None:
            self._state.tokens.note_use(kept, self._state.clock())
        return token


def require(scope: Scope) -> Callable[[Handler], Handler]:
    """Let a handler be asked only with a token that has a scope; all others get 403."""

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            scopes = token_of(request).scopes
            if scope not in scopes:
                raise ScopeMissing(scope, scopes)
            return await handler(request)

        return guarded

    return guard


def token_of(request: Request) -> Token:
    """Who asks; of a route that is not open."""
    token = request.scope[_KEY]
    assert isinstance(token, Token)
    return token


def header_of(scope: AsgiScope, name: bytes) -> bytes:
    """The first header with a name, in lower case; empty without one."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return next((value for key, value in headers if key == name), b"")


def _credential(header: str) -> str:
    """The token of a header: after ``Bearer``, or the password (else the user) of ``Basic``."""
    scheme, _, rest = header.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest
    if scheme.lower() != "basic":
        return ""
    try:
        user, _, password = base64.b64decode(rest, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return password or user


def _configured(text: str, tokens: Iterable[ConfiguredToken]) -> Token | None:
    """Looks at all of them, so that it takes as long for each."""
    found = None
    for one in tokens:
        if is_same_digest(text, one.digest):
            found = one.token
    return found
