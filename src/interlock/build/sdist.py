"""Source archives: unpacking them safely and reading their PKG-INFO without unpacking (PEP 517, 625, 706, 721)."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path, PurePosixPath

from interlock.build.failures import InvalidSourceTree, SubdirectoryMissing, UnsafeArchive
from interlock.build.tar_entry import check_entry, check_name, write_entry

__all__ = ["check_entries", "is_sdist_name", "locate_tree", "read_manifest", "read_pkg_info", "unpack_sdist"]

_TAR = (".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)
# Where a source archive ends and a bomb begins: the largest on the public index unpack to a few GiB.
_LARGEST = 16 << 30
_SUSPICIOUS = 512 << 20
_RATIO = 300
_MANY = 500_000
_EXECUTABLE = 0o111


def is_sdist_name(filename: str) -> bool:
    """Whether the name is of an archive that can be unpacked here."""
    return filename.lower().endswith((*_TAR, ".zip"))


def unpack_sdist(archive: Path, target: Path) -> Path:
    """Unpack into ``target`` (made by this call) and return the one folder that holds the source tree; blocking.

    Links that leave the archive, absolute names, devices and set-uid bits are refused or dropped as PEP 706 says.
    Raises :class:`UnsafeArchive`; then ``target`` is gone again.
    """
    target.mkdir(parents=True)
    try:
        try:
            if archive.name.lower().endswith(".zip"):
                _unpack_zip(archive, target)
            elif archive.name.lower().endswith(_TAR):
                _unpack_tar(archive, target)
            else:
                raise UnsafeArchive(f"{archive.name} is neither a tar archive nor a zip file.")
        except _BROKEN as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # a full disk says nothing about the archive
            raise UnsafeArchive(f"{archive.name} cannot be unpacked: {error}.") from error
        tree = _single_folder(archive, target)
        # A border: backends look upwards for a repository and its ignored files, which are none of this tree's affair.
        (target / ".git").touch()
        return tree
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def read_pkg_info(archive: Path) -> bytes | None:
    """The PKG-INFO at the top of a source archive, or None when it has none; blocking."""
    return _read_top(archive, "PKG-INFO")


def read_manifest(archive: Path) -> bytes | None:
    """The pyproject.toml at the top of a source archive, or None when it has none; blocking."""
    return _read_top(archive, "pyproject.toml")


def _read_top(archive: Path, name: str) -> bytes | None:
    try:
        if archive.name.lower().endswith(".zip"):
            with zipfile.ZipFile(archive) as opened:
                found = [entry for entry in opened.infolist() if _is_top(entry.filename, name)]
                return opened.read(found[0]) if found else None
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                if member.isreg() and _is_top(member.name, name):
                    file = tar.extractfile(member)
                    return file.read() if file is not None else None
    except _BROKEN as error:
        raise UnsafeArchive(f"{archive.name} cannot be read: {error}.") from error
    return None


def check_entries(archive: Path) -> int:
    """How many entries a ``.tar.gz`` has; blocking.

    Raises :class:`UnsafeArchive` for one that would be written outside of its folder, and what ``tarfile`` raises.
    """
    count = 0
    with tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            check_entry(archive.name, member)
            count += 1
    return count


def locate_tree(root: Path, subdirectory: str, *, shown: str) -> Path:
    """The project inside an unpacked archive or a checkout; ``shown`` names the whole in messages."""
    tree = root
    if subdirectory:
        tree = root / subdirectory
        real, top = os.path.realpath(tree), os.path.realpath(root)
        if real != top and not real.startswith(os.path.join(top, "")):
            raise SubdirectoryMissing(f"The subdirectory `{subdirectory}` leads out of {shown}.")
        if not tree.is_dir():
            raise SubdirectoryMissing(
                f"{shown} has no subdirectory `{subdirectory}`.",
                hint="Check `subdirectory`; it is relative to the top of the repository or archive.",
            )
    if not (tree / "pyproject.toml").is_file() and not (tree / "setup.py").is_file():
        where = f"the subdirectory `{subdirectory}` of {shown}" if subdirectory else shown
        raise InvalidSourceTree(
            f"There is neither a pyproject.toml nor a setup.py in {where}.",
            hint=None if subdirectory else "If the project is further down, name its `subdirectory`.",
        )
    return tree


def _is_top(path: str, name: str) -> bool:
    parts = PurePosixPath(path).parts
    return len(parts) == 2 and parts[1] == name


def _single_folder(archive: Path, target: Path) -> Path:
    # Some old archives carry a pax header as a file, and macOS adds its own.
    inside = [entry for entry in target.iterdir() if entry.name not in {"pax_global_header", "__MACOSX"}]
    folders = [entry for entry in inside if entry.is_dir() and not entry.is_symlink()]
    if len(folders) != 1 or len(inside) != 1:
        shown = ", ".join(sorted(entry.name for entry in inside)[:5]) or "nothing"
        raise UnsafeArchive(f"{archive.name} should have one folder at its top, and has {shown}.")
    return folders[0]


class _Budget:
    """Counts what has been unpacked, and stops a bomb."""

    def __init__(self, archive: Path) -> None:
        self.name = archive.name
        self.packed = archive.stat().st_size
        self.size = 0
        self.count = 0

    def take(self, size: int) -> None:
        self.size += size
        self.count += 1
        if self.count > _MANY or self.size > _LARGEST or (self.size > max(_SUSPICIOUS, self.packed * _RATIO)):
            raise UnsafeArchive(
                f"{self.name} unpacks to implausibly much: {self.count} files, more than {self.size} bytes."
            )


def _unpack_tar(archive: Path, target: Path) -> None:
    budget = _Budget(archive)
    with tarfile.open(archive, "r|*") as tar:
        for member in tar:
            budget.take(member.size if member.isreg() else 0)
            write_entry(tar, member, os.fspath(target), archive.name)


def _unpack_zip(archive: Path, target: Path) -> None:
    budget = _Budget(archive)
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            check_name(archive.name, entry.filename)
            budget.take(entry.file_size)
            mode = entry.external_attr >> 16
            if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise UnsafeArchive(f"{archive.name} holds a link or device: {entry.filename}.")
            written = opened.extract(entry, target)
            if not entry.is_dir() and mode & 0o111:
                with suppress(OSError):
                    os.chmod(written, os.stat(written).st_mode | _EXECUTABLE)
