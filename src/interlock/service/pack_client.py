"""Asking a service for a pack: what it would send, and parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol

import anyio
import msgspec

from interlock.core.settings.limits import Limits
from interlock.index.fetcher import Fetcher, FetchFailed, Sink
from interlock.index.transport import open_fetcher
from interlock.means import Means
from interlock.packs.header import UNPACKED, Entry, encode_header, read_header
from interlock.packs.refusals import BadPack
from interlock.service.connection import Connection, Unusable, patience, said
from interlock.service.pack_protocol import PACKS, PackPlan, PackRequest
from interlock.service.posting import post

__all__ = ["PackClient", "Part"]

_MOST_BYTES = 64 << 20
"""Of a plan."""


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
        return self._judged(request, await post(self._connection, PACKS, request, _MOST_BYTES))

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


def _is_asked(entry: Entry, request: PackRequest, sizes: Mapping[str, int]) -> bool:
    size = sizes.get(entry.sha256, 0)
    return entry.form in request.forms and (entry.length < size if entry.form in UNPACKED else entry.length == size)
