"""The outermost layer: every request gets an answer, every failure the error document, and each is counted and logged.

The document is that of ``--json``: ``{"error": {"code", "message", "hint", "facts"}}``.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interlock.errors import InterlockError, bug_document, error_document
from interlock.service.refusals import Draining, Refusal, status_of
from interlock.service.server.log import without_secrets
from interlock.service.server.state import ServerState
from interlock.service.state.tokens import Token

__all__ = ["Answering"]

_GONE = 499
"""What the log says of a client that did not wait, as is the custom."""
_HEALTH = ("/live", "/ready")


class Answering:
    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        watch = _Watch(scope, send)
        metrics = self._state.metrics
        metrics.under_way.inc()
        try:
            if self._state.ending.begun and scope["path"] not in _HEALTH:
                raise Draining
            await self._app(scope, receive, watch.send)
        except ClientDisconnect:
            watch.status = _GONE
        except InterlockError as error:
            await self._refuse(watch, receive, error)
        except Exception as error:  # the last line of defence: the requests of others go on
            await self._admit(watch, receive, error)
        finally:
            metrics.under_way.dec()
            self._note(watch)

    async def _refuse(self, watch: _Watch, receive: Receive, error: InterlockError) -> None:
        if not watch.status:
            await _refusal(error)(watch.scope, receive, watch.send)
        if not isinstance(error, Refusal):
            self._state.log.event("refused", path=watch.path, error=error_document(error)["error"])

    async def _admit(self, watch: _Watch, receive: Receive, error: Exception) -> None:
        """A bug of ours: the client is told no more than that."""
        self._state.log.event("bug", path=watch.path, error=f"{type(error).__name__}: {error}", trace=_trace(error))
        if not watch.status:
            document = bug_document("The service failed; its log has the reason.")
            await _json(500, document)(watch.scope, receive, watch.send)

    def _note(self, watch: _Watch) -> None:
        seconds = time.monotonic() - watch.begun
        route, metrics = watch.route, self._state.metrics
        metrics.requests.labels(route, watch.method, str(watch.status)).inc()
        metrics.seconds.labels(route).observe(seconds)
        metrics.bytes.labels(route).inc(watch.sent)
        if watch.path in _HEALTH:
            return
        token = watch.scope.get("interlock.token")
        self._state.log.event(
            "request",
            method=watch.method,
            path=watch.path,
            status=watch.status,
            seconds=round(seconds, 4),
            sent=watch.sent,
            client=(watch.scope.get("client") or ("",))[0],
            token=token.id if isinstance(token, Token) else None,
        )


class _Watch:
    """One request: what is known of its answer so far."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.begun = time.monotonic()
        self.status = 0
        self.sent = 0
        self._send = send

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def method(self) -> str:
        """One that HTTP has, so that nobody makes labels without end."""
        method = str(self.scope["method"])
        return method if method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} else "other"

    @property
    def route(self) -> str:
        """The pattern that matched, not what was asked for: of those there is no end."""
        return str(getattr(self.scope.get("route"), "path", "none"))

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
        await self._send(message)


def _refusal(error: InterlockError) -> Response:
    """The answer to what failed."""
    answer = _json(status_of(error), error_document(error))
    if isinstance(error, Refusal):
        answer.headers.update(error.headers)
    return answer


def _json(status: int, document: dict[str, Any]) -> Response:
    body = msgspec.json.encode(without_secrets(document), enc_hook=str)
    return Response(body, status, media_type="application/json", headers={"Cache-Control": "no-store"})


def _trace(error: Exception) -> list[str]:
    """Where it happened, innermost last."""
    places, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        places.append(f"{code.co_filename}:{step.tb_lineno} {code.co_qualname}")
        step = step.tb_next
    return places
