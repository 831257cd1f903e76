"""The uploads of one run: each member after those it needs, each file noted as soon as the index shows it."""

from __future__ import annotations

import anyio
import anyio.to_thread

from interlock.core.names import NormalizedName
from interlock.errors import InterlockError
from interlock.events import Advanced, Reporter
from interlock.ops.publishing.plan import Release
from interlock.ops.publishing.report import FileStatus, MemberStatus, PublishedFile, PublishedMember, PublishRequest
from interlock.ops.publishing.survey import Survey
from interlock.publish.attestations import read_attestations
from interlock.publish.distribution import Distribution
from interlock.publish.failures import DifferentFile, HeldBack, UploadUnreachable
from interlock.publish.presence import Presence
from interlock.publish.state import PublishState
from interlock.publish.upload import Uploader

__all__ = ["Uploads", "different_files"]

_AT_ONCE = 4


def different_files(place: str, names: list[str]) -> DifferentFile:
    return DifferentFile(
        f"{place} has other content under the name {', '.join(names)}.",
        hint="A version that is out cannot change: raise it with `interlock version --bump patch`.",
        facts={"files": names},
    )


class Uploads:
    def __init__(
        self,
        request: PublishRequest,
        uploader: Uploader,
        presence: Presence | None,
        *,
        survey: Survey,
        state: PublishState,
        reporter: Reporter,
    ) -> None:
        self._request = request
        self._uploader = uploader
        self._presence = presence
        self._survey = survey
        self._state = state
        self._reporter = reporter
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)
        self._done: dict[NormalizedName, anyio.Event] = {}
        self._found: dict[NormalizedName, PublishedMember] = {}

    def __repr__(self) -> str:
        return f"<Uploads: {len(self._found)} of {len(self._done)} members>"

    async def run(self, releases: tuple[Release, ...]) -> tuple[PublishedMember, ...]:
        """What became of each, in the order given."""
        self._done = {release.name: anyio.Event() for release in releases}
        async with anyio.create_task_group() as tasks:
            for release in releases:
                tasks.start_soon(self._one, release)
        return tuple(self._found[release.name] for release in releases)

    async def _one(self, release: Release) -> None:
        for need in release.needs:
            await self._done[need].wait()
        self._found[release.name] = await self._member(release)
        self._done[release.name].set()

    async def _member(self, release: Release) -> PublishedMember:
        files: list[PublishedFile] = []
        missing = [need for need in release.needs if self._found[need].error is not None]
        if missing:
            error = HeldBack(
                f"{release.name} {release.version} was not published, because {' and '.join(missing)} was not.",
                facts={"member": release.name, "needs": missing},
            )
            return _told(release, "held-back", files, error)
        try:
            for file in release.files:
                # One after the other, and each noted as soon as it is there.
                files += (await self._file(file),)
        except InterlockError as failure:
            return _told(release, "failed", files, failure)
        sent = any(file.status == "uploaded" for file in files)
        return _told(release, "published" if sent else "present", files)

    async def _file(self, file: Distribution) -> PublishedFile:
        """Bring one file there."""
        if self._survey.is_there(file, self._state):
            return _file(file, "skipped" if self._survey.is_other(file) else "present")
        self._reporter.report(Advanced("publish", file.filename, file.size, done=False))
        # Waiting for an index to show a file takes nobody's place.
        async with self._limiter:
            outcome = await self._upload(file)
        if outcome == "exists":
            await self._settle(file)
        elif self._presence is not None:
            await self._presence.wait(file, self._request.wait)
        await anyio.to_thread.run_sync(self._state.add, file)
        self._reporter.report(Advanced("publish", file.filename, file.size))
        return _file(file, "uploaded" if outcome == "uploaded" else "present")

    async def _upload(self, file: Distribution) -> str:
        told = self._request.attestations or self._request.attest
        attestations = await anyio.to_thread.run_sync(read_attestations, file) if told else ""
        try:
            return await self._uploader.upload(file, attestations)
        except UploadUnreachable:
            # The answer may have been lost on its way back.
            if self._presence is None or await self._compare(self._presence, file) != "same":
                raise
            return "uploaded"

    async def _settle(self, file: Distribution) -> None:
        """The index says that it has a file of that name: fine when it is this one."""
        if self._request.skip_existing:
            return
        if self._presence is None:
            raise DifferentFile(
                f"The index has a file called {file.filename}; whether it is this one is not known.",
                hint="Let it be looked up with --check-url, or leave it alone with --skip-existing.",
                facts={"files": [file.filename]},
            )
        if await self._compare(self._presence, file) != "same":
            raise different_files("The index", [file.filename])

    async def _compare(self, presence: Presence, file: Distribution) -> str:
        return await presence.compare(file, (await presence.project(file.name)).files)


def _told(
    release: Release, status: MemberStatus, files: list[PublishedFile], error: InterlockError | None = None
) -> PublishedMember:
    return PublishedMember(
        name=release.name,
        version=release.version,
        status=status,
        needs=release.needs,
        files=tuple(files),
        error=error,
    )


def _file(file: Distribution, status: FileStatus) -> PublishedFile:
    return PublishedFile(file=file.path, sha256=file.sha256, status=status)
