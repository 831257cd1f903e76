"""Bounds of one request: how large, how slow, and in which version of the protocol."""

from __future__ import annotations

import asyncio
import re
import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interlock.service.refusals import (
    BadRequest,
    BodyTooLarge,
    BodyTooSlow,
    HeadersTooLarge,
    UnknownProtocol,
)
from interlock.service.server.access import header_of
from interlock.service.server.limits import Limits

__all__ = ["PROTOCOLS", "Bounded"]

PROTOCOLS = ("v1",)
"""Spoken here: the first part of an address, and in the type of a body, ``application/vnd.interlock.v1+json``."""

_FORMS = "/upload/"
_FILES = ("/cache/", "/v8/artifacts/")
"""Below these, what is put is a file."""
_FOREIGN = "/v8/artifacts"
"""Somebody else's protocol, whose version is not one of ours."""
_VERSIONED = re.compile(r"/(v\d{1,4})(?:/|$)")
_TYPE = re.compile(rb"application/vnd\.interlock\.(v\d{1,4})\+")


class Bounded:
    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limits = self._limits
        _check_headers(scope, limits.max_header_bytes)
        _check_version(scope)
        path = scope["path"]
        uploads = path.startswith(_FORMS) or (scope["method"] == "PUT" and path.startswith(_FILES))
        most = limits.max_upload_bytes if uploads else limits.max_body_bytes
        announced = header_of(scope, b"content-length")
        if announced:
            if not announced.isdigit() or len(announced) > 18:
                raise BadRequest("Content-Length is not a number of bytes.")
            if int(announced) > most:
                raise BodyTooLarge(most)
        body = _Body(receive, limits, most)
        await self._app(scope, body.receive, _Answer(send, limits.idle_seconds).send)


class _Body:
    """What comes from the client, as long as it comes."""

    def __init__(self, receive: Receive, limits: Limits, most: int) -> None:
        self._receive = receive
        self._limits = limits
        self._most = most
        self._begun = time.monotonic()
        self._bytes = 0
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:
            # Only the end of the connection is still to come, however long that takes.
            return await self._receive()
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow(self._bytes, time.monotonic() - self._begun) from None
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            self._judge()
        return message

    def _judge(self) -> None:
        if self._bytes > self._most:
            raise BodyTooLarge(self._most)
        seconds = time.monotonic() - self._begun
        enough = (seconds - self._limits.idle_seconds) * self._limits.slowest_bytes_per_second
        if not self._whole and self._bytes < enough:
            raise BodyTooSlow(self._bytes, seconds)


class _Answer:
    """What goes to the client, as long as it is taken."""

    def __init__(self, send: Send, idle_seconds: int) -> None:
        self._send = send
        self._seconds = idle_seconds

    async def send(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(message)
        except TimeoutError:
            raise ClientDisconnect from None


def _check_headers(scope: Scope, most: int) -> None:
    size = len(scope["path"]) + len(scope["query_string"])
    size += sum(len(name) + len(value) for name, value in scope["headers"])
    if size > most:
        raise HeadersTooLarge(most)


def _check_version(scope: Scope) -> None:
    """Refuse another version with those there are, so that the client knows what to do."""
    asked = _VERSIONED.match(scope["path"])
    is_ours = not f"{scope['path']}/".startswith(f"{_FOREIGN}/")
    if asked is not None and is_ours and asked[1] not in PROTOCOLS:
        raise UnknownProtocol(asked[1], PROTOCOLS)
    stated = _TYPE.match(header_of(scope, b"content-type"))
    if stated is not None and (version := stated[1].decode("ascii")) not in PROTOCOLS:
        raise UnknownProtocol(version, PROTOCOLS)
