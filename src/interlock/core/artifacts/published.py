"""Files as an index page describes them, made into artifacts (PEP 592, 658, 691, 700, 714)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.sources.hashes import as_text
from interlock.core.text.one_line import one_line

__all__ = ["read_artifacts", "utc", "yank_reason"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")


class _Hashes(msgspec.Struct, gc=False):
    """The algorithms of :data:`interlock.core.sources.hashes.ALGORITHMS`."""

    sha256: str = ""
    sha512: str = ""
    sha384: str = ""
    sha224: str = ""
    sha1: str = ""
    md5: str = ""
    blake2b: str = ""
    blake2s: str = ""
    sha3_224: str = ""
    sha3_256: str = ""
    sha3_384: str = ""
    sha3_512: str = ""


class _Published(msgspec.Struct, rename="kebab", gc=False):
    """Not frozen, because many are made at once and frozen ones cost more."""

    filename: str
    url: str
    hashes: _Hashes | None = None
    requires_python: str | None = None
    size: int | None = None
    upload_time: str | None = None
    yanked: bool | str | None = False
    core_metadata: bool | _Hashes | None = None
    dist_info_metadata: bool | _Hashes | None = None


_ALL = msgspec.json.Decoder(tuple[_Published, ...])
_EACH = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
_ONE = msgspec.json.Decoder(_Published)


def read_artifacts(raw: memoryview, cut: int) -> Iterator[Artifact]:
    """The artifacts of JSON objects with commas between; ``cut`` characters of each URL are not of its location."""
    return (_artifact(file, cut) for file in _enclosed(raw))


def yank_reason(raw: memoryview) -> str:
    """Why files were yanked, on one line; empty when that is not told."""
    said = (file.yanked for file in _enclosed(raw))
    return next((one_line(reason) for reason in said if isinstance(reason, str) and reason.strip()), "")


def _enclosed(raw: memoryview) -> tuple[_Published, ...]:
    return _decoded(b"".join((b"[", raw, b"]")))


def _decoded(raw: bytes) -> tuple[_Published, ...]:
    try:
        return _ALL.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return tuple(file for one in _EACH.decode(raw) if (file := _one(one)) is not None)


def _one(raw: msgspec.Raw) -> _Published | None:
    try:
        return _ONE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _artifact(file: _Published, cut: int) -> Artifact:
    sha256 = file.hashes.sha256 if file.hashes is not None else ""
    if sha256 and not _SHA256.fullmatch(sha256):
        sha256 = sha256.lower()
        if not _SHA256.fullmatch(sha256):
            sha256 = ""
    core = file.core_metadata
    if core is None:
        core = file.dist_info_metadata
    return Artifact(
        filename=file.filename,
        sha256=sha256,
        hashes=_hashes(file.hashes) if not sha256 and file.hashes is not None else "",
        size=file.size,
        upload_time=utc(file.upload_time or ""),
        location=file.url[cut:],
        requires_python=file.requires_python or "",
        yanked=bool(file.yanked),
        metadata_hashes=_metadata_hashes(core),
    )


def _hashes(hashes: _Hashes) -> str:
    """All that is told; what cannot be a hash will not be that of the file either."""
    return as_text((name, getattr(hashes, name)) for name in hashes.__struct_fields__)


def _metadata_hashes(core: bool | _Hashes | None) -> str:
    if isinstance(core, _Hashes):
        digest = core.sha256.lower()
        return f"sha256={digest}" if _SHA256.fullmatch(digest) else _hashes(core) or "true"
    return "true" if core else ""


def utc(text: str) -> str:
    """A time stamp in the form we keep, or nothing."""
    if not text or _TIME.fullmatch(text):
        return text
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return ""
    parsed = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    return parsed.replace(tzinfo=None).isoformat() + "Z"
