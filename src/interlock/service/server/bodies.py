"""Bodies: what was sent, decompressed and decoded, within the limits."""

from __future__ import annotations

import zlib
from typing import TypeVar

import msgspec
from starlette.requests import Request

from interlock.service.refusals import BadRequest, BodyTooLarge
from interlock.service.server.limits import Limits

__all__ = ["decode_json", "read_body"]

Shape = TypeVar("Shape")

_GZIP = 31
"""Of zlib: with the header and the checksum of gzip."""
_AT_ONCE = 1 << 20


async def read_body(request: Request, limits: Limits) -> bytes:
    """A whole body, plain or with gzip. Raises :class:`BodyTooLarge` and :class:`BadRequest`."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        plain: bytes = await request.body()
        return plain
    if encoding not in {"gzip", "x-gzip"}:
        raise BadRequest(f"The content encoding `{encoding[:20]}` is not read here.", hint="Use gzip, or none.")
    inflate = zlib.decompressobj(_GZIP)
    pieces: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            rest = chunk
            while rest:
                # A bomb is noticed while it goes off: never more than this at a time is made of it.
                piece = inflate.decompress(rest, _AT_ONCE)
                size += len(piece)
                if size > limits.max_body_bytes:
                    raise BodyTooLarge(limits.max_body_bytes)
                pieces.append(piece)
                rest = inflate.unconsumed_tail
    except zlib.error as error:
        raise BadRequest("The body is not what gzip writes.") from error
    if not inflate.eof:
        raise BadRequest("The body ends in the middle.")
    return b"".join(pieces)


def decode_json(data: bytes, shape: type[Shape]) -> Shape:
    """JSON of one shape. Raises :class:`BadRequest`, which says where it is wrong."""
    try:
        return msgspec.json.decode(data, type=shape)
    except RecursionError as error:
        raise BadRequest("The JSON that was sent is nested too deeply.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = str(error)
        raise BadRequest(f"The JSON that was sent cannot be used: {reason[:300]}.", facts={"reason": reason}) from error
