"""Whether what is in the store is what was put there: wheels by their own lists and RECORD, archives by their digest.

Sentences say what differs, without a subject: "METADATA was changed". Nothing is written, and no link is followed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from interlock.errors import InterlockError
from interlock.store.archives import INDEX, StoredWheel, open_wheel
from interlock.store.layout import Layout
from interlock.store.listing import StoredFile, list_files
from interlock.store.wheels import (
    check_identity,
    parse_entry_points,
    parse_record,
    parse_wheel_file,
    parse_wheel_name,
)

__all__ = ["file_problem", "is_intact", "wheel_problems"]

_UNLISTED = frozenset({"RECORD", "RECORD.jws", "RECORD.p7s"})


def is_intact(wheel: StoredWheel) -> bool:
    """Whether an entry may be installed from; blocking."""
    return next(_problems_of(wheel), None) is None


def wheel_problems(layout: Layout, sha256: str) -> tuple[str, ...]:
    """What is wrong with an unpacked wheel; blocking."""
    wheel = open_wheel(layout, sha256)
    if wheel is None:
        return ("its list of files cannot be read, or its files are gone",)
    for path in (wheel.root, wheel.tree, os.path.join(wheel.root, INDEX)):
        if os.path.islink(path):
            return (f"{os.path.basename(path)} is a link",)
    if wheel.sha256 != sha256:
        return (f"it is the entry of another wheel, {wheel.filename}",)
    return tuple(_problems_of(wheel))


def _problems_of(wheel: StoredWheel) -> Iterator[str]:
    try:
        files = wheel.files
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield "its list of files cannot be read"
        return
    wrong = list(_file_problems(wheel, files))
    if wrong:
        yield from wrong
    elif not _is_described(wheel, files):
        yield "what is noted about it is not what its own metadata says"


def _file_problems(wheel: StoredWheel, files: tuple[StoredFile, ...]) -> Iterator[str]:
    there = dict(_walk(wheel.tree))
    for file in files:
        problem = _difference(f"{wheel.tree}/{file.path}", there.pop(file.path, 0), file)
        if problem:
            yield f"{file.path} {problem}"
    for path in sorted(there):
        yield f"{path} is none of its files"


def _walk(tree: str) -> Iterator[tuple[str, int]]:
    """What is below a folder but for folders, with its mode."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(f"{tree}/{folder}") as entries:
            for entry in entries:
                path = folder + entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path + "/")
                else:
                    yield path, entry.stat(follow_symlinks=False).st_mode


def _difference(path: str, mode: int, file: StoredFile) -> str:
    if not mode:
        return "is missing"
    if not stat.S_ISREG(mode):
        return "is a link" if stat.S_ISLNK(mode) else "is not a file"
    try:
        with open(path, "rb") as content:
            if os.fstat(content.fileno()).st_size != file.size:
                return "has another size"
            digest = hashlib.file_digest(content, "sha256").digest()
    except OSError as error:
        return f"cannot be read ({(error.strerror or str(error)).lower()})"
    return "" if _encoded(digest) == file.sha256 else "was changed"


def _is_described(wheel: StoredWheel, files: tuple[StoredFile, ...]) -> bool:
    """Whether an entry's notes are what the wheel's own files would give again."""
    by_path = {file.path: file for file in files}
    try:
        named = parse_wheel_name(wheel.filename)
        identity = check_identity(wheel.filename, named, wheel.dist_info, wheel.metadata)
        about = parse_wheel_file(wheel.read(f"{wheel.dist_info}/WHEEL"), wheel.filename)
        points = b""
        if f"{wheel.dist_info}/entry_points.txt" in by_path:
            points = wheel.read(f"{wheel.dist_info}/entry_points.txt")
        commands = parse_entry_points(points, wheel.filename)
        promised = parse_record(wheel.read(f"{wheel.dist_info}/RECORD"), wheel.filename)
    except (InterlockError, OSError):
        return False
    data = wheel.dist_info.removesuffix(".dist-info") + ".data"
    return (
        identity == (wheel.project, wheel.version)
        and about.root_is_purelib == wheel.root_is_purelib
        and (about.tags or named.tags, named.build, commands) == (wheel.tags, wheel.build, wheel.entry_points)
        and wheel.data == (data if any(path.startswith(data + "/") for path in by_path) else "")
        and wheel.listing == list_files(files, wheel.dist_info, wheel.data)
        and all(_is_promised(file, promised) for file in files)
    )


def _is_promised(file: StoredFile, promised: dict[str, tuple[str, str]]) -> bool:
    algorithm, digest = promised.get(file.path, ("", ""))
    if algorithm != "sha256" or file.path.rpartition("/")[2] in _UNLISTED:
        return True
    return _encoded(bytes.fromhex(digest)) == file.sha256


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def file_problem(path: Path, sha256: str) -> str:
    """What is wrong with a file that has to have a digest, empty when nothing is; blocking."""
    if path.is_symlink() or not path.is_file():
        return "is a link" if path.is_symlink() else "is not a file" if path.exists() else "is missing"
    with path.open("rb") as file:
        return "" if hashlib.file_digest(file, "sha256").hexdigest() == sha256 else "was changed"
