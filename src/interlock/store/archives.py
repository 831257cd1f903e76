"""The store's unpacked wheels: each is verified, unpacked once and then only linked from.

::

    wheels-v1/ab/<sha256>/
      files.msgpack     a StoredWheel: everything an installer asks, so that no file of the wheel is parsed twice
      tree/             the wheel's content, file for file

An entry appears by renaming a complete folder, so it is never seen in part. Files of an entry are shared by hard links
with environments; nothing writes to them.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from interlock.core.names import NormalizedName, normalize_name
from interlock.core.settings.limits import Limits, how_to_raise, is_plausible_text
from interlock.errors import IntegrityError
from interlock.store.digests import DigestMismatch
from interlock.store.layout import Bucket, Layout
from interlock.store.listing import Listing, StoredFile, list_files
from interlock.store.space import with_path, write_file
from interlock.store.wheels import (
    BadWheel,
    EntryPoint,
    check_identity,
    parse_entry_points,
    parse_record,
    parse_wheel_file,
    parse_wheel_name,
)
from interlock.store.zips import BadArchive, Buffer, Entry, inflate, inflate_pieces, open_zip, read_directory

__all__ = ["INDEX", "StoredWheel", "add_contents", "add_wheel", "drop_wheel", "open_wheel"]

INDEX = "files.msgpack"
"""The file of an entry that says what else is in it."""
_TREE = "tree"
_STREAMED = 32 << 20
"""Entries from this size on are inflated and written piece by piece."""
_UNLISTED = frozenset({"RECORD", "RECORD.jws", "RECORD.p7s"})
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class _Index(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    filename: str
    sha256: str
    name: str
    version: str
    dist_info: str
    data: str
    root_is_purelib: bool
    tags: tuple[str, ...]
    build: str
    files: msgspec.Raw
    entry_points: tuple[EntryPoint, ...]
    listing: Listing | None = None
    """Absent from entries of earlier versions."""
    unverified: tuple[str, ...] = ()


class StoredWheel(msgspec.Struct, frozen=True, kw_only=True):
    """An unpacked wheel in the store."""

    root: str
    """The entry; the wheel's files are in ``tree``."""
    filename: str
    sha256: str
    name: NormalizedName
    project: str
    """The name as METADATA writes it."""
    version: str
    dist_info: str
    """Name of its ``.dist-info`` folder."""
    data: str
    """Name of its ``.data`` folder, empty when it has none."""
    root_is_purelib: bool
    tags: tuple[str, ...]
    build: str = ""
    encoded: msgspec.Raw
    """Its files, for :attr:`files`."""
    entry_points: tuple[EntryPoint, ...]
    listing: Listing
    unverified: tuple[str, ...] = ()
    """Files that its RECORD leaves out, or gives no hash for that is worth checking."""

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """Sorted by path; read at every look, for most installations do without."""
        return _FILES.decode(self.encoded)

    @property
    def tree(self) -> str:
        return os.path.join(self.root, _TREE)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def read(self, path: str) -> bytes:
        """Content of one of its files."""
        with open(os.path.join(self.root, _TREE, path), "rb") as file:
            return file.read()

    @property
    def metadata(self) -> bytes:
        return self.read(f"{self.dist_info}/METADATA")


_DECODER = msgspec.msgpack.Decoder(_Index)
_FILES = msgspec.msgpack.Decoder(tuple[StoredFile, ...])


def open_wheel(layout: Layout, sha256: str) -> StoredWheel | None:
    """The entry of a wheel, or None when it is not there or not whole."""
    root = os.path.join(layout.root, Bucket.WHEELS, sha256[:2], sha256)
    try:
        with open(os.path.join(root, INDEX), "rb") as file:
            index = _DECODER.decode(file.read())
        if not os.path.exists(os.path.join(root, _TREE, index.dist_info)):
            return None
        return _stored(root, index)
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, msgspec.DecodeError):
        return None


def add_wheel(layout: Layout, data: Buffer | Path, *, filename: str, sha256: str = "") -> StoredWheel:
    """Verify a wheel, unpack it into the store and return its entry; blocking, meant for a worker thread.

    ``sha256`` is what was promised (empty: nothing was), and it is checked before anything is written, also when the
    wheel is in the store already: the bytes in hand are what the caller vouches for.
    """
    with open_zip(data) as archive:
        actual = hashlib.sha256(archive).hexdigest()
        if sha256 and actual != sha256.lower():
            raise DigestMismatch(filename, sha256.lower(), actual)
        return _added(layout, archive, filename, actual)


def add_contents(layout: Layout, archive: bytes, *, filename: str, sha256: str) -> StoredWheel:
    """Unpack what is in a wheel, in an archive that is not the wheel itself, into the store as that wheel; blocking.

    The caller vouches for it that this wheel's contents are what is in the archive.
    """
    return _added(layout, memoryview(archive), filename, sha256)


def drop_wheel(layout: Layout, sha256: str) -> bool:
    """Take an entry out of the store, at once for those who look for it; whether there was one."""
    return _set_aside(layout, layout.entry(Bucket.WHEELS, sha256))


def _added(layout: Layout, archive: memoryview, filename: str, sha256: str) -> StoredWheel:
    present = open_wheel(layout, sha256)
    if present is not None:
        return present
    temporary = layout.temporary_directory()
    try:
        index = _unpack(archive, temporary, filename, sha256, layout.limits)
        return _publish(layout, temporary, index)
    except BadArchive as error:
        raise BadArchive(error.why, entry=error.entry, filename=filename, hint=error.hint) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _stored(root: str, index: _Index) -> StoredWheel:
    return StoredWheel(
        root=root,
        filename=index.filename,
        sha256=index.sha256,
        name=normalize_name(index.name),
        project=index.name,
        version=index.version,
        dist_info=index.dist_info,
        data=index.data,
        root_is_purelib=index.root_is_purelib,
        tags=index.tags,
        build=index.build,
        encoded=index.files,
        entry_points=index.entry_points,
        listing=index.listing or list_files(_FILES.decode(index.files), index.dist_info, index.data),
        unverified=index.unverified,
    )


def _publish(layout: Layout, temporary: Path, index: _Index) -> StoredWheel:
    target = layout.entry(Bucket.WHEELS, index.sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    entry = temporary / "entry"
    for _ in range(3):
        try:
            os.rename(entry, target)
        except OSError:
            # Somebody was faster, or what is there is damaged; a rename never replaces a folder that is not empty.
            present = open_wheel(layout, index.sha256)
            if present is not None:
                return present
            if not _set_aside(layout, target):
                raise
        else:
            return _stored(str(target), index)
    raise IntegrityError(f"The store's entry {target} cannot be replaced.", hint="Delete that folder.")


def _set_aside(layout: Layout, path: Path) -> bool:
    temporary = layout.temporary_directory()
    try:
        os.rename(path, temporary / "old")
    except FileNotFoundError:
        return False
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return True


def _unpack(archive: memoryview, temporary: Path, filename: str, sha256: str, limits: Limits) -> _Index:
    named = parse_wheel_name(filename)
    entries = read_directory(archive, limits)
    entries.sort(key=lambda entry: entry.name)
    by_name = {entry.name: entry for entry in entries}
    info, data = _folders(entries, filename)

    def text(name: str, *, required: bool = True) -> bytes:
        entry = by_name.get(f"{info}/{name}")
        if entry is None:
            if required:
                raise BadWheel(filename, f"it has no {name}")
            return b""
        return _text(archive, entry, filename, limits)

    project, version = check_identity(filename, named, info, text("METADATA"))
    wheel = parse_wheel_file(text("WHEEL"), filename)
    points = parse_entry_points(text("entry_points.txt", required=False), filename)
    promised = parse_record(text("RECORD"), filename)
    if not promised:
        raise BadWheel(filename, "its RECORD lists nothing")
    tree = temporary / "entry" / _TREE
    try:
        _make_folders(str(tree), entries)
        files = _write_files(archive, str(tree), entries, promised, filename)
    except FileExistsError as error:
        name = os.path.relpath(error.filename, tree)
        why = f"the store's file system takes {name} for another file of it, whose name differs in case only"
        raise BadWheel(filename, why) from error
    index = _Index(
        filename=filename,
        sha256=sha256,
        name=project,
        version=version,
        dist_info=info,
        data=data,
        root_is_purelib=wheel.root_is_purelib,
        tags=wheel.tags or named.tags,
        build=named.build,
        files=msgspec.Raw(msgspec.msgpack.encode(files)),
        entry_points=points,
        listing=list_files(files, info, data),
        unverified=tuple(
            file.path
            for file in files
            if not promised.get(file.path, ("", ""))[0] and file.path.rpartition("/")[2] not in _UNLISTED
        ),
    )
    write_file(temporary / "entry" / INDEX, msgspec.msgpack.encode(index))
    return index


def _text(archive: memoryview, entry: Entry, filename: str, limits: Limits) -> bytes:
    # RECORD grows with the number of files, and has no limit of its own.
    too_large = entry.size > limits.metadata_size and not entry.name.endswith("/RECORD")
    if too_large or not is_plausible_text(entry.size, entry.packed):
        why = f"its {entry.name} would have {entry.size} bytes, which is not plausible"
        raise BadWheel(filename, why, hint=how_to_raise("metadata_size") if too_large else None)
    return bytes(inflate(archive, entry))


def _folders(entries: list[Entry], filename: str) -> tuple[str, str]:
    """Names of the ``.dist-info`` and ``.data`` folders."""
    tops = {entry.name.partition("/")[0] for entry in entries if "/" in entry.name}
    infos = sorted(top for top in tops if top.lower().endswith(".dist-info"))
    if len(infos) != 1:
        raise BadWheel(
            filename,
            f"it has {len(infos)} .dist-info folders instead of one" + (f" ({', '.join(infos)})" if infos else ""),
        )
    stem = infos[0].removesuffix(".dist-info")
    data = stem + ".data"
    for entry in entries:
        parts = entry.name.split("/")
        if (
            parts[0] == data
            and len(parts) > 3
            and parts[1] in {"purelib", "platlib"}
            and parts[2].endswith(".dist-info")
        ):
            raise BadWheel(filename, f"it writes metadata from its .data folder ({entry.name})")
    return infos[0], data if data in tops else ""


def _make_folders(tree: str, entries: list[Entry]) -> None:
    os.makedirs(tree)
    made = {""}
    for entry in entries:
        folder = entry.name.rpartition("/")[0]
        missing = []
        while folder not in made:
            missing.append(folder)
            made.add(folder)
            folder = folder.rpartition("/")[0]
        for folder in reversed(missing):
            # It is there already where folders that differ in case only are one.
            os.makedirs(f"{tree}/{folder}", exist_ok=True)


def _write_files(
    archive: memoryview, tree: str, entries: list[Entry], promised: dict[str, tuple[str, str]], filename: str
) -> tuple[StoredFile, ...]:
    files: list[StoredFile] = []
    sha256, encode = hashlib.sha256, base64.urlsafe_b64encode
    prefix = tree + "/"
    for entry in entries:
        name = entry.name
        algorithm, expected = promised.get(name, ("", ""))
        other = hashlib.new(algorithm) if algorithm and algorithm != "sha256" else None
        handle = os.open(prefix + name, _CREATE, 0o777 if entry.executable else 0o666)
        try:
            if entry.size < _STREAMED:
                data = inflate(archive, entry)
                hashed = sha256(data)
                if other is not None:
                    other.update(data)
                if entry.size:
                    _write(handle, data)
            else:
                hashed = _stream(archive, entry, handle, None if other is None else other.update)
        except OSError as error:
            raise with_path(error, prefix + name) from None
        finally:
            os.close(handle)
        digest = hashed.digest()
        actual = other.hexdigest() if other is not None else digest.hex()
        if algorithm and actual != expected and name.rpartition("/")[2] not in _UNLISTED:
            raise BadWheel(filename, f"{name} does not have the hash that its RECORD states")
        files.append(StoredFile(name, entry.size, encode(digest).rstrip(b"=").decode(), entry.executable))
    return tuple(files)


def _stream(archive: memoryview, entry: Entry, handle: int, also: Callable[[Buffer], None] | None) -> hashlib._Hash:
    hashed = hashlib.sha256()
    for piece in inflate_pieces(archive, entry):
        hashed.update(piece)
        if also is not None:
            also(piece)
        _write(handle, piece)
    return hashed


def _write(handle: int, data: Buffer) -> None:
    written = os.write(handle, data)
    if written != len(data):
        view = memoryview(data)[written:]
        while view:
            view = view[os.write(handle, view) :]
