"""The service's interface as an OpenAPI document, made from the structs that go over the wire: ``/openapi.json``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from interlock import __version__
from interlock.core.lock.model import Lock
from interlock.service.newest_protocol import NEWEST, NewestAnswer, NewestRequest
from interlock.service.pack_protocol import PACKS, PackPlan, PackRequest
from interlock.service.protocol import EVENTS, LOCKS, NDJSON, Frame, LockRequest
from interlock.service.server.cache import ACTIONS, CONTENTS
from interlock.service.server.state import ServerState
from interlock.service.server.turborepo import (
    ARTIFACTS,
    ArtifactInfo,
    ArtifactQuery,
    ArtifactStatus,
    ArtifactUrls,
)
from interlock.service.state.scopes import Scope
from interlock.toolchain.claims import CLAIMS, ClaimAnswer, ClaimFrame, ClaimRequest

__all__ = ["OPERATIONS", "LockEnvelope", "Operation", "openapi_document", "routes"]

_JSON = "application/json"
_TEXT = "text/plain"
_PAGES = ("application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html", "text/html")
_BYTES = ("application/octet-stream",)
_REFUSALS = {
    400: "The request cannot be read.",
    401: "No token, or none that is valid. Said before anything else.",
    403: "The token has not the scope, or the name is not for this index.",
    404: "There is no such thing, or not for this token.",
    413: "More was sent than is taken.",
    415: "Another version of the protocol; `facts.supported` has those there are.",
    422: "What is asked can be read and not be answered.",
    429: "The token has asked for too much; `Retry-After` says when to ask again.",
    503: "The service is about to end.",
    507: "There is no room for more.",
}
_TEMPLATE = "#/components/schemas/{name}"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error as the command line tells it with ``--json``."""

    code: str
    """Stable: `interlock explain CODE`."""
    message: str
    hint: str | None
    facts: dict[str, Any]


class ProblemDocument(msgspec.Struct, frozen=True):
    error: Problem


class LockEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """:class:`~interlock.service.protocol.Envelope` with the shapes of what it keeps as it came."""

    request: LockRequest
    """Its bytes are what the digest is of."""
    old: Lock | None = None
    """The old lock, sent when it was asked for."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    path: str
    """As its route has it."""
    summary: str
    scope: Scope | None = None
    """None: no token is asked for, or any will do (``is_open``)."""
    is_open: bool = False
    takes: tuple[str, Any] | None = None
    """Media type and shape of the body."""
    gives: tuple[str, ...] = (_JSON,)
    """Media types of an answer that is none of the refusals."""
    shape: Any = None
    """Of that answer, where it is JSON of one shape."""
    statuses: tuple[int, ...] = (200,)


OPERATIONS = (
    Operation(method="GET", path="/live", summary="Whether the process answers.", is_open=True, gives=(_TEXT,)),
    Operation(
        method="GET",
        path="/ready",
        summary="Whether requests should be sent here.",
        is_open=True,
        gives=(_TEXT,),
        statuses=(200, 503),
    ),
    Operation(
        method="GET", path="/metrics", summary="Figures for Prometheus.", scope=Scope.ADMIN, gives=(_TEXT,)
    ),
    Operation(method="GET", path="/openapi.json", summary="This document."),
    Operation(
        method="POST",
        path=LOCKS,
        summary="Ask what is to be locked. The answer is a stream of frames, one to a line; the last is the result.",
        scope=Scope.LOCK,
        takes=(_JSON, LockEnvelope),
        gives=(NDJSON,),
        shape=Frame,
    ),
    Operation(
        method="GET",
        path=f"{LOCKS}/{{digest}}",
        summary="What came of a question, by the digest of its request; 202 while it is being answered.",
        scope=Scope.LOCK,
        shape=Frame,
        statuses=(200, 202),
    ),
    Operation(
        method="GET",
        path=f"{LOCKS}/{{digest}}/events",
        summary="What happens to a question from now on, as server-sent events; each has its frame's type as its name.",
        scope=Scope.LOCK,
        gives=(EVENTS,),
    ),
    Operation(
        method="DELETE",
        path=f"{LOCKS}/{{digest}}",
        summary="End a job, for all who wait for it.",
        scope=Scope.LOCK,
        gives=(),
        statuses=(204,),
    ),
    Operation(
        method="POST",
        path=NEWEST,
        summary="Newest versions of locked packages; null where a client has to ask its index itself.",
        scope=Scope.LOCK,
        takes=(_JSON, NewestRequest),
        shape=NewestAnswer,
    ),
    Operation(
        method="POST",
        path=PACKS,
        summary="Plan a pack of the wheels that a client lacks. Line feeds come before the answer while it is made.",
        scope=Scope.CACHE_READ,
        takes=(_JSON, PackRequest),
        shape=PackPlan,
    ),
    Operation(
        method="GET",
        path=f"{PACKS}/{{id}}",
        summary="A pack that was planned; byte ranges are answered.",
        scope=Scope.CACHE_READ,
        gives=_BYTES,
        statuses=(200, 206),
    ),
    Operation(
        method="GET",
        path=ACTIONS,
        summary="What came of an action, by the digest of its inputs (Bazel's HTTP cache protocol).",
        scope=Scope.CACHE_READ,
        gives=_BYTES,
    ),
    Operation(
        method="PUT",
        path=ACTIONS,
        summary="Keep what came of an action; with `If-None-Match: *` only where there is nothing yet.",
        scope=Scope.CACHE_WRITE,
        takes=(_BYTES[0], bytes),
        gives=(),
        statuses=(200, 412),
    ),
    Operation(
        method="DELETE", path=ACTIONS, summary="Delete it, whoever wrote it.", scope=Scope.ADMIN, gives=(),
        statuses=(204,),
    ),
    Operation(
        method="GET", path=CONTENTS, summary="Bytes by their SHA-256.", scope=Scope.CACHE_READ, gives=_BYTES,
    ),
    Operation(
        method="PUT",
        path=CONTENTS,
        summary="Keep bytes that have this SHA-256; others are refused, and nothing of them is kept.",
        scope=Scope.CACHE_WRITE,
        takes=(_BYTES[0], bytes),
        gives=(),
        statuses=(200, 412),
    ),
    Operation(
        method="DELETE", path=CONTENTS, summary="Delete them, whoever wrote them.", scope=Scope.ADMIN, gives=(),
        statuses=(204,),
    ),
    Operation(
        method="POST",
        path=CLAIMS,
        summary="Open a session of one that builds: a stream of frames, with which its claims end.",
        scope=Scope.CACHE_WRITE,
        gives=(NDJSON,),
        shape=ClaimFrame,
    ),
    Operation(
        method="POST",
        path=f"{CLAIMS}/{{session}}",
        summary="Claim what is about to be built, so that others wait for it; or end a claim.",
        scope=Scope.CACHE_WRITE,
        takes=(_JSON, ClaimRequest),
        shape=ClaimAnswer,
    ),
    Operation(
        method="GET", path=f"{ARTIFACTS}/status", summary="Whether Turborepo's cache protocol is spoken.",
        scope=Scope.CACHE_READ, shape=ArtifactStatus,
    ),
    Operation(
        method="POST",
        path=f"{ARTIFACTS}/events",
        summary="What clients of Turborepo tell of hits and misses; not kept.",
        scope=Scope.CACHE_READ,
        takes=(_JSON, list[Any]),
        shape=dict[str, Any],
    ),
    Operation(
        method="POST",
        path=ARTIFACTS,
        summary="Which artifacts there are of some hashes.",
        scope=Scope.CACHE_READ,
        takes=(_JSON, ArtifactQuery),
        shape=dict[str, ArtifactInfo | None],
    ),
    Operation(
        method="GET",
        path=f"{ARTIFACTS}/{{hash}}",
        summary="What came of a task of Turborepo.",
        scope=Scope.CACHE_READ,
        gives=_BYTES,
    ),
    Operation(
        method="PUT",
        path=f"{ARTIFACTS}/{{hash}}",
        summary="Keep what came of a task of Turborepo, in place of what is there.",
        scope=Scope.CACHE_WRITE,
        takes=(_BYTES[0], bytes),
        shape=ArtifactUrls,
        statuses=(202,),
    ),
    Operation(
        method="GET", path="/simple/{index}", summary="Leads to the address with a slash.", scope=Scope.READ, gives=(),
        statuses=(301,),
    ),
    Operation(
        method="GET",
        path="/simple/{index}/",
        summary="Names of all projects (PEP 503, 691); `{index}@{date}` is as of that day.",
        scope=Scope.READ,
        gives=_PAGES,
        statuses=(200, 304, 406),
    ),
    Operation(
        method="GET", path="/simple/{index}/{project}", summary="Leads to the address with a slash.", scope=Scope.READ,
        gives=(), statuses=(301,),
    ),
    Operation(
        method="GET",
        path="/simple/{index}/{project}/",
        summary="Files of a project (PEP 503, 691, 700, 714, 792).",
        scope=Scope.READ,
        gives=_PAGES,
        statuses=(200, 301, 304, 406),
    ),
    Operation(
        method="GET",
        path="/files/{index}/{project}/{digest}/{filename}",
        summary="A file, or METADATA of a wheel with `.metadata` at its end (PEP 658); byte ranges are answered.",
        scope=Scope.READ,
        gives=_BYTES,
        statuses=(200, 206, 304, 416),
    ),
    Operation(
        method="POST",
        path="/upload/{index}",
        summary="Upload a file of one's own, as twine and `interlock publish` do; no file is ever replaced.",
        scope=Scope.PUBLISH,
        takes=("multipart/form-data", dict[str, Any]),
        gives=(_TEXT,),
        statuses=(200, 409),
    ),
    Operation(
        method="POST",
        path="/upload/{index}/",
        summary="The same.",
        scope=Scope.PUBLISH,
        takes=("multipart/form-data", dict[str, Any]),
        gives=(_TEXT,),
        statuses=(200, 409),
    ),
)  # fmt: skip


def openapi_document() -> dict[str, Any]:
    """The document; the same for every configuration."""
    shapes: list[Any] = [ProblemDocument]
    shapes += [one.shape for one in OPERATIONS if one.shape is not None]
    shapes += [one.takes[1] for one in OPERATIONS if one.takes is not None]
    schemas, components = msgspec.json.schema_components(shapes, schema_hook=_anything, ref_template=_TEMPLATE)
    named = {id(shape): schema for shape, schema in zip(shapes, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(one, named)
    token = {"type": "http", "description": "A token; the user of `basic` may be any."}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Interlock service", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {**token, "scheme": "bearer"}, "basic": {**token, "scheme": "basic"}},
        },
    }


def _described(one: Operation, named: dict[int, Any]) -> dict[str, Any]:
    schema = named[id(one.shape)] if one.shape is not None else {}
    content = {kind: {"schema": schema} for kind in one.gives}
    responses: dict[str, Any] = {
        str(status): {"description": "Done.", **({"content": content} if content and status in {200, 202} else {})}
        for status in one.statuses
    }
    problem = {"content": {_JSON: {"schema": named[id(ProblemDocument)]}}}
    for status, text in _REFUSALS.items():
        if not one.is_open or status not in {401, 403, 404}:
            responses.setdefault(str(status), {"description": text, **problem})
    described: dict[str, Any] = {"summary": one.summary, "responses": responses}
    described["security"] = [] if one.is_open else [{"bearer": []}, {"basic": []}]
    if one.scope is not None:
        described["x-scope"] = one.scope.value
    if one.takes is not None:
        kind, shape = one.takes
        # No bytes are bytes too.
        described["requestBody"] = {"required": shape is not bytes, "content": {kind: {"schema": named[id(shape)]}}}
    described["parameters"] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", one.path)
    ]
    return described


def _anything(kind: type) -> dict[str, Any]:
    """The schema of what may be any JSON."""
    del kind
    return {"description": "Any JSON."}


def routes(state: ServerState) -> Sequence[BaseRoute]:
    del state
    document = msgspec.json.encode(openapi_document())

    async def openapi(request: Request) -> Response:
        del request
        return Response(document, media_type=_JSON)

    return (Route("/openapi.json", openapi),)
