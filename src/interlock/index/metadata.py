"""Core metadata of one version, by the cheapest way there is (PEP 658, PEP 643).

For a wheel: what :mod:`interlock.index.wheel_metadata` finds. For an sdist: its PKG-INFO when that may be trusted, else
it has to be built, which is somebody else's business.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

import anyio
from packaging.version import InvalidVersion

from interlock.core.artifacts.artifact import Artifact
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.text import InvalidMetadata, parse_metadata, static_sdist_metadata
from interlock.core.names import NormalizedName
from interlock.core.settings.limits import Limits
from interlock.core.sources.source import Index
from interlock.core.versions.version_list import parse_version
from interlock.index.downloads import Downloads
from interlock.index.failures import FileMissing, Offline
from interlock.index.index_pages import Pages
from interlock.index.local_pages import file_path
from interlock.index.outcomes import NeedsBuild, Unavailable
from interlock.index.receiver import Receiver
from interlock.index.sdist_info import read_pkg_info
from interlock.index.upstream import Upstream
from interlock.index.urls import is_remote
from interlock.index.wheel_metadata import WheelMetadata, metadata_in, names_in
from interlock.index.wheel_tail import NotAWheel
from interlock.store.entries import Entries
from interlock.store.layout import Bucket

__all__ = ["MetadataLadder", "choose_artifact"]

Outcome = Metadata | NeedsBuild | Unavailable


class MetadataLadder:
    """Climbs down until some rung holds; what was learned is kept by index and file."""

    def __init__(self, upstream: Upstream, pages: Pages, downloads: Downloads) -> None:
        layout = upstream.layout
        self._pages = pages
        self._texts = WheelMetadata(upstream.session, layout)
        self._downloads = downloads
        self._layout = layout
        self._offline = upstream.offline
        self._second = upstream.second
        self._under_way = upstream.metadata
        # None stands for an sdist whose PKG-INFO cannot be trusted.
        self._entries: Entries[Metadata | None] = Entries(layout, Bucket.METADATA, Metadata | None)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"<MetadataLadder {self._texts!r}>"

    async def climb(self, index: Index, name: NormalizedName, version: str, artifacts: Sequence[Artifact]) -> Outcome:
        """The metadata of a version of which these files may be used."""
        artifact = choose_artifact(artifacts)
        if artifact is None:
            return Unavailable("it has no wheel and no source distribution")
        key = self._key(index, name, artifact)
        outcome = self._load(key, artifact) or await self._from_others(key, artifact)
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
            await self._to_others(key)
        return _checked(outcome, name, version, artifact)

    def known(self, index: Index, name: NormalizedName, artifact: Artifact) -> Metadata | None:
        """What was learned of a file before, if anything was."""
        return self._entries.load(self._key(index, name, artifact))

    async def file_names(self, index: Index, name: NormalizedName, artifact: Artifact) -> tuple[str, ...]:
        """The names of the files in a wheel, of which no more is fetched than has to be.

        Raises :class:`NotAWheel` and what fetching raises.
        """
        url = self._downloads.address(index, name, artifact)
        whole = _Fetched(self._downloads, index, name, artifact, self._layout.limits)
        found = await self._texts.names(index, artifact, url, whole)
        if found is None:
            receiver = await self._downloads.fetch(index, name, artifact)
            found = await names_in(receiver, artifact.filename, self._layout.limits)
        return tuple(found.decode("utf-8", "replace").splitlines())

    def _key(self, index: Index, name: NormalizedName, artifact: Artifact) -> str:
        # By index as well as by hash: what one index says about a file must not become what another one says.
        identity = artifact.sha256 or _place(self._downloads.address(index, name, artifact)) or artifact.filename
        return hashlib.sha256(f"{self._pages.key(index)}\n{identity}".encode()).hexdigest()

    async def _from_others(self, key: str, artifact: Artifact) -> Metadata | NeedsBuild | None:
        """What others have learned, which is in the store then."""
        data = None if self._second is None else await self._second.load(Bucket.METADATA, key)
        if data is None:
            return None
        self._layout.remember(self._entries.path(key), data)
        return self._load(key, artifact)

    async def _to_others(self, key: str) -> None:
        if self._second is not None and (data := self._layout.read(self._entries.path(key))) is not None:
            await self._second.save(Bucket.METADATA, key, data)

    def _load(self, key: str, artifact: Artifact) -> Metadata | NeedsBuild | None:
        found = self._entries.load(key)
        if found is not None or artifact.is_wheel:
            return found
        return NeedsBuild(artifact) if self._entries.path(key).exists() else None

    async def _learn(self, index: Index, name: NormalizedName, artifact: Artifact) -> Metadata | NeedsBuild:
        if not artifact.is_wheel:
            return await self._from_sdist(index, name, artifact)
        url = self._downloads.address(index, name, artifact)
        whole = _Fetched(self._downloads, index, name, artifact, self._layout.limits)
        return parse_metadata(await self._texts.read(index, artifact, url, whole))

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


class _Fetched:
    """A wheel that is fetched for its metadata, and fetched again when it is installed."""

    def __init__(
        self, downloads: Downloads, index: Index, name: NormalizedName, artifact: Artifact, limits: Limits
    ) -> None:
        self._downloads = downloads
        self._place = (index, name, artifact)
        self._filename = artifact.filename
        self._limits = limits

    async def metadata(self) -> bytes:
        return await metadata_in(await self._downloads.fetch(*self._place), self._filename, self._limits)

    async def keep(self, receiver: Receiver, sha256: str) -> None:
        """Not needed any more."""


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
