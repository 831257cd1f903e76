"""What is answered: bodies with their validators, and failures as documents (RFC 9110, 9111, 9211)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from interlock.errors import InterlockError, error_document
from interlock.index.failures import BadStatus, FileMissing, HostResting, Offline, Unreachable
from interlock.index.fetcher import FetchFailed
from interlock.service.proxy.arrivals import Arrival
from interlock.service.proxy.negotiation import accepts_gzip, is_known
from interlock.service.proxy.ranges import read_range
from interlock.service.proxy.rendered import Body
from interlock.service.refusals import Refusal, status_of

__all__ = ["announced", "arriving", "begun", "failed", "page", "stored", "text"]

_BYTES = "application/octet-stream"
_FOR_EVER = "private, max-age=31536000, immutable"
_STATUS: dict[type[InterlockError], int] = {FileMissing: 404, HostResting: 503, Offline: 504}


def _document(status: int, document: Mapping[str, object], headers: dict[str, str]) -> Response:
    body = msgspec.json.encode(document, enc_hook=str)
    return Response(body, status, {"cache-control": "no-store", **headers}, "application/json")


def failed(error: InterlockError, rest: float) -> Response:
    """A failure: an index's is a bad gateway, and one that will pass says when to ask again."""
    if isinstance(error, Refusal):
        return _document(error.status, error_document(error), error.headers)
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 0)
    wait: float | None = None
    if isinstance(error, HostResting):
        wait = error.retry_after
    elif isinstance(error, BadStatus):
        status = 503 if error.status in {429, 503} else 502
        wait = error.retry_after if error.retry_after is not None else rest
    elif isinstance(error, Unreachable):
        cause = error.__cause__
        status = 504 if isinstance(cause, FetchFailed) and cause.kind == "timeout" else 502
        wait = rest if isinstance(cause, FetchFailed) and cause.may_pass else None
    elif not status:
        status = status_of(error)
    headers = {} if wait is None else {"retry-after": str(max(1, round(wait)))}
    return _document(status, error_document(error), headers)


def page(request: Request, body: Body, kind: str, *, left: int, stale: bool) -> Response:
    """A page in the form that was asked for. ``left``: seconds for which it is good."""
    packed = bool(body.packed) and accepts_gzip(request.headers.get("accept-encoding", ""))
    etag = body.packed_etag if packed else body.etag
    headers = {"etag": etag, "vary": "Accept, Accept-Encoding"}
    if stale:
        headers |= {
            "cache-control": "private, no-cache",
            "warning": '110 - "Response is Stale"',
            "cache-status": f"interlock; hit; ttl={min(left, -1)}; detail=stale",
        }
    else:
        headers["cache-control"] = f"private, max-age={left}" if left > 0 else "private, no-cache"
    if is_known(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if packed:
        headers["content-encoding"] = "gzip"
    return Response(body.packed if packed else body.plain, headers=headers, media_type=_utf8(kind))


def _utf8(kind: str) -> str:
    return f"{kind}; charset=utf-8" if kind.endswith("html") else kind


def text(request: Request, data: bytes, etag: str) -> Response:
    """METADATA of a wheel."""
    headers = {"etag": f'"{etag}"', "cache-control": _FOR_EVER}
    if is_known(request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=_BYTES)


def stored(request: Request, path: Path, etag: str) -> Response:
    """A file that is here."""
    headers = {"etag": f'"{etag}"', "cache-control": _FOR_EVER}
    if is_known(request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=_BYTES)


def announced(size: int, etag: str) -> Response:
    """The head of a file that nobody has asked for yet; it is not fetched for that."""
    headers = {"etag": f'"{etag}"', "cache-control": _FOR_EVER, "accept-ranges": "bytes", "content-length": str(size)}
    return Response(None, headers=headers, media_type=_BYTES)


async def arriving(request: Request, arrival: Arrival, etag: str) -> Response:
    """A file that is on its way; a part of it, where that was asked for and its size is known.

    Raises what keeps it from coming.
    """
    headers = {"etag": f'"{etag}"', "cache-control": _FOR_EVER, "accept-ranges": "bytes"}
    size, wanted = arrival.size, request.headers.get("range", "")
    part = read_range(wanted, size) if size is not None and "if-range" not in request.headers else None
    body = await begun(arrival.read() if part is None else arrival.read(*part))
    if part is not None and size is not None:
        start, stop = part
        headers |= {"content-range": f"bytes {start}-{stop - 1}/{size}", "content-length": str(stop - start)}
        return StreamingResponse(body, 206, headers, _BYTES)
    if size is not None:
        headers["content-length"] = str(size)
    return StreamingResponse(body, 200, headers, _BYTES)


async def begun(pieces: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces; what goes wrong before the first one is told before anything is answered."""
    first = await anext(pieces, b"")

    async def all_of_them() -> AsyncIterator[bytes]:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    return all_of_them()
