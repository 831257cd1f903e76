"""Core metadata of one version, by the cheapest way there is (PEP 658, PEP 643).

For a wheel: its metadata file, else its last 64 KiB, else all of it. For an sdist: its PKG-INFO when that may be
trusted, else it has to be built, which is somebody else's business.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence

import anyio
from packaging.version import InvalidVersion

from interlock.core.artifacts.artifact import Artifact
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.text import InvalidMetadata, parse_metadata, static_sdist_metadata
from interlock.core.names import NormalizedName
from interlock.core.settings.limits import Limits
from interlock.core.sources.hashes import pairs
from interlock.core.sources.source import Index
from interlock.core.text.numbers import whole_number
from interlock.core.versions.version_list import parse_version
from interlock.index.again import twice
from interlock.index.downloads import Downloads, verify_hashes
from interlock.index.failures import FileMissing, Offline, Unauthorized
from interlock.index.fetcher import Response
from interlock.index.index_pages import Pages
from interlock.index.local_pages import file_path
from interlock.index.outcomes import NeedsBuild, Unavailable
from interlock.index.receiver import Receiver
from interlock.index.sdist_info import read_pkg_info
from interlock.index.upstream import Upstream
from interlock.index.urls import is_remote, origin, redact
from interlock.index.wheel_tail import MoreNeeded, NotAWheel, Pieces, find_metadata
from interlock.store.digests import DigestMismatch
from interlock.store.entries import Entries

__all__ = ["MetadataLadder", "choose_artifact"]

_BUCKET = "metadata-v1"
_TAIL = 64 << 10
_MOST_READS = 4
"""The end, a zip64 record, the directory, METADATA: no wheel needs more reads than that."""

Outcome = Metadata | NeedsBuild | Unavailable


class MetadataLadder:
    """Climbs down until some rung holds; what was learned is kept by index and file."""

    def __init__(self, upstream: Upstream, pages: Pages, downloads: Downloads) -> None:
        layout = upstream.layout
        self._session = upstream.session
        self._pages = pages
        self._downloads = downloads
        self._layout = layout
        self._offline = upstream.offline
        self._under_way = upstream.metadata
        # None stands for an sdist whose PKG-INFO cannot be trusted.
        self._entries: Entries[Metadata | None] = Entries(layout, _BUCKET, Metadata | None)  # type: ignore[arg-type]
        self._without_ranges: set[str] = set()

    def __repr__(self) -> str:
        return f"<MetadataLadder [{len(self._without_ranges)} hosts without ranges]>"

    async def climb(self, index: Index, name: NormalizedName, version: str, artifacts: Sequence[Artifact]) -> Outcome:
        """The metadata of a version of which these files may be used."""
        artifact = choose_artifact(artifacts)
        if artifact is None:
            return Unavailable("it has no wheel and no source distribution")
        key = self._key(index, name, artifact)
        outcome = self._load(key, artifact)
        if outcome is None:
            try:
                outcome = await self._under_way.get(key, lambda: self._learn(index, name, artifact))
            except Offline:
                if not self._offline:
                    raise
                return Unavailable("its metadata is not in the cache, and the network is not used (offline)")
            except (InvalidMetadata, NotAWheel) as error:
                return Unavailable(f"{artifact.filename}: {error}")
            except FileMissing as error:
                return Unavailable(error.message)
            self._entries.save(key, outcome if isinstance(outcome, Metadata) else None)
        return _checked(outcome, name, version, artifact)

    def known(self, index: Index, name: NormalizedName, artifact: Artifact) -> Metadata | None:
        """What was learned of a file before, if anything was."""
        return self._entries.load(self._key(index, name, artifact))

    def _key(self, index: Index, name: NormalizedName, artifact: Artifact) -> str:
        # By index as well as by hash: what one index says about a file must not become what another one says.
        identity = artifact.sha256 or _place(self._downloads.address(index, name, artifact)) or artifact.filename
        return hashlib.sha256(f"{self._pages.key(index)}\n{identity}".encode()).hexdigest()

    def _load(self, key: str, artifact: Artifact) -> Metadata | NeedsBuild | None:
        found = self._entries.load(key)
        if found is not None or artifact.is_wheel:
            return found
        return NeedsBuild(artifact) if self._entries.path(key).exists() else None

    async def _learn(self, index: Index, name: NormalizedName, artifact: Artifact) -> Metadata | NeedsBuild:
        if not artifact.is_wheel:
            return await self._from_sdist(index, name, artifact)
        url = self._downloads.address(index, name, artifact)
        text: bytes | None = None
        if url and is_remote(url):
            if artifact.metadata_hashes:
                text = await self._from_metadata_file(url, index, artifact)
            if text is None and origin(url) not in self._without_ranges:
                text = await twice(
                    lambda headers: self._from_tail(url, index, artifact, headers), (DigestMismatch, NotAWheel)
                )
        if text is None:
            receiver = await self._downloads.fetch(index, name, artifact)
            text = await _whole(receiver, artifact.filename, self._layout.limits)
        return parse_metadata(text)

    async def _from_metadata_file(self, url: str, index: Index, artifact: Artifact) -> bytes | None:

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

    async def _from_tail(self, url: str, index: Index, artifact: Artifact, headers: Mapping[str, str]) -> bytes | None:
        """METADATA from the end of the wheel; None when the host serves no ranges and the wheel must be fetched."""
        pieces, wanted = Pieces(), f"bytes=-{_TAIL}"
        for _ in range(_MOST_READS):
            response, receiver = await self._session.stream(
                url,
                "range",
                lambda: self._downloads.receiver(artifact),
                index=index,
                headers={**headers, "range": wanted},
            )
            if response.status == 200:
                # The host ignores ranges and sent everything: use it.
                self._without_ranges.add(origin(url))
                try:
                    await verify_hashes(receiver, artifact)
                except BaseException:
                    receiver.discard()
                    raise
                return await _whole(receiver, artifact.filename, self._layout.limits)
            first = _first_byte(response)
            if response.status != 206 or first is None:
                if response.status in {404, 410}:
                    raise FileMissing(artifact.filename, index=index.name, url=redact(url))
                self._without_ranges.add(origin(url))
                return None
            pieces.add(first, await _taken(receiver))
            found = find_metadata(pieces, artifact.filename, self._layout.limits)
            if not isinstance(found, MoreNeeded):
                return found
            wanted = f"bytes={found.start}-{found.stop - 1}"
        raise NotAWheel("its directory is not where it should be")

    async def _from_sdist(self, index: Index, name: NormalizedName, artifact: Artifact) -> Metadata | NeedsBuild:
        receiver = await self._downloads.fetch(index, name, artifact)
        sha256 = await receiver.finish()
        await anyio.to_thread.run_sync(self._downloads.keep_sdist, receiver, sha256)
        path = self._downloads.sdist_path(sha256)
        text = (
            None
            if path is None
            else await anyio.to_thread.run_sync(read_pkg_info, path, artifact.filename, self._layout.limits)
        )
        metadata = None if text is None else static_sdist_metadata(text)
        return NeedsBuild(artifact) if metadata is None else metadata


def _verify_metadata(body: bytes, artifact: Artifact) -> None:
    for algorithm, digest in pairs(artifact.metadata_hashes) if artifact.metadata_hashes != "true" else ():
        actual = hashlib.new(algorithm, body, usedforsecurity=False).hexdigest()
        if actual != digest:
            raise DigestMismatch(f"{artifact.filename}.metadata", digest, actual, algorithm=algorithm)


def _place(address: str) -> str:
    """What tells a file without a hash: where it is, and on this machine also whether it was written again since."""
    if not address or is_remote(address):
        return address
    try:
        status = os.stat(file_path(address))
    except OSError:
        return address
    return f"{address} {status.st_size} {status.st_mtime_ns} {status.st_ino}"


def choose_artifact(artifacts: Sequence[Artifact]) -> Artifact | None:
    """The file that stands for a version: all wheels of a version say the same, so the cheapest and plainest one."""
    if not artifacts:
        return None
    return min(artifacts, key=_rank)


def _rank(artifact: Artifact) -> tuple[bool, bool, bool, str]:
    return (
        not artifact.is_wheel,
        not artifact.metadata_hashes,
        not artifact.filename.endswith(("-none-any.whl", ".tar.gz")),
        artifact.filename,
    )


def _checked(outcome: Metadata | NeedsBuild, name: NormalizedName, version: str, artifact: Artifact) -> Outcome:
    """A file must be what its name says."""
    if isinstance(outcome, NeedsBuild):
        return outcome
    if outcome.name != name:
        return Unavailable(f"{artifact.filename} holds the metadata of another package, {outcome.name}")
    try:
        same = outcome.version == version or parse_version(outcome.version) == parse_version(version)
    except InvalidVersion:
        same = False
    return outcome if same else Unavailable(f"{artifact.filename} holds the metadata of version {outcome.version}")


def _first_byte(response: Response) -> int | None:
    """Where a partial answer begins (``Content-Range: bytes 100-199/200``)."""
    unit, _, rest = response.headers.get("content-range", "").partition(" ")
    first = rest.partition("-")[0].strip()
    return whole_number(first) if unit == "bytes" else None


async def _whole(receiver: Receiver, filename: str, limits: Limits) -> bytes:
    """METADATA of a wheel that is here completely."""
    pieces = Pieces()
    pieces.add(0, await _taken(receiver))
    found = find_metadata(pieces, filename, limits)
    if isinstance(found, MoreNeeded):
        raise NotAWheel("its directory is damaged")
    return found


async def _taken(receiver: Receiver) -> bytes:
    """All that was received, as bytes; a temporary file is deleted."""
    try:
        await receiver.finish()
        return receiver.data if receiver.path is None else await anyio.Path(receiver.path).read_bytes()
    finally:
        receiver.discard()
