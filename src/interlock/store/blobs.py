"""Blobs: bytes by bucket and key that many machines share, as a second level behind a store.

A store stays what it is, local files that can be linked from; a blob is asked for where the store has nothing, and
given where something was made. What is there never changes: a blob is created when it is absent, and that is all that a
place for blobs has to be able to do. It is not believed: files are kept under their sha256, everything else is sealed
with its own, and what does not have it is as good as absent.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from interlock.events import SILENT, Reporter, Warned
from interlock.store.layout import Layout
from interlock.store.replace import move_file
from interlock.store.space import named, write_file

__all__ = ["Blobs", "Claims", "DirectoryBlobs", "SecondLevel", "unavailable"]

_BUCKET = re.compile(r"[a-z][a-z0-9-]{0,40}")
_KEY = re.compile(r"[0-9a-f]{64}")
_SEAL = 64


class Blobs(Protocol):
    """A place for blobs. Buckets are short words, keys 64 hexadecimal digits; trouble is an :class:`OSError`."""

    async def get(self, bucket: str, key: str) -> bytes | None:
        """A small blob, or None when it is absent."""

    async def fetch(self, bucket: str, key: str, destination: Path) -> bool:
        """Write a blob to a new file; False when it is absent."""

    async def put(self, bucket: str, key: str, content: bytes | Path) -> bool:
        """Create a blob of bytes or of a file's; False when there is one."""

    async def drop(self, bucket: str, key: str) -> None:
        """Remove a blob that is broken; one that is absent already is no trouble."""


class Claims(Protocol):
    """Who makes what at this moment, so that it is made once. It saves work and decides nothing: nothing is raised."""

    async def take(self, key: str, /) -> bool:
        """Whether to make something here; False where another one does."""

    async def over(self, key: str, /) -> None:
        """Wait until another one has made it, or does so no more."""

    async def leave(self, key: str, /) -> None:
        """It is made here, or will not be."""


class DirectoryBlobs:
    """Blobs in a directory, as ``<bucket>/ab/<key>``; several machines may share it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __repr__(self) -> str:
        return f"<DirectoryBlobs in {self._root}>"

    async def get(self, bucket: str, key: str) -> bytes | None:
        path = self._path(bucket, key)

        def read() -> bytes | None:
            with suppress(FileNotFoundError):
                return path.read_bytes()
            return None

        return await anyio.to_thread.run_sync(read)

    async def fetch(self, bucket: str, key: str, destination: Path) -> bool:
        path = self._path(bucket, key)

        def copy() -> bool:
            with suppress(FileNotFoundError), named(destination):
                shutil.copyfile(path, destination)
                return True
            return False

        return await anyio.to_thread.run_sync(copy)

    async def put(self, bucket: str, key: str, content: bytes | Path) -> bool:
        path = self._path(bucket, key)
        return await anyio.to_thread.run_sync(self._put, path, content)

    async def drop(self, bucket: str, key: str) -> None:
        path = self._path(bucket, key)
        await anyio.to_thread.run_sync(lambda: path.unlink(missing_ok=True))

    def _put(self, path: Path, content: bytes | Path) -> bool:
        if path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        passing = path.with_name(f".{path.name}-{os.urandom(6).hex()}")
        try:
            if isinstance(content, bytes):
                write_file(passing, content)
            else:
                with named(passing):
                    shutil.copyfile(content, passing)
            # A link is made or is refused: two who write at once are never mixed, and who was first stays.
            os.link(passing, path)
        except FileExistsError:
            return False
        finally:
            passing.unlink(missing_ok=True)
        return True

    def _path(self, bucket: str, key: str) -> Path:
        if not _BUCKET.fullmatch(bucket) or not _KEY.fullmatch(key):
            raise ValueError(f"no bucket and key: {bucket!r}, {key!r}")
        return self._root / bucket / key[:2] / key


class SecondLevel:
    """Blobs as a store asks for them: verified, and never a reason to fail."""

    def __init__(self, blobs: Blobs, layout: Layout, reporter: Reporter = SILENT, claims: Claims | None = None) -> None:
        self._blobs = blobs
        self.claims = claims
        self._layout = layout
        self._reporter = reporter
        self._told = False

    def __repr__(self) -> str:
        return f"<SecondLevel of {self._blobs!r}>"

    async def load(self, bucket: str, key: str) -> bytes | None:
        """What was saved under a key, or None."""
        try:
            sealed = await self._blobs.get(bucket, key)
            if sealed is None:
                return None
            data = sealed[_SEAL:]
            if hashlib.sha256(data).hexdigest().encode() == sealed[:_SEAL]:
                return data
            await self._blobs.drop(bucket, key)
        except OSError as error:
            self._tell(error)
        return None

    async def save(self, bucket: str, key: str, data: bytes) -> None:
        try:
            await self._blobs.put(bucket, key, hashlib.sha256(data).hexdigest().encode() + data)
        except OSError as error:
            self._tell(error)

    async def load_file(self, bucket: str, sha256: str, path: Path) -> bool:
        """Put a file where it belongs in the store, whole and verified; False when there is none."""
        folder = await anyio.to_thread.run_sync(self._layout.temporary_directory)
        passing = folder / "blob"
        try:
            if not await self._blobs.fetch(bucket, sha256, passing):
                return False
            if await anyio.to_thread.run_sync(_digest, passing) == sha256:
                await anyio.to_thread.run_sync(move_file, passing, path)
                return True
            await self._blobs.drop(bucket, sha256)
        except OSError as error:
            self._tell(error)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return False

    async def save_file(self, bucket: str, sha256: str, content: bytes | Path) -> None:
        try:
            await self._blobs.put(bucket, sha256, content)
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        """Once: what is missing is made, and nobody has to wait for a place that is in trouble."""
        if not self._told:
            self._told = True
            why = error.strerror or str(error)
            self._reporter.report(unavailable(why))


def unavailable(why: str) -> Warned:
    """What is told, once, of a place that is in trouble."""
    return Warned("blobs-unavailable", f"What others have made cannot be used ({why}). It is made here.")


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
