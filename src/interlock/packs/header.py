"""The header of a pack: which files it holds, in which form, and where. Pure.

A pack begins with :data:`PRELUDE` (magic, length and sha256 of the header), then comes the header in JSON, then one
frame after the other, without anything between them.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from enum import StrEnum
from itertools import accumulate

import msgspec

from interlock.core.plan.plan import Wanted
from interlock.core.settings.limits import Limits
from interlock.core.sources.source import Registry
from interlock.packs.refusals import BadPack

__all__ = [
    "PRELUDE",
    "UNPACKED",
    "Entry",
    "Form",
    "Header",
    "encode_header",
    "layed_out",
    "read_header",
    "read_prelude",
]

_MAGIC = b"ilpack1\n"
PRELUDE = struct.Struct("<8sI32s")
VERSION = 1
_MOST_HEADER = 16 << 20
_MOST_ENTRIES = 50_000
_MOST_BUILDS = 10_000
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


class Form(StrEnum):
    """What the frame of a file is."""

    WHEEL = "wheel"
    """The wheel as it was published."""
    SDIST = "sdist"
    """The source archive as it was published."""
    TREE = "tree"
    """The contents of the wheel (:mod:`interlock.packs.plain_zip`), compressed with zstd."""
    DELTA = "delta"
    """The same, compressed after the contents of another wheel, which is no part of the frame."""


UNPACKED = frozenset({Form.TREE, Form.DELTA})
"""Forms that a lock says nothing of: they are believed when they are signed."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file. What it is called, the lock says."""

    sha256: str
    """Of the file as it was published, which is how a lock names it."""
    form: Form = Form.WHEEL
    offset: int = 0
    """Of its frame, counted from the first byte after the header."""
    length: int
    """Bytes of its frame."""
    base: str = ""
    """Of a delta: the sha256 of the other wheel."""
    tree: str = ""
    """Of an unpacked form: the sha256 of the contents."""
    size: int = 0
    """Of an unpacked form: bytes of the contents."""
    signature: str = ""
    """Of an unpacked form: of Ed25519 over :attr:`statement`, 128 hexadecimal digits."""

    @property
    def statement(self) -> bytes:
        """What is signed: that these are the contents of this wheel."""
        return f"interlock pack {VERSION}\n{self.sha256}\n{self.tree}\n".encode()

    @property
    def end(self) -> int:
        return self.offset + self.length


class PackedBuild(msgspec.Struct, frozen=True, kw_only=True):
    """What is built with: no lock says so, and it is believed where somebody says that the whole pack is."""

    question: str
    """Digest of requirements, settings and interpreter, as of :mod:`interlock.store.build_answers`."""
    digest: str
    wanted: tuple[Wanted, ...]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    version: int = VERSION
    entries: tuple[Entry, ...] = ()
    """The largest first: what takes longest begins first."""
    builds: tuple[PackedBuild, ...] = ()
    """By their questions."""

    @property
    def size(self) -> int:
        """Bytes of all frames."""
        return self.entries[-1].end if self.entries else 0


class _Version(msgspec.Struct):
    version: int


def layed_out(entries: Iterable[Entry], builds: Iterable[PackedBuild] = ()) -> Header:
    """The header of a pack of some files, whatever order they come in."""
    ordered = sorted(entries, key=lambda entry: (-entry.length, entry.sha256))
    offsets = accumulate((entry.length for entry in ordered), initial=0)
    placed = (msgspec.structs.replace(entry, offset=offset) for entry, offset in zip(ordered, offsets, strict=False))
    return Header(entries=tuple(placed), builds=tuple(sorted(builds, key=lambda build: build.question)))


def encode_header(header: Header) -> bytes:
    """A pack up to its first frame; the same header gives the same bytes."""
    data = msgspec.json.encode(header)
    return PRELUDE.pack(_MAGIC, len(data), hashlib.sha256(data).digest()) + data


def read_prelude(data: bytes) -> int:
    """How many bytes of header follow. Raises :class:`BadPack`."""
    if len(data) < PRELUDE.size:
        raise BadPack("it is no pack, or is cut off")
    magic, length, _ = PRELUDE.unpack_from(data)
    if magic != _MAGIC:
        raise BadPack("it is no pack of a kind that this version knows")
    if length > _MOST_HEADER:
        raise BadPack(f"its header would have {length} bytes")
    return int(length)


def read_header(data: bytes, limits: Limits) -> Header:
    """The header of a pack, from its first bytes, which may be more than the header. Raises :class:`BadPack`."""
    length = read_prelude(data)
    text = data[PRELUDE.size : PRELUDE.size + length]
    if len(text) < length:
        raise BadPack("it is cut off in its header")
    if hashlib.sha256(text).digest() != PRELUDE.unpack_from(data)[2]:
        raise BadPack("its header was changed")
    header = _decoded(text)
    _check(header, limits)
    return header


def _decoded(text: bytes) -> Header:
    try:
        version = msgspec.json.decode(text, type=_Version).version
        if version != VERSION:
            raise BadPack(f"it has format version {version}, and this program knows {VERSION}")
        return msgspec.json.decode(text, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPack(f"its header cannot be read ({str(error)[:200]})") from error


def _check(header: Header, limits: Limits) -> None:
    """Frames follow each other without gaps, so none can overlap another or lie outside."""
    if len(header.entries) > _MOST_ENTRIES:
        raise BadPack(f"it has more than {_MOST_ENTRIES} files")
    if len(header.builds) > _MOST_BUILDS or not all(map(_is_sound, header.builds)):
        raise BadPack("what it says of builds cannot be used")
    at, known = 0, set[str]()
    for entry in header.entries:
        sha256 = entry.sha256
        if not _DIGEST.fullmatch(sha256):
            raise BadPack("a file of it is not named by a sha256")
        if sha256 in known:
            raise BadPack("it has one file twice", sha256=sha256)
        known.add(sha256)
        if entry.offset != at:
            raise BadPack("its frames overlap, or there is something between them", sha256=sha256)
        if not _fits_form(entry, limits):
            raise BadPack("it does not say of a frame what its form needs", sha256=sha256)
        if not 0 < entry.length <= limits.file_size:
            raise BadPack(f"a frame would have {entry.length} bytes", sha256=sha256)
        at = entry.end


def _fits_form(entry: Entry, limits: Limits) -> bool:
    if entry.form not in UNPACKED:
        return not (entry.base or entry.tree or entry.size or entry.signature)
    if not (_DIGEST.fullmatch(entry.tree) and _SIGNATURE.fullmatch(entry.signature)):
        return False
    if not 0 < entry.size <= limits.unpacked_size:
        return False
    return bool(_DIGEST.fullmatch(entry.base)) if entry.form is Form.DELTA else not entry.base


def _is_sound(build: PackedBuild) -> bool:
    if not (_DIGEST.fullmatch(build.question) and _DIGEST.fullmatch(build.digest)):
        return False
    artifacts = [wanted.artifact for wanted in build.wanted if isinstance(wanted.source, Registry)]
    return len(artifacts) == len(build.wanted) and all(
        artifact is not None and artifact.is_wheel and _DIGEST.fullmatch(artifact.sha256) for artifact in artifacts
    )
