"""Files from indexes and URLs: found, fetched, and verified before anybody sees them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import anyio
import msgspec
from packaging.version import InvalidVersion

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.names import NormalizedName
from interlock.core.sources.hashes import pairs
from interlock.core.sources.logins import redact
from interlock.core.sources.source import Index
from interlock.core.versions.version_list import parse_version
from interlock.index.again import twice
from interlock.index.failures import BadStatus, FileMissing, NotAFile, SizeMismatch, Unauthorized
from interlock.index.filenames import version_in
from interlock.index.index_pages import Pages
from interlock.index.local_pages import file_path
from interlock.index.pages import Page
from interlock.index.receiver import Receiver
from interlock.index.upstream import Upstream
from interlock.index.urls import filename_of, is_remote
from interlock.store.blobs import SecondLevel
from interlock.store.digests import DigestMismatch
from interlock.store.layout import Bucket, Layout
from interlock.store.replace import move_file

__all__ = ["Downloads", "Fetched", "find_artifact", "place", "receiver_for", "verify_hashes"]

_CHUNK = 1 << 20


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A file from a URL: its bytes, or a temporary file of the store that the receiver deletes."""

    content: bytes | Path
    sha256: str


class Downloads:
    """Fetches whole files; sdists stay in the store, since learning their metadata and building them are two steps."""

    def __init__(self, upstream: Upstream, pages: Pages) -> None:
        self._session = upstream.session
        self._pages = pages
        self._layout = upstream.layout
        self._second = upstream.second
        self._actual: dict[str, str] = {}
        self._learning: dict[str, anyio.Lock] = {}

    def __repr__(self) -> str:
        return f"<Downloads into {self._layout.root}>"

    async def fetch(self, index: Index, name: NormalizedName, artifact: Artifact) -> Receiver:
        """A file of an index, verified.

        Raises :class:`FileMissing`, :class:`DigestMismatch`, :class:`SizeMismatch` and what a session raises.
        """
        kept = self._kept(artifact.sha256)
        if kept is not None and not artifact.is_wheel:
            return await self._read(kept, artifact)
        if self._second is None or not artifact.sha256:
            return await self._from_index(index, name, artifact)
        receiver = await self._from_others(self._second, artifact)
        if receiver is None:
            receiver = await self._from_index(index, name, artifact)
            await self._second.save_file(Bucket.FILES, artifact.sha256, receiver.content)
        return receiver

    async def _from_others(self, second: SecondLevel, artifact: Artifact) -> Receiver | None:
        folder = await anyio.to_thread.run_sync(self._layout.temporary_directory)
        try:
            path = folder / artifact.sha256
            return (
                await self._read(path, artifact)
                if await second.load_file(Bucket.FILES, artifact.sha256, path)
                else None
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _from_index(self, index: Index, name: NormalizedName, artifact: Artifact) -> Receiver:
        url = self.address(index, name, artifact) or await self._learned(index, name, artifact)
        if url:
            try:
                return await self._receive(url, index, artifact)
            except (FileMissing, Unauthorized, BadStatus) as failure:
                # Another layout than the one that was learned, perhaps of a mirror: the page knows.
                found = await self._look_up(index, name, artifact.filename)
                if found in {"", url}:
                    raise failure
                return await self._receive(found, index, artifact)
        found = await self._look_up(index, name, artifact.filename)
        if not found:
            raise FileMissing(artifact.filename, index=index.name)
        return await self._receive(found, index, artifact)

    async def fetch_url(self, url: str, sha256: str, hashes: str = "") -> Fetched:
        """A file that no index knows of."""
        artifact = Artifact(filename=filename_of(url) or redact(url), sha256=sha256, hashes=hashes)
        receiver = await self._receive(url, None, artifact)
        return Fetched(content=receiver.content, sha256=await receiver.finish())

    def address(self, index: Index, name: NormalizedName, artifact: Artifact) -> str:
        """Where a file is, as far as is known without asking; empty otherwise."""
        page = self._pages.known(index, name)
        if artifact.location:
            base = page.base if page is not None else ""
            base = base or self._pages.base(index, name)
            return base + artifact.location if base else ""
        return page.links.get(artifact.filename, "") if page is not None else ""

    async def _learned(self, index: Index, name: NormalizedName, artifact: Artifact) -> str:
        """Where a file is, by what one page tells of the files of all: the first to come looks, the others wait."""
        if not artifact.location:
            return ""
        async with self._learning.setdefault(index.name, anyio.Lock()):
            return self.address(index, name, artifact) or await self._look_up(index, name, artifact.filename)

    async def _look_up(self, index: Index, name: NormalizedName, filename: str) -> str:
        page = await self._pages.page(index, name)
        return "" if page is None else _address_on(page, name, filename)

    async def _receive(self, url: str, index: Index | None, artifact: Artifact) -> Receiver:
        if not is_remote(url):
            if index is not None and is_remote(index.url):
                # Whatever a page said: an index of the network has no files on this machine.
                raise FileMissing(artifact.filename, index=index.name, url=redact(url))
            return await self._read(file_path(url), artifact)
        sha256 = self._actual.get(url, "")
        kept = self._kept(sha256)
        if kept is not None:
            return await self._read(kept, artifact)

        async def attempt(headers: Mapping[str, str]) -> Receiver:
            return await self._receive_remote(url, index, artifact, headers)

        return await twice(attempt, (DigestMismatch, SizeMismatch))

    async def _receive_remote(
        self, url: str, index: Index | None, artifact: Artifact, headers: Mapping[str, str]
    ) -> Receiver:
        response, receiver = await self._session.stream(
            url, "file", lambda: receiver_for(self._layout, artifact), index=index, headers=headers
        )
        try:
            if response.status != 200:
                if response.status in {404, 410}:
                    raise FileMissing(artifact.filename, index=index.name if index else "", url=redact(url))
                raise BadStatus(redact(url), response.status, index=index.name if index else "")
            self._actual[url] = await _verify(receiver, artifact)
        except BaseException:
            receiver.discard()
            raise
        return receiver

    async def _read(self, path: Path, artifact: Artifact) -> Receiver:
        """A file of this machine, as if it had been fetched."""
        receiver = receiver_for(self._layout, artifact)
        try:
            await anyio.to_thread.run_sync(_check_regular, path)
            async with await anyio.open_file(path, "rb") as file:
                while chunk := await file.read(_CHUNK):
                    await receiver.feed(chunk)
            await _verify(receiver, artifact)
        except FileNotFoundError as error:
            raise FileMissing(artifact.filename, url=str(path)) from error
        except BaseException:
            receiver.discard()
            raise
        return receiver

    def _kept(self, sha256: str) -> Path | None:
        if not sha256:
            return None
        path = self._layout.entry(Bucket.SDISTS, sha256)
        return path if path.exists() else None

    def keep_sdist(self, receiver: Receiver, sha256: str) -> None:
        """Put a verified sdist into the store; blocking for a large one no longer than a rename."""
        path = self._layout.entry(Bucket.SDISTS, sha256)
        if path.exists():
            receiver.discard()
        elif receiver.path is not None:
            move_file(receiver.path, path)
            receiver.path = None
        else:
            self._layout.write(path, receiver.data)

    def sdist_path(self, sha256: str) -> Path | None:
        """Where the store keeps an sdist, or None."""
        return self._kept(sha256)


def receiver_for(layout: Layout, artifact: Artifact) -> Receiver:
    """What takes the bytes of a file so that :func:`verify_hashes` can judge them."""
    others = [name for name, _ in pairs(artifact.hashes)]
    return Receiver(layout, others=others, filename=artifact.filename, most=artifact.size or 0)


async def verify_hashes(receiver: Receiver, artifact: Artifact) -> str:
    """The sha256 of a file that has every hash it was promised to have; raises :class:`DigestMismatch`."""
    actual = await receiver.finish()
    if artifact.sha256 and actual != artifact.sha256:
        raise DigestMismatch(artifact.filename, artifact.sha256, actual)
    for algorithm, digest in pairs(artifact.hashes):
        if receiver.digest(algorithm) != digest:
            raise DigestMismatch(artifact.filename, digest, receiver.digest(algorithm), algorithm=algorithm)
    return actual


def _check_regular(path: Path) -> None:
    """Raises :class:`NotAFile`, also for a folder; what is not there is told when it is opened."""
    if path.exists() and not path.is_file():
        raise NotAFile(path)


async def _verify(receiver: Receiver, artifact: Artifact) -> str:
    actual = await verify_hashes(receiver, artifact)
    # The hashes are what counts; without any, the size is all there is to compare.
    if not artifact.sha256 and not artifact.hashes and artifact.size is not None and receiver.size != artifact.size:
        raise SizeMismatch(artifact.filename, artifact.size, receiver.size)
    return actual


def _address_on(page: Page, name: NormalizedName, filename: str) -> str:
    if filename in page.links:
        return page.links[filename]
    artifact = find_artifact(page.listing, name, filename)
    return page.base + artifact.location if artifact is not None and artifact.location else ""


def find_artifact(listing: Listing, name: NormalizedName, filename: str) -> Artifact | None:
    """A file of a listing by its name."""
    text = version_in(filename, name)
    try:
        position = listing.versions.index(str(parse_version(text))) if text else -1
    except (InvalidVersion, ValueError):
        position = -1
    # Equal versions share an entry under the text of the first one, so the text may not be found.
    for number in range(len(listing.versions)) if position < 0 else (position,):
        for artifact in listing.artifacts(number):
            if artifact.filename == filename:
                return artifact
    return None


def place(source: Path, destination: Path) -> None:
    """Move a verified file to where it belongs, so that it appears there whole."""
    try:
        move_file(source, destination)
    except OSError:
        # Another file system: copy next to the destination first.
        partial = destination.with_name(f".{destination.name}.{source.name}")
        shutil.copyfile(source, partial)
        move_file(partial, destination)
        source.unlink()
