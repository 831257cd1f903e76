"""Files of origins: stored once they were fetched, and fetched once for all who want them.

::

    files-v1/ab/<sha256>      as published; without a sha256, under the digest of where it is and what is told of it
    texts-v1/ab/<key>         METADATA of wheels, after its sha256 and a line feed
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskGroup

from interlock.core.sources.logins import redact
from interlock.index.failures import BadStatus, FileMissing
from interlock.index.once import Flights
from interlock.index.receiver import Receiver
from interlock.index.upstream import Upstream
from interlock.index.wheel_metadata import WheelMetadata, metadata_of
from interlock.index.wheel_tail import NotAWheel
from interlock.service.proxy.arrivals import Arrival
from interlock.service.proxy.project_pages import Located
from interlock.store.layout import Bucket, Layout
from interlock.store.replace import move_file
from interlock.store.wheels import BadWheel

__all__ = ["FileMeans", "Files"]

_DIGEST = 64
_NOTED = 3600
"""Seconds after which it is noted that a file was used again."""


class FileMeans(msgspec.Struct, frozen=True):
    clock: Callable[[], float]
    """Seconds since 1970."""
    reserve: Callable[[int], None]
    """Called with a number of bytes before they are written; raises where there is no room for them."""


class Files:
    """``tasks`` fetches what somebody waited for, also when nobody waits any more."""

    def __init__(self, upstream: Upstream, tasks: TaskGroup, means: FileMeans) -> None:
        layout = upstream.layout
        self._session = upstream.session
        self._layout = layout
        self._second = upstream.second
        self.limits = layout.limits
        self._tasks = tasks
        self._means = means
        self._coming: dict[Path, Arrival] = {}
        self._metadata = WheelMetadata(upstream.session, layout)
        self._texts: Flights[Path, bytes] = Flights()

    def __repr__(self) -> str:
        return f"<Files [{len(self._coming)} on their way]>"

    def stored(self, located: Located) -> Path | None:
        path = self._path(located)
        try:
            status = path.stat()
        except OSError:
            return None
        now = self._means.clock()
        if now - max(status.st_atime, status.st_mtime) > _NOTED:
            # What is used is kept longer, and not every file system notes that by itself.
            with suppress(OSError):
                os.utime(path, (now, status.st_mtime))
        return path

    def arrival(self, located: Located) -> Arrival:
        """A file that is not stored: the one that is on its way, or a new one."""
        path = self._path(located)
        found = self._coming.get(path)
        if found is None:
            found = self._coming[path] = Arrival(self._layout, located.artifact, self._means.reserve)
            self._tasks.start_soon(self._bring, found, located, path)
        return found

    async def whole(self, located: Located) -> Path:
        """Where a file is stored, once it is."""
        path = self._path(located)
        if not path.exists():
            await self.arrival(located).finished()
        return path

    async def metadata(self, located: Located) -> bytes:
        """The METADATA of a wheel as it is written."""
        path = self._layout.entry(Bucket.TEXTS, _key(located))
        text = self._load(path)
        return text if text is not None else await self._texts.get(path, lambda: self._learn(path, located))

    async def _bring(self, arrival: Arrival, located: Located, path: Path) -> None:
        try:
            if await self._from_others(located, path):
                arrival.is_at(path)
                return
            response, _ = await self._session.stream(located.url, "file", lambda: arrival, index=located.found.index)
            if response.status != 200:
                name = located.found.index.name
                if response.status in {404, 410}:
                    raise FileMissing(located.artifact.filename, index=name, url=redact(located.url))
                raise BadStatus(redact(located.url), response.status, index=name)
            await arrival.store(path)
            if self._second is not None and located.artifact.sha256:
                await self._second.save_file(Bucket.FILES, located.artifact.sha256, path)
        except BaseException as error:
            # It is raised for each who waits, and nobody else is the worse for it.
            arrival.fail(error)
            if not isinstance(error, Exception):
                raise
        finally:
            del self._coming[path]

    async def _from_others(self, located: Located, path: Path) -> bool:
        sha256 = located.artifact.sha256
        return self._second is not None and bool(sha256) and await self._second.load_file(Bucket.FILES, sha256, path)

    async def _learn(self, path: Path, located: Located) -> bytes:
        index, artifact = located.found.index, located.artifact
        known = None if self._second is None else await self._second.load(Bucket.TEXTS, path.name)
        if known is not None:
            await anyio.to_thread.run_sync(self._layout.write, path, _sealed(known))
            return known
        url = located.url if self.stored(located) is None else ""
        try:
            text = await self._metadata.read(index, artifact, url, _Whole(self, located))
        except NotAWheel as error:
            raise BadWheel(artifact.filename, str(error)) from error
        await anyio.to_thread.run_sync(self._layout.write, path, _sealed(text))
        if self._second is not None:
            await self._second.save(Bucket.TEXTS, path.name, text)
        return text

    def _load(self, path: Path) -> bytes | None:
        data = self._layout.read(path)
        if data is None:
            return None
        digest, text = data[:_DIGEST].decode(errors="replace"), data[_DIGEST + 1 :]
        return text if hashlib.sha256(text).hexdigest() == digest else None

    async def keep(self, located: Located, receiver: Receiver) -> None:
        """Store a file that came, verified, when less of it was asked for."""
        path = self._path(located)
        if not path.exists():
            content = receiver.content
            if isinstance(content, bytes):
                await anyio.to_thread.run_sync(self._layout.write, path, content)
            else:
                await anyio.to_thread.run_sync(_link, content, path, self._layout)

    def _path(self, located: Located) -> Path:
        return self._layout.entry(Bucket.FILES, located.artifact.sha256 or _key(located))


class _Whole:
    """A wheel that is stored when all of it has to be read."""

    def __init__(self, files: Files, located: Located) -> None:
        self._files = files
        self._located = located

    async def metadata(self) -> bytes:
        path = await self._files.whole(self._located)
        filename = self._located.artifact.filename
        return await anyio.to_thread.run_sync(metadata_of, path, filename, self._files.limits)

    async def keep(self, receiver: Receiver, sha256: str) -> None:
        await self._files.keep(self._located, receiver)


def _key(located: Located) -> str:
    """By index as well: what one index says of a file must not become what another one says."""
    artifact = located.artifact
    told = f"{artifact.sha256}\n{artifact.hashes}\n{artifact.size}\n{artifact.metadata_hashes}"
    return hashlib.sha256(f"{located.found.place}\n{located.url}\n{told}".encode()).hexdigest()


def _sealed(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def _link(source: Path, target: Path, layout: Layout) -> None:
    folder = layout.temporary_directory()
    try:
        os.link(source, folder / "file")
        move_file(folder / "file", target)
    finally:
        folder.rmdir()
