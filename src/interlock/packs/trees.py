"""Wheels by their contents: frames of trees and deltas made of wheels, and wheels of the store made of frames."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from interlock.core.settings.limits import Limits
from interlock.packs.header import Entry, Form
from interlock.packs.plain_zip import MOST_PLAIN, plain_of_stored, plain_of_wheel
from interlock.packs.refusals import BadPack
from interlock.packs.zstd import compress, decompress
from interlock.store.archives import StoredWheel, add_contents, open_wheel
from interlock.store.layout import Layout
from interlock.store.zips import open_zip

__all__ = ["MadeFrame", "add_tree", "make_frame"]


class MadeFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that stands for a wheel."""

    tree: str
    size: int
    frame: bytes


def make_frame(wheel: Path, base: Path | None, limits: Limits) -> MadeFrame | None:
    """The contents of a wheel, after those of another one where that is given; blocking.

    None for wheels that are too large. Raises :class:`~interlock.store.zips.BadArchive` and OSError.
    """
    plain = _contents(wheel, limits)
    before = _contents(base, limits) if base is not None else b""
    if plain is None or before is None:
        return None
    return MadeFrame(tree=hashlib.sha256(plain).hexdigest(), size=len(plain), frame=compress(plain, before))


def add_tree(layout: Layout, entry: Entry, content: bytes | Path, filename: str) -> StoredWheel:
    """Put the wheel that a signed frame stands for into the store; blocking.

    The base of a delta is taken as it is in the store now: when somebody has changed it, the contents do not have the
    digest that was signed. Raises :class:`BadPack` for that too, and what :func:`add_contents` raises.
    """
    if entry.size > MOST_PLAIN:
        raise BadPack(f"a frame would have contents of {entry.size} bytes", sha256=entry.sha256)
    before = _base(layout, entry) if entry.form is Form.DELTA else b""
    frame = content if isinstance(content, bytes) else content.read_bytes()
    plain = decompress(frame, entry.size, before)
    if hashlib.sha256(plain).hexdigest() != entry.tree:
        raise BadPack("a frame does not give the contents that were signed", sha256=entry.sha256)
    return add_contents(layout, plain, filename=filename, sha256=entry.sha256)


def _base(layout: Layout, entry: Entry) -> bytes:
    wheel = open_wheel(layout, entry.base)
    try:
        plain = plain_of_stored(wheel) if wheel is not None else None
    except (OSError, msgspec.DecodeError):
        plain = None
    if plain is None:
        raise BadPack("the wheel that a delta begins with is not in the cache as it was", sha256=entry.sha256)
    return plain


def _contents(path: Path, limits: Limits) -> bytes | None:
    with open_zip(path) as archive:
        return plain_of_wheel(archive, limits)
