"""A wheel's METADATA as it is written, by the cheapest way there is: its metadata file (PEP 658), else the end of the
wheel, else all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import anyio

from interlock.core.artifacts.artifact import Artifact
from interlock.core.settings.limits import Limits
from interlock.core.sources.hashes import pairs
from interlock.core.sources.logins import redact
from interlock.core.sources.source import Index
from interlock.core.text.numbers import whole_number
from interlock.index.again import twice
from interlock.index.downloads import receiver_for, verify_hashes
from interlock.index.failures import FileMissing, Unauthorized
from interlock.index.fetcher import Response
from interlock.index.receiver import Receiver
from interlock.index.session import Session
from interlock.index.urls import is_remote, origin
from interlock.index.wheel_tail import MoreNeeded, NotAWheel, Pieces, find_metadata, find_names
from interlock.store.digests import DigestMismatch
from interlock.store.layout import Layout

__all__ = ["WheelMetadata", "Whole", "metadata_in", "metadata_of", "names_in"]

_Find = Callable[[Pieces, str, Limits], bytes | MoreNeeded]

_TAIL = 64 << 10
_MOST_READS = 4
"""The end, a zip64 record, the directory, METADATA: no wheel needs more reads than that."""


class Whole(Protocol):
    """A wheel, for where less than all of it will not do."""

    async def metadata(self) -> bytes:
        """Its METADATA, out of all of it, verified."""

    async def keep(self, receiver: Receiver, sha256: str) -> None:
        """Take note of all of it, verified, which came though only a part was asked for."""


class WheelMetadata:
    """Reads METADATA of wheels on indexes, and remembers which hosts serve no ranges."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._session = session
        self._layout = layout
        self._limits = layout.limits
        self._without_ranges: set[str] = set()

    def __repr__(self) -> str:
        return f"<WheelMetadata [{len(self._without_ranges)} hosts without ranges]>"

    async def read(self, index: Index, artifact: Artifact, url: str, whole: Whole) -> bytes:
        """The text of a wheel's METADATA. ``url`` is where the wheel is, empty where that is not known yet.

        Raises :class:`NotAWheel`, :class:`DigestMismatch`, :class:`FileMissing` and what a session raises.
        """
        text: bytes | None = None
        if url and is_remote(url):
            if artifact.metadata_hashes:
                text = await self._from_file(url, index, artifact)
            if text is None and origin(url) not in self._without_ranges:
                text = await twice(
                    lambda headers: self._from_tail(url, index, artifact, whole, headers), (DigestMismatch, NotAWheel)
                )
        if text is None:
            text = await whole.metadata()
        return text

    async def names(self, index: Index, artifact: Artifact, url: str, whole: Whole) -> bytes | None:
        """The names of a wheel's files, one a line; None where they cannot be had without all of it.

        Raises as :meth:`read` does.
        """
        if not url or not is_remote(url) or origin(url) in self._without_ranges:
            return None
        return await twice(
            lambda headers: self._from_tail(url, index, artifact, whole, headers, find=find_names), (NotAWheel,)
        )

    async def _from_file(self, url: str, index: Index, artifact: Artifact) -> bytes | None:

        async def attempt(headers: Mapping[str, str]) -> bytes | None:
            response = await self._session.get(f"{url}.metadata", "metadata", index=index, headers=headers)
            if response.status != 200:
                return None
            _verify_metadata(response.body, artifact)
            return response.body

        try:
            return await twice(attempt, (DigestMismatch,))
        except Unauthorized:
            # Some file hosts answer so for what does not exist; the file itself will tell.
            return None

    async def _from_tail(
        self,
        url: str,
        index: Index,
        artifact: Artifact,
        whole: Whole,
        headers: Mapping[str, str],
        *,
        find: _Find = find_metadata,
    ) -> bytes | None:
        """METADATA, or what else is looked for, from the end of the wheel; None when the host serves no ranges and the
        wheel must be fetched.
        """
        pieces, wanted = Pieces(), f"bytes=-{_TAIL}"
        for _ in range(_MOST_READS):
            response, receiver = await self._session.stream(
                url,
                "range",
                lambda: receiver_for(self._layout, artifact),
                index=index,
                headers={**headers, "range": wanted},
            )
            if response.status == 200:
                # The host ignores ranges and sent everything: use it.
                self._without_ranges.add(origin(url))
                try:
                    await whole.keep(receiver, await verify_hashes(receiver, artifact))
                except BaseException:
                    receiver.discard()
                    raise
                return await _found_in(receiver, artifact.filename, self._limits, find)
            first = _first_byte(response)
            if response.status != 206 or first is None:
                if response.status in {404, 410}:
                    raise FileMissing(artifact.filename, index=index.name, url=redact(url))
                self._without_ranges.add(origin(url))
                return None
            pieces.add(first, await _taken(receiver))
            found = find(pieces, artifact.filename, self._limits)
            if not isinstance(found, MoreNeeded):
                return found
            wanted = f"bytes={found.start}-{found.stop - 1}"
        raise NotAWheel("its directory is not where it should be")


def _verify_metadata(body: bytes, artifact: Artifact) -> None:
    for algorithm, digest in pairs(artifact.metadata_hashes) if artifact.metadata_hashes != "true" else ():
        actual = hashlib.new(algorithm, body, usedforsecurity=False).hexdigest()
        if actual != digest:
            raise DigestMismatch(f"{artifact.filename}.metadata", digest, actual, algorithm=algorithm)


def _first_byte(response: Response) -> int | None:
    """Where a partial answer begins (``Content-Range: bytes 100-199/200``)."""
    unit, _, rest = response.headers.get("content-range", "").partition(" ")
    first = rest.partition("-")[0].strip()
    return whole_number(first) if unit == "bytes" else None


async def metadata_in(receiver: Receiver, filename: str, limits: Limits) -> bytes:
    """METADATA of a wheel that is here completely."""
    return await _found_in(receiver, filename, limits, find_metadata)


async def names_in(receiver: Receiver, filename: str, limits: Limits) -> bytes:
    """The names of the files of a wheel that is here completely."""
    return await _found_in(receiver, filename, limits, find_names)


async def _found_in(receiver: Receiver, filename: str, limits: Limits, find: _Find) -> bytes:
    pieces = Pieces()
    pieces.add(0, await _taken(receiver))
    found = find(pieces, filename, limits)
    if isinstance(found, MoreNeeded):
        raise NotAWheel("its directory is damaged")
    return found


def metadata_of(path: Path, filename: str, limits: Limits) -> bytes:
    """METADATA of a wheel on disk, of which only what is needed is read; blocking."""
    pieces, size = Pieces(), path.stat().st_size
    with open(path, "rb") as file:
        start, stop = max(0, size - _TAIL), size
        for _ in range(_MOST_READS):
            file.seek(start)
            pieces.add(start, file.read(stop - start))
            found = find_metadata(pieces, filename, limits)
            if not isinstance(found, MoreNeeded):
                return found
            start, stop = found.start, found.stop
    raise NotAWheel("its directory is damaged")


async def _taken(receiver: Receiver) -> bytes:
    """All that was received, as bytes; a temporary file is deleted."""
    try:
        await receiver.finish()
        return receiver.data if receiver.path is None else await anyio.Path(receiver.path).read_bytes()
    finally:
        receiver.discard()
