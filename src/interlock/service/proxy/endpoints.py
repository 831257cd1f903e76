"""The addresses of the index::

    GET  /simple/{index}/                                       names of all projects
    GET  /simple/{index}/{project}/                             a project's files
    GET  /simple/{index}@{date}/...                             as far as they were uploaded by then
    GET  /files/{index}/{project}/{digest}/{filename}           a file, and with .metadata at its end a wheel's METADATA
    POST /upload/{index}                                        a file of one's own

Who may ask, and whether a name may be asked for, is decided before anything is looked up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial, wraps
from urllib.parse import quote

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from interlock.core.artifacts.listing import Listing
from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.settings.cutoff import resolve_cutoff
from interlock.core.settings.variables import InvalidSetting
from interlock.errors import InterlockError
from interlock.service.proxy import answers
from interlock.service.proxy.choice import Choice
from interlock.service.proxy.negotiation import JSON, choose_kind
from interlock.service.proxy.options import ProxiedIndex
from interlock.service.proxy.proxy import Proxy
from interlock.service.proxy.refusals import BadUpload, FormatRefused, NotOnIndex, ReservedName, StoreTrouble
from interlock.service.proxy.rendered import Rendered
from interlock.service.proxy.rendering import (
    DIGITS,
    NO_DIGEST,
    render_html,
    render_json,
    render_names_html,
    render_names_json,
)
from interlock.service.proxy.upload_form import UploadForm
from interlock.service.refusals import BadRequest

__all__ = ["Endpoints", "Permits"]

Permits = Callable[[Request, str], bool]
"""Whether who asks may use an index; one that it may not use does not exist for it."""
_METADATA = ".metadata"
_LONGEST = 200
"""Letters of a name: it has to be that of a file here, and no project has half as many."""


class Asked(msgspec.Struct, frozen=True):
    """A project of an index, and who may be asked for it."""

    index: ProxiedIndex
    name: NormalizedName
    choice: Choice
    before: str
    """Only what was uploaded before this moment, where there is one."""


class Endpoints:
    """``permits`` is asked first of all."""

    def __init__(self, proxy: Proxy, permits: Permits) -> None:
        self._proxy = proxy
        self._permits = permits
        self._rendered = Rendered()

    def __repr__(self) -> str:
        return f"<Endpoints of {self._proxy!r}>"

    def reading(self) -> list[tuple[str, Callable[[Request], Awaitable[Response]]]]:
        """Paths for GET and HEAD, with what answers them."""
        return [
            ("/simple/{index}", _moved),
            ("/simple/{index}/", self._answered(self.names)),
            ("/simple/{index}/{project}", self._answered(self.project)),
            ("/simple/{index}/{project}/", self._answered(self.project)),
            ("/files/{index}/{project}/{digest}/{filename}", self._answered(self.file)),
        ]

    def writing(self) -> list[tuple[str, Callable[[Request], Awaitable[Response]]]]:
        """Paths for POST."""
        return [("/upload/{index}", self._answered(self.upload)), ("/upload/{index}/", self._answered(self.upload))]

    def routes(self) -> list[Route]:
        """All of them, for who has no more to say of who may ask."""
        reading = [Route(path, endpoint, methods=["GET", "HEAD"]) for path, endpoint in self.reading()]
        return reading + [Route(path, endpoint, methods=["POST"]) for path, endpoint in self.writing()]

    async def names(self, request: Request) -> Response:
        index, before = self._index(request)
        kind = choose_kind(_accepted(request))
        if index is None:
            raise NotOnIndex
        if kind is None:
            raise FormatRefused
        # Of a day in the past it is not told which projects there were; that a name is here promises no file.
        names, stale = await self._proxy.names(index)
        render = partial(render_names_json if kind == JSON else render_names_html, names)
        key = (index.name, before, kind, await anyio.to_thread.run_sync(_digest, names))
        body = await self._rendered.get(key, 30 * len(names), render)
        return answers.page(request, body, kind, left=0, stale=stale)

    async def project(self, request: Request) -> Response:
        asked = self._asked(request)
        written = request.path_params["project"]
        if written != asked.name or not request.url.path.endswith("/"):
            slash = request.url.path.endswith("/")
            return Response(status_code=301, headers={"location": f"{'../' if slash else ''}{asked.name}/"})
        kind = choose_kind(_accepted(request))
        if kind is None:
            raise FormatRefused
        anew = "no-cache" in request.headers.get("cache-control", "")
        found = await self._proxy.page(asked.index, asked.choice, asked.name, anew=anew)
        if found is None:
            raise NotOnIndex
        listing, told = found.page.listing, found.validators
        mark = told.etag or told.last_modified or told.body or str(told.fetched_at)
        key = (asked.index.name, asked.name, asked.before, kind, found.place, mark)
        render = partial(render_json if kind == JSON else render_html, listing, asked.index.name, asked.before)
        body = await self._rendered.get(key, _size(listing), render)
        left = found.left(self._proxy.clock())
        return answers.page(request, body, kind, left=left, stale=found.stale)

    async def file(self, request: Request) -> Response:
        asked = self._asked(request)
        filename = request.path_params["filename"]
        if not _is_filename(filename):
            raise NotOnIndex
        if filename.endswith(f".whl{_METADATA}"):
            return await self._metadata(request, asked, filename.removesuffix(_METADATA))
        own = await self._proxy.own_file(asked.index, asked.choice, asked.name, filename)
        if own is not None:
            return answers.stored(request, own, f"{asked.name}-{request.path_params['digest']}")
        located = await self._proxy.locate(asked.index, asked.choice, asked.name, filename)
        digest = request.path_params["digest"]
        if located is None or digest != (located.artifact.sha256[:DIGITS] or NO_DIGEST):
            raise NotOnIndex
        etag = located.artifact.sha256 or hashlib.sha256(located.url.encode()).hexdigest()
        path = self._proxy.files.stored(located)
        if path is not None:
            return answers.stored(request, path, etag)
        if request.method == "HEAD" and located.artifact.size is not None:
            return answers.announced(located.artifact.size, etag)
        return await answers.arriving(request, self._proxy.files.arrival(located), etag)

    async def upload(self, request: Request) -> Response:
        index, _ = self._index(request)
        if index is None:
            raise NotOnIndex
        proxy = self._proxy
        if proxy.own is None or not index.takes_uploads:
            raise BadUpload("", f"the index `{index.name}` takes no uploads")
        folder = await anyio.to_thread.run_sync(proxy.own.arriving)
        form = UploadForm(request.headers.get("content-type", ""), folder, proxy.options.upload_size, proxy.reserve)
        try:
            is_new = await proxy.upload(index, await form.read(request.stream()))
        finally:
            form.close()
        return Response("stored\n" if is_new else "already there, with the same bytes\n", media_type="text/plain")

    async def _metadata(self, request: Request, asked: Asked, filename: str) -> Response:
        proxy = self._proxy
        data = await proxy.own_metadata(asked.index, asked.choice, asked.name, filename)
        if data is None:
            located = await proxy.locate(asked.index, asked.choice, asked.name, filename)
            digest = request.path_params["digest"]
            if located is None or digest != (located.artifact.sha256[:DIGITS] or NO_DIGEST):
                raise NotOnIndex
            data = await proxy.files.metadata(located)
        return answers.text(request, data, hashlib.sha256(data).hexdigest())

    def _index(self, request: Request) -> tuple[ProxiedIndex | None, str]:
        """The index of a request, if there is one for who asks, and the moment that it is seen at."""
        name, at, date = request.path_params["index"].partition("@")
        before = _moment(date) if at else ""
        return (self._proxy.index(name) if self._permits(request, name) else None), before

    def _asked(self, request: Request) -> Asked:
        """What is asked for. Raises :class:`NotOnIndex`, and :class:`ReservedName` for what may not be."""
        written = request.path_params["project"]
        if not is_name(written):
            raise NotOnIndex
        name = normalize_name(written)
        index, before = self._index(request)
        if index is None:
            raise NotOnIndex if self._proxy.may_be_told_of(name) else ReservedName
        choice = self._proxy.choices.of(index, name)
        if choice.reserved:
            raise ReservedName
        if len(name) > _LONGEST:
            raise NotOnIndex
        return Asked(index, name, choice, before)

    def _answered(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Failures as answers."""

        @wraps(endpoint)
        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except OSError as error:
                return answers.failed(StoreTrouble(error), self._proxy.options.rest)
            except InterlockError as error:
                return answers.failed(error, self._proxy.options.rest)

        return answer


async def _moved(request: Request) -> Response:
    last = request.url.path.rpartition("/")[2]
    return Response(status_code=301, headers={"location": f"{quote(last, safe='@')}/"})


def _moment(date: str) -> str:
    """A day (all of it counts) or a moment; a span would be counted from the server's own clock, and is none."""
    try:
        moment, span = resolve_cutoff(date, datetime(1970, 1, 1, tzinfo=UTC))
    except InvalidSetting:
        moment = span = ""
    if span or not moment:
        raise BadRequest(
            f"`{date[:40]}` is no day and no moment.", hint="Write 2026-03-01 or 2026-03-01T12:00:00Z after the `@`."
        )
    return moment


def _accepted(request: Request) -> str:
    """PEP 691 lets the address say so too."""
    return str(request.query_params.get("format") or request.headers.get("accept", ""))


def _is_filename(text: str) -> bool:
    """Whether it could be that of a package's file: one that is no path, and that a file system takes."""
    return text.isprintable() and len(text.encode()) <= _LONGEST + 50 and not text.startswith(".") and "\\" not in text


def _digest(names: Sequence[NormalizedName]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _size(listing: Listing) -> int:
    return sum(map(len, listing.files))
