"""Source archives: unpacking them safely and reading their PKG-INFO without unpacking (PEP 517, 625, 706, 721)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interlock.build.digest import IGNORES_ALL
from interlock.build.failures import InvalidSourceTree, SubdirectoryMissing, UnsafeArchive
from interlock.build.tar_entry import check_entry, write_entry
from interlock.core.settings.limits import DEFAULT, Limits
from interlock.store.space import named
from interlock.store.tars import BROKEN_TAR, Budget, open_tar
from interlock.store.top_files import top_file
from interlock.store.zips import BadArchive, Entry, inflate_pieces, open_zip, read_directory

__all__ = [
    "cache_folders",
    "check_entries",
    "is_below",
    "is_sdist_name",
    "locate_tree",
    "read_manifest",
    "read_pkg_info",
    "unpack_sdist",
]

_TAR = (".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")


def is_sdist_name(filename: str) -> bool:
    """Whether the name is of an archive that can be unpacked here."""
    return filename.lower().endswith((*_TAR, ".zip"))


def unpack_sdist(archive: Path, target: Path, limits: Limits = DEFAULT) -> Path:
    """Unpack into ``target`` (made by this call) and return the one folder that holds the source tree; blocking.

    Links that leave the archive, absolute names, devices and set-uid bits are refused or dropped as PEP 706 says.
    Raises :class:`UnsafeArchive`; then ``target`` is gone again.
    """
    target.mkdir(parents=True)
    try:
        with _as_unsafe(archive):
            if archive.name.lower().endswith(".zip"):
                _unpack_zip(archive, target, limits)
            elif archive.name.lower().endswith(_TAR):
                _unpack_tar(archive, target, limits)
            else:
                raise UnsafeArchive(f"{archive.name} is neither a tar archive nor a zip file.")
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
    with _as_unsafe(archive):
        return top_file(archive, name)


@contextmanager
def _as_unsafe(archive: Path) -> Iterator[None]:
    """Say of whatever goes wrong with an archive which one it is."""
    try:
        yield
    except BadArchive as error:
        raise UnsafeArchive(f"{archive.name} cannot be unpacked: {error.why}.", hint=error.hint) from error
    except BROKEN_TAR as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # a full disk says nothing about the archive
        hint = getattr(error, "hint", None)
        raise UnsafeArchive(f"{archive.name} cannot be unpacked: {error}.", hint=hint) from error


def check_entries(archive: Path) -> int:
    """How many entries a ``.tar.gz`` has; blocking.

    Raises :class:`UnsafeArchive` for one that would be written outside of its folder, and what ``tarfile`` raises.
    """
    count = 0
    caches = cache_folders(archive)
    with open_tar(archive, Budget(archive.stat().st_size)) as entries:
        for _, member in entries:
            if not is_below(member.name, caches):
                check_entry(archive.name, member)
            count += 1
    return count


def cache_folders(archive: Path) -> frozenset[str]:
    """The folders in a ``.tar.gz`` that say themselves that they are no part of a project; blocking.

    They call themselves caches (``CACHEDIR.TAG``), or have git ignore all that is in them. Backends pack them all the
    same when they lie about in a tree.
    """
    found = set()
    with open_tar(archive, Budget(archive.stat().st_size)) as entries:
        for tar, member in entries:
            folder, _, name = member.name.rpartition("/")
            if "/" not in folder or not member.isreg():
                continue
            if name == "CACHEDIR.TAG":
                found.add(folder)
            elif name == ".gitignore" and member.size <= len(IGNORES_ALL) + 1:
                file = tar.extractfile(member)
                if file is not None and file.read().strip() == IGNORES_ALL:
                    found.add(folder)
    return frozenset(found)


def is_below(name: str, folders: frozenset[str]) -> bool:
    """Whether an entry is one of the folders or in one of them."""
    return any(name == folder or name.startswith(f"{folder}/") for folder in folders)


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


def _single_folder(archive: Path, target: Path) -> Path:
    # Some old archives carry a pax header as a file, and macOS adds its own.
    inside = [entry for entry in target.iterdir() if entry.name not in {"pax_global_header", "__MACOSX"}]
    folders = [entry for entry in inside if entry.is_dir() and not entry.is_symlink()]
    if len(folders) != 1 or len(inside) != 1:
        shown = ", ".join(sorted(entry.name for entry in inside)[:5]) or "nothing"
        raise UnsafeArchive(f"{archive.name} should have one folder at its top, and has {shown}.")
    return folders[0]


def _unpack_tar(archive: Path, target: Path, limits: Limits) -> None:
    with open_tar(archive, Budget(archive.stat().st_size, limits)) as entries:
        for tar, member in entries:
            write_entry(tar, member, os.fspath(target), archive.name)


def _unpack_zip(archive: Path, target: Path, limits: Limits) -> None:
    with open_zip(archive) as opened:
        for entry in read_directory(opened, limits):
            _write_zipped(opened, entry, target / entry.name)


def _write_zipped(opened: memoryview, entry: Entry, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with named(place), place.open("xb") as file:
        for piece in inflate_pieces(opened, entry):
            file.write(piece)
    place.chmod(0o755 if entry.executable else 0o644)
