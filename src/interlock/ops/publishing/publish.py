"""``interlock publish``: the files of members to an index, dependencies before dependents.

Everything is checked before anything is sent. A file that is there already is never sent again, so that an interrupted
run is finished by running it once more; when a member fails, those that need it are held back and the others go on.
"""

from __future__ import annotations

import anyio
import anyio.to_thread
import httpx
import msgspec

from interlock.core.names import NormalizedName
from interlock.errors import InterlockError
from interlock.events import Advanced, Finished, Started, Warned
from interlock.index.fetcher import FetchOptions
from interlock.index.retry import RetryPolicy
from interlock.index.urls import redact
from interlock.ops.building.build import build, first_reason, output_directory
from interlock.ops.building.report import BuildRequest
from interlock.ops.publishing.login import find_login
from interlock.ops.publishing.needs import absent_needs
from interlock.ops.publishing.plan import Release, check_releases, publishable, read_releases
from interlock.ops.publishing.report import PublishedFile, PublishedMember, PublishReport, PublishRequest
from interlock.ops.publishing.repository import Repository, find_repository
from interlock.publish.attestations import Signing, attest, read_attestations, sign_as_ci
from interlock.publish.connection import open_client
from interlock.publish.distribution import Distribution
from interlock.publish.failures import DifferentFile, HeldBack, UploadUnreachable
from interlock.publish.presence import Presence
from interlock.publish.state import PublishState
from interlock.publish.upload import Login, Uploader
from interlock.workspace.context import Context
from interlock.workspace.discovery import discover
from interlock.workspace.members import Workspace

__all__ = ["publish"]

_CLOSED = frozenset({"archived", "quarantined"})


async def publish(context: Context, request: PublishRequest, *, signing: Signing = sign_as_ci) -> PublishReport:
    """Publish the selected members; ``signing`` makes attestations, when they are asked for.

    Raises :class:`NotPublishable` with all problems found, :class:`DifferentFile` when the index has other files by
    the same names; then nothing was uploaded. What fails later is in the report.
    """
    started = anyio.current_time()
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.start, layout=context.layout))
    context = context.within(workspace.manifest.settings)
    names, left_out = publishable(workspace, request.selection)
    repository = find_repository(context, request)
    if request.build:
        built = await build(context, BuildRequest(selection=request.selection, out_dir=request.dist_dir))
        for member in built.members:
            if member.error is not None:
                raise member.error
    folder = output_directory(context, workspace, request.dist_dir).path
    releases, problems = await anyio.to_thread.run_sync(read_releases, workspace, names, folder)
    async with _client(context, request, repository.upload_url) as client:
        work = _Publish(context, request, repository, client)
        await work.look(releases)
        if request.unpublished:
            releases, gone = work.without_present(releases)
            left_out |= dict.fromkeys(gone, "on the index already")
        await anyio.to_thread.run_sync(check_releases, releases, [*problems, *work.closed(releases)])
        work.refuse_different(releases)
        for text in await work.absent(workspace, releases):
            context.reporter.report(Warned("unpublished-dependency", f"{text}; nobody can install it yet."))
        state = PublishState(folder, redact(repository.upload_url), resume=request.resume)
        missing = work.missing(releases, state)
        if missing:
            await work.probe()
        if request.dry_run:
            members = work.planned(releases)
        else:
            if request.attest:
                await anyio.to_thread.run_sync(_sign, signing, missing)
            members = await work.run(releases, missing, state)
    return PublishReport(
        repository=redact(repository.upload_url),
        members=members,
        left_out=left_out,
        seconds=anyio.current_time() - started,
    )


def _sign(signing: Signing, files: list[Distribution]) -> None:
    with signing() as sign:
        for file in files:
            attest(file, sign)


def _client(context: Context, request: PublishRequest, url: str) -> httpx.AsyncClient:
    settings, environ = context.settings, context.environ

    def proxy(name: str) -> str:
        return environ.get(name) or environ.get(name.upper()) or ""

    options = FetchOptions(
        connect_timeout=min(settings.http_timeout, 10.0),
        read_timeout=settings.http_timeout,
        ca_bundle=request.cert or settings.ca_bundle,
        client_cert=request.client_cert or settings.client_cert,
        insecure_hosts=settings.insecure_hosts,
        http_proxy=proxy("http_proxy"),
        https_proxy=proxy("https_proxy"),
        no_proxy=proxy("no_proxy"),
    )
    return open_client(options, url)


class _Publish:
    """One run."""

    def __init__(
        self, context: Context, request: PublishRequest, repository: Repository, client: httpx.AsyncClient
    ) -> None:
        self._context = context
        self._request = request
        self._repository = repository
        self._client = client
        self._presence: Presence | None = None
        self._logins: tuple[Login | None] | None = None
        self._known: dict[str, str] = {}
        """What the index has, by file name: ``absent | same | other``."""
        self._status: dict[NormalizedName, str] = {}
        self._limiter = anyio.CapacityLimiter(8)

    async def look(self, releases: tuple[Release, ...]) -> None:
        """Ask the index for every file; without an index, nothing is known."""
        if not self._repository.index_url:
            return
        # PyPI shows everybody everything; an index of one's own may want to know who asks.
        login = None if self._repository.public else await self._login()
        self._presence = presence = Presence(self._client, self._repository.index_url, login=login)

        async def one(release: Release) -> None:
            async with self._limiter:
                shown = await presence.project(release.name)
                self._status[release.name] = shown.status
                for file in release.files:
                    self._known[file.filename] = await presence.compare(file, shown.files)

        failure: InterlockError | None = None
        try:
            async with anyio.create_task_group() as tasks:
                for release in releases:
                    tasks.start_soon(one, release)
        except BaseExceptionGroup as group:
            failure = first_reason(group)
            if failure is None:
                raise
        if failure is not None:
            raise failure

    async def _login(self) -> Login | None:
        if self._logins is None:
            found = await find_login(self._context, self._request, self._repository, self._client)
            self._logins = (found,)
        return self._logins[0]

    def without_present(self, releases: tuple[Release, ...]) -> tuple[tuple[Release, ...], list[NormalizedName]]:
        """Leave out members all files of whose version are there."""
        there = [
            release.name
            for release in releases
            if all(self._known.get(file.filename, "absent") != "absent" for file in release.files)
        ]
        left = (release for release in releases if release.name not in there)
        return tuple(_without_needs(release, there) for release in left), there

    def closed(self, releases: tuple[Release, ...]) -> list[str]:
        """Members that the index says it takes no files of any more (PEP 792)."""
        return [
            f"{release.name} {release.version}: the index says that the project is {self._status[release.name]}"
            for release in releases
            if self._status.get(release.name) in _CLOSED
            and any(self._known[file.filename] == "absent" for file in release.files)
        ]

    async def absent(self, workspace: Workspace, releases: tuple[Release, ...]) -> list[str]:
        return await absent_needs(workspace, releases, self._presence) if self._presence is not None else []

    def refuse_different(self, releases: tuple[Release, ...]) -> None:
        different = [
            file.filename for release in releases for file in release.files if self._known.get(file.filename) == "other"
        ]
        if not different:
            return
        if self._request.skip_existing:
            text = f"The index has other files by these names, which are left alone: {', '.join(different)}."
            self._context.reporter.report(Warned("different-file-exists", text))
            return
        raise self._different(different)

    def _different(self, names: list[str]) -> DifferentFile:
        return DifferentFile(
            f"{redact(self._repository.index_url or self._repository.upload_url)} has other content under the name"
            f" {', '.join(names)}.",
            hint="A version that is out cannot change: raise it with `interlock version --bump patch`.",
            facts={"files": names},
        )

    def planned(self, releases: tuple[Release, ...]) -> tuple[PublishedMember, ...]:
        """What a run would do."""
        return tuple(
            PublishedMember(
                name=release.name,
                version=release.version,
                status="planned",
                needs=release.needs,
                files=tuple(
                    _file(file, "present" if self._known.get(file.filename) == "same" else "planned")
                    for file in release.files
                ),
            )
            for release in releases
        )

    def missing(self, releases: tuple[Release, ...], state: PublishState) -> list[Distribution]:
        return [file for release in releases for file in release.files if not self._is_there(file, state)]

    async def probe(self) -> None:
        """Find out whether we may upload before anything is sent, unless the index shall not be asked beforehand."""
        login = await self._login()
        if self._presence is not None and (login is not None or not self._request.dry_run):
            await self._uploader(login).probe()

    def _uploader(self, login: Login | None) -> Uploader:
        retry = RetryPolicy(retries=self._context.settings.http_retries)
        return Uploader(self._client, self._repository.upload_url, login=login, retry=retry)

    async def run(
        self, releases: tuple[Release, ...], missing: list[Distribution], state: PublishState
    ) -> tuple[PublishedMember, ...]:
        uploader = self._uploader(await self._login() if missing else None)
        members = _Members(self, releases, uploader, state)
        self._context.reporter.report(Started("publish", len(missing)))
        try:
            found = await members.run()
        finally:
            self._context.reporter.report(Finished("publish"))
        if all(member.error is None for member in found):
            state.finish()
        return found

    def _is_there(self, file: Distribution, state: PublishState) -> bool:
        known = self._known.get(file.filename)
        if known is not None:
            return known == "same" or (known == "other" and self._request.skip_existing)
        return state.has(file)

    async def file(self, file: Distribution, uploader: Uploader, state: PublishState) -> PublishedFile:
        """Bring one file there."""
        if self._is_there(file, state):
            return _file(file, "skipped" if self._known.get(file.filename) == "other" else "present")
        told = self._request.attestations or self._request.attest
        attestations = await anyio.to_thread.run_sync(read_attestations, file) if told else ""
        self._context.reporter.report(Advanced("publish", file.filename, file.size, done=False))
        try:
            outcome = await uploader.upload(file, attestations)
        except UploadUnreachable:
            # The answer may have been lost on its way back.
            if self._presence is None or await self._compare(file) != "same":
                raise
            outcome = "uploaded"
        if outcome == "exists":
            await self._settle(file)
        elif self._presence is not None:
            await self._presence.wait(file, self._request.wait)
        await anyio.to_thread.run_sync(state.add, file)
        self._context.reporter.report(Advanced("publish", file.filename, file.size))
        return _file(file, "uploaded" if outcome == "uploaded" else "present")

    async def _settle(self, file: Distribution) -> None:
        """The index has a file of that name: fine when it is this one."""
        if self._request.skip_existing:
            return
        if self._presence is None or await self._compare(file) != "same":
            raise self._different([file.filename])

    async def _compare(self, file: Distribution) -> str:
        assert self._presence is not None
        return await self._presence.compare(file, (await self._presence.project(file.name)).files)


class _Members:
    """The members of one run, each after those it needs."""

    def __init__(self, work: _Publish, releases: tuple[Release, ...], uploader: Uploader, state: PublishState) -> None:
        self._work = work
        self._releases = releases
        self._uploader = uploader
        self._state = state
        self._done = {release.name: anyio.Event() for release in releases}
        self._found: dict[NormalizedName, PublishedMember] = {}
        self._limiter = anyio.CapacityLimiter(4)

    async def run(self) -> tuple[PublishedMember, ...]:
        async with anyio.create_task_group() as tasks:
            for release in self._releases:
                tasks.start_soon(self._one, release)
        return tuple(self._found[release.name] for release in self._releases)

    async def _one(self, release: Release) -> None:
        for need in release.needs:
            await self._done[need].wait()
        self._found[release.name] = await self._member(release)
        self._done[release.name].set()

    async def _member(self, release: Release) -> PublishedMember:
        files: list[PublishedFile] = []
        error: InterlockError | None = None
        missing = [need for need in release.needs if self._found[need].error is not None]
        if missing:
            error = HeldBack(
                f"{release.name} {release.version} was not published, because {' and '.join(missing)} was not.",
                facts={"member": release.name, "needs": missing},
            )
            return self._told(release, "held-back", files, error)
        try:
            async with self._limiter:
                for file in release.files:
                    # One after the other, and each noted as soon as it is there.
                    files += (await self._work.file(file, self._uploader, self._state),)
        except InterlockError as failure:
            return self._told(release, "failed", files, failure)
        status = "published" if any(file.status == "uploaded" for file in files) else "present"
        return self._told(release, status, files, None)

    def _told(
        self, release: Release, status: str, files: list[PublishedFile], error: InterlockError | None
    ) -> PublishedMember:
        return PublishedMember(
            name=release.name,
            version=release.version,
            status=status,
            needs=release.needs,
            files=tuple(files),
            error=error,
        )


def _without_needs(release: Release, there: list[NormalizedName]) -> Release:
    return msgspec.structs.replace(release, needs=tuple(need for need in release.needs if need not in there))


def _file(file: Distribution, status: str) -> PublishedFile:
    return PublishedFile(file=file.path, sha256=file.sha256, status=status)
