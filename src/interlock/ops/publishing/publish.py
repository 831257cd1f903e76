"""``interlock publish``: the files of members to an index, dependencies before dependents.

Everything is checked before anything is sent. A file that is there already is never sent again, so that an interrupted
run is finished by running it once more; when a member fails, those that need it are held back and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterable

import anyio
import anyio.to_thread
import httpx

from interlock.context import Context
from interlock.core.settings.variables import InvalidSetting
from interlock.core.sources.logins import redact
from interlock.events import Finished, Reporter, Started, Warned
from interlock.index.fetcher import FetchOptions
from interlock.index.retry import RetryPolicy
from interlock.means import Means
from interlock.ops.building.build import build, output_directory
from interlock.ops.building.report import BuildRequest
from interlock.ops.publishing.login import find_login, refuse_two_logins
from interlock.ops.publishing.needs import AbsentNeeds, absent_needs, refuse_stale, wider_than_installable
from interlock.ops.publishing.plan import Release, check_releases, publishable, read_releases
from interlock.ops.publishing.report import PublishedFile, PublishedMember, PublishReport, PublishRequest
from interlock.ops.publishing.repository import Repository, find_repository
from interlock.ops.publishing.survey import Survey, survey
from interlock.ops.publishing.uploads import Uploads, different_files
from interlock.publish.attestations import Signing, attest, sign_as_ci
from interlock.publish.connection import open_client
from interlock.publish.distribution import Distribution
from interlock.publish.presence import Presence
from interlock.publish.state import PublishState
from interlock.publish.upload import Login, Uploader
from interlock.workspace.discovery import discover

__all__ = ["publish"]


async def publish(context: Context, request: PublishRequest, *, signing: Signing = sign_as_ci) -> PublishReport:
    """Publish the selected members; ``signing`` makes attestations, when they are asked for.

    Raises :class:`ConflictingLogin`, :class:`NotPublishable` with all problems found, :class:`DifferentFile` when the
    index has other files by the same names; then nothing was uploaded. What fails later is in the report.
    """
    refuse_two_logins(request)
    started = anyio.current_time()
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    context = context.within(workspace.manifest.settings)
    names, left_out = publishable(workspace, request.selection)
    repository = find_repository(context.means, request)
    if request.build:
        await _build(context, request)
    folder = output_directory(context, workspace, request.dist_dir).path
    releases, problems = await anyio.to_thread.run_sync(read_releases, workspace, names, folder)
    async with _client(context.means, request, repository.upload_url) as client:
        work = _Publish(context, request, repository, client)
        presence = await work.presence()
        seen = await survey(presence, releases, skip_others=request.skip_existing)
        if request.unpublished:
            releases, gone = seen.without_present(releases)
            left_out |= dict.fromkeys(gone, "on the index already")
        problems += seen.closed(releases)
        # Those that are going to be made anew say nothing.
        attested = request.attestations and not request.attest
        await anyio.to_thread.run_sync(lambda: check_releases(releases, problems, attested=attested))
        work.refuse_others(seen.others(releases))
        needs = await absent_needs(workspace, releases, presence) if presence is not None else AbsentNeeds([], [])
        refuse_stale(needs)
        wider = await anyio.to_thread.run_sync(wider_than_installable, workspace, releases)
        _warn(context.means.reporter, needs, wider)
        state = PublishState(folder, redact(repository.upload_url), resume=request.resume)
        missing = seen.missing(releases, state)
        if missing:
            await work.probe()
        if request.dry_run:
            members = _planned(releases, seen)
        else:
            if request.attest:
                await anyio.to_thread.run_sync(_sign, signing, missing)
            members = await work.upload(releases, seen, state)
    return PublishReport(
        repository=redact(repository.upload_url),
        members=members,
        left_out=left_out,
        seconds=anyio.current_time() - started,
    )


async def _build(context: Context, request: PublishRequest) -> None:
    built = await build(context, BuildRequest(selection=request.selection, out_dir=request.dist_dir))
    for member in built.members:
        if member.error is not None:
            raise member.error


def _warn(reporter: Reporter, needs: AbsentNeeds, wider: Iterable[str]) -> None:
    for text in needs.coming:
        reporter.report(Warned("unpublished-dependency", f"{text}; nobody can install it yet."))
    for text in wider:
        reporter.report(Warned("narrowed-python", text))


def _sign(signing: Signing, files: list[Distribution]) -> None:
    with signing() as sign:
        for file in files:
            attest(file, sign)


def _client(means: Means, request: PublishRequest, url: str) -> httpx.AsyncClient:
    settings, environ = means.settings, means.environ

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
    try:
        return open_client(options, url)
    except OSError as error:
        named = ", ".join(f"`{path}`" for path in (options.ca_bundle, options.client_cert) if path)
        raise InvalidSetting(
            f"The certificates in {named} cannot be used: {error.strerror or error}.",
            hint="Name files in PEM format; that of --client-cert holds its key too.",
        ) from error


class _Publish:
    """What the steps of one run have in common."""

    def __init__(
        self, context: Context, request: PublishRequest, repository: Repository, client: httpx.AsyncClient
    ) -> None:
        self._context = context
        self._request = request
        self._repository = repository
        self._client = client
        self._presence: Presence | None = None
        self._logins: tuple[Login | None] | None = None

    async def _login(self) -> Login | None:
        if self._logins is None:
            found = await find_login(self._context.means, self._request, self._repository, self._client)
            self._logins = (found,)
        return self._logins[0]

    async def presence(self) -> Presence | None:
        """The means to see what the index has; None when it shall not be asked."""
        if self._repository.index_url:
            # PyPI shows everybody everything; an index of one's own may want to know who asks.
            login = None if self._repository.public else await self._login()
            self._presence = Presence(self._client, self._repository.index_url, login=login)
        return self._presence

    def refuse_others(self, names: list[str]) -> None:
        """Raises :class:`DifferentFile` for files that are there with other content, unless they are left alone."""
        if not names:
            return
        if not self._request.skip_existing:
            raise different_files(redact(self._repository.index_url or self._repository.upload_url), names)
        text = f"The index has other files by these names, which are left alone: {', '.join(names)}."
        self._context.means.reporter.report(Warned("different-file-exists", text))

    async def probe(self) -> None:
        """Find out whether we may upload before anything is sent, unless the index shall not be asked beforehand."""
        login = await self._login()
        if self._presence is not None and (login is not None or not self._request.dry_run):
            await self._uploader(login).probe()

    def _uploader(self, login: Login | None) -> Uploader:
        retry = RetryPolicy(retries=self._context.means.settings.http_retries)
        return Uploader(self._client, self._repository.upload_url, login=login, retry=retry)

    async def upload(
        self, releases: tuple[Release, ...], seen: Survey, state: PublishState
    ) -> tuple[PublishedMember, ...]:
        reporter, missing = self._context.means.reporter, seen.missing(releases, state)
        uploader = self._uploader(await self._login() if missing else None)
        uploads = Uploads(self._request, uploader, self._presence, survey=seen, state=state, reporter=reporter)
        reporter.report(Started("publish", len(missing)))
        try:
            found = await uploads.run(releases)
        finally:
            reporter.report(Finished("publish"))
        if all(member.error is None for member in found):
            state.finish()
        return found


def _planned(releases: tuple[Release, ...], seen: Survey) -> tuple[PublishedMember, ...]:
    """What a run would do."""

    def is_there(release: Release) -> bool:
        return all(seen.files.get(file.filename) == "same" for file in release.files)

    return tuple(
        PublishedMember(
            name=release.name,
            version=release.version,
            status="present" if is_there(release) else "planned",
            needs=release.needs,
            files=tuple(
                PublishedFile(
                    file=file.path,
                    sha256=file.sha256,
                    status="present" if seen.files.get(file.filename) == "same" else "planned",
                )
                for file in release.files
            ),
        )
        for release in releases
    )
