"""Entries of source archives, judged and written (PEP 706's data filter, PEP 721).

They are written here and not by ``tarfile``, whose filters are not in every Python 3.11 and have had holes: nothing is
ever written through a link, so that where a link leads cannot matter to what comes after it.
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
from contextlib import suppress

from interlock.build.failures import UnsafeArchive
from interlock.core.text.one_line import one_line
from interlock.store.space import named

__all__ = ["check_entry", "check_name", "write_entry"]

_OWNER = 0o600
_EXECUTABLE = 0o111


def check_name(archive: str, name: str) -> None:
    """Raises :class:`UnsafeArchive` for a path that any platform takes for absolute, or that leads upwards."""
    if _is_absolute(name) or ".." in name.replace("\\", "/").split("/"):
        raise UnsafeArchive(f"{archive} holds a file outside of its folder: {one_line(name)}.")


def check_entry(archive: str, member: tarfile.TarInfo) -> None:
    """Raises :class:`UnsafeArchive` for an entry that must not be written, as far as it alone tells."""
    check_name(archive, member.name)
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise UnsafeArchive(f"{archive} holds a device or pipe: {one_line(member.name)}.")


def write_entry(tar: tarfile.TarFile, member: tarfile.TarInfo, root: str, archive: str) -> None:
    """Write one entry below ``root``, a folder that nobody else writes to; an earlier one of its name is replaced.

    Raises :class:`UnsafeArchive`, and what ``tarfile`` raises.
    """
    check_entry(archive, member)
    parts = _parts(member.name)
    if not parts:
        return
    place = os.path.join(root, *parts)
    if not _is_reached_by_folders(root, parts[:-1]):
        raise UnsafeArchive(f"{archive} holds an entry behind a link or a file: {one_line(member.name)}.")
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.lexists(place) and _is_folder(place) != member.isdir():
        raise UnsafeArchive(f"{archive} holds a folder and something else of one name: {one_line(member.name)}.")
    if member.isdir():
        os.makedirs(place, exist_ok=True)
        return
    with suppress(FileNotFoundError):
        os.unlink(place)
    if member.issym():
        _check_link(archive, member, root, parts)
        os.symlink(member.linkname, place)
    elif member.islnk():
        _write_hard_link(archive, member, root, place)
    else:
        _write_file(tar, member, place)


def _write_file(tar: tarfile.TarFile, member: tarfile.TarInfo, place: str) -> None:
    content = tar.extractfile(member)
    assert content is not None
    with named(place), open(place, "xb") as file:
        shutil.copyfileobj(content, file)
    mode = member.mode & 0o755 | _OWNER
    # Who may run it is who owns it, or nobody; that others may write to it is not for an archive to say.
    os.chmod(place, mode if mode & 0o100 else mode & ~_EXECUTABLE)
    with suppress(OverflowError, ValueError):
        os.utime(place, (member.mtime, member.mtime))


def _write_hard_link(archive: str, member: tarfile.TarInfo, root: str, place: str) -> None:
    check_name(archive, member.linkname)
    parts = _parts(member.linkname)
    source = os.path.join(root, *parts)
    if not parts or not _is_reached_by_folders(root, parts[:-1]) or not _is_file(source):
        raise UnsafeArchive(f"{archive} holds a link to what is no file of it: {member.name} -> {member.linkname}.")
    try:
        os.link(source, place)
    except OSError:
        shutil.copy2(source, place)


def _check_link(archive: str, member: tarfile.TarInfo, root: str, parts: list[str]) -> None:
    target = member.linkname.replace("\\", "/")
    depth = len(parts) - 1
    lowest = depth
    for part in _parts(target):
        depth += -1 if part == ".." else 1
        lowest = min(lowest, depth)
    top = os.path.realpath(root)
    # The one cannot see that a folder on the way is a link itself, the other not what is still to come.
    real = os.path.realpath(os.path.join(root, *parts[:-1], member.linkname))
    if _is_absolute(target) or lowest < 0 or (real != top and not real.startswith(os.path.join(top, ""))):
        raise UnsafeArchive(f"{archive} holds a link that leads out of it: {member.name} -> {member.linkname}.")


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "\\")) or path[1:2] == ":"


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def _is_reached_by_folders(root: str, parts: list[str]) -> bool:
    """Whether all that is there on the way are folders and no links to them."""
    place = root
    for part in parts:
        place = os.path.join(place, part)
        if not os.path.lexists(place):
            return True
        if not _is_folder(place):
            return False
    return True


def _is_folder(path: str) -> bool:
    return stat.S_ISDIR(os.lstat(path).st_mode)


def _is_file(path: str) -> bool:
    return os.path.lexists(path) and stat.S_ISREG(os.lstat(path).st_mode)
