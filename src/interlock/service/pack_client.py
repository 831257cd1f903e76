"""Asking a service for a pack: what it would send, and parts of it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import Protocol

import anyio
import msgspec

from interlock.core.settings.limits import Limits
from interlock.index.fetcher import Fetcher, FetchFailed, Response, Sink
from interlock.index.transport import open_fetcher, open_poster
from interlock.means import Means
from interlock.packs.header import UNPACKED, Entry, encode_header, read_header
from interlock.packs.refusals import BadPack
from interlock.service.connection import Connection, Unusable, patience, refusal, refusal_code, said
from interlock.service.pack_protocol import PACKS, PackPlan, PackRequest
from interlock.service.protocol import FIRST_FRAME, SILENCE

__all__ = ["NotOffered", "PackClient", "Part"]

_MOST_BYTES = 64 << 20
"""Of a plan."""
_TURN = 0.05
"""Seconds."""


class NotOffered(Exception):
    """The service has no packs, or none for who asks; which is no trouble."""


class Part(Sink, Protocol):
    """What takes the bytes of a pack from one place to another."""

    at: int
    """The next byte that is wanted."""
    stop: int


class PackClient:
    """An async context manager."""

    def __init__(self, means: Means) -> None:
        self._connection = Connection(means)
        self._limits: Limits = means.layout.limits
        self._fetcher: Fetcher = open_fetcher(self._connection.options)

    def __repr__(self) -> str:
        return f"<PackClient of {self._connection!r}>"

    async def __aenter__(self) -> PackClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self._fetcher.close()

    async def plan(self, request: PackRequest) -> PackPlan:
        """What the service would send of what is asked for. Raises :class:`Unusable` and :class:`NotOffered`."""
        response, answer = await self._post(msgspec.json.encode(request))
        if response.status in {404, 405, 415} or refusal_code(response) == "scope-missing":
            raise NotOffered(refusal(response))
        if response.status != 200:
            raise Unusable(refusal(response))
        return self._judged(request, answer)

    async def part(self, name: str, part: Part) -> tuple[int, str, float]:
        """Ask for what is still to come of a part: the status (0: none), why it broke off, and when to ask again."""
        headers = {**self._connection.login, "range": f"bytes={part.at}-{part.stop - 1}"}
        try:
            response = await self._fetcher.stream(f"{self._connection.base}{PACKS}/{name}", headers, part)
        except FetchFailed as error:
            return 0, error.reason, 0.0
        return response.status, f"it answered {response.status}", patience(response)

    def _judged(self, request: PackRequest, answer: bytes) -> PackPlan:
        sizes = {file.sha256: file.size for file in request.files}
        try:
            plan = msgspec.json.decode(answer, type=PackPlan)
            read_header(encode_header(plan.header), self._limits)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unusable("its answer cannot be read") from error
        except BadPack as error:
            raise Unusable(f"its pack cannot be used ({said(error.why)})") from error
        if not all(_is_asked(entry, request, sizes) for entry in plan.header.entries):
            raise Unusable("it offers what was not asked for")
        return plan

    async def _post(self, body: bytes) -> tuple[Response, bytes]:
        headers = {"accept": "application/json", "content-type": "application/json", "content-encoding": "gzip"}
        headers |= self._connection.login
        packed = gzip.compress(body, compresslevel=3, mtime=0)
        poster, listener = open_poster(self._connection.options), _Listener()
        url = f"{self._connection.base}{PACKS}"
        send = partial(poster.post, url, headers, packed, listener, most=_MOST_BYTES)
        try:
            response = await listener.heard(send)
        except FetchFailed as error:
            raise Unusable(error.reason) from error
        finally:
            with anyio.CancelScope(shield=True):
                await poster.close()
        return response, bytes(listener.data)


class _Send(Protocol):
    async def __call__(self) -> Response: ...


class _Listener:
    """A sink that notices when nobody speaks."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._left = FIRST_FRAME

    async def feed(self, chunk: bytes) -> None:
        self.data += chunk
        self._left = SILENCE

    async def heard(self, send: _Send) -> Response:
        """The answer, as long as something comes. Only time counts in which this process had its turns."""
        found: list[Response | FetchFailed] = []

        async def ask() -> None:
            try:
                found.append(await send())
            except FetchFailed as error:
                found.append(error)
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            while self._left > 0:
                await anyio.sleep(_TURN)
                self._left -= _TURN
            tasks.cancel_scope.cancel()
        if not found:
            silence = f"said nothing for {SILENCE:.0f} seconds" if self.data else "did not answer within a second"
            raise Unusable(f"it {silence}")
        if isinstance(found[0], FetchFailed):
            raise found[0]
        return found[0]


def _is_asked(entry: Entry, request: PackRequest, sizes: Mapping[str, int]) -> bool:
    size = sizes.get(entry.sha256, 0)
    return entry.form in request.forms and (entry.length < size if entry.form in UNPACKED else entry.length == size)
