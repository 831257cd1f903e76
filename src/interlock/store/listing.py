"""What an installer asks of a wheel's files, worked out once, when the wheel comes into the store."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

__all__ = ["WRITTEN_BY_US", "Listing", "StoredFile", "format_row", "list_files"]

WRITTEN_BY_US = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "interlock.json"})
"""Of the ``.dist-info`` folder; a wheel that brings them has not met an installer's needs but a publisher's mistake."""


class StoredFile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file of a wheel."""

    path: str
    """As in the archive, ``.data`` folders included."""
    size: int
    sha256: str
    """urlsafe base64 without padding, as RECORD writes it."""
    executable: bool = False


class Listing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The files that go where a wheel's root goes: all but those in ``.data`` and those that an installer writes.

    Tens of thousands of them go into one environment, so nothing is left to be computed for each of them.
    """

    paths: tuple[str, ...]
    folders: tuple[str, ...]
    """Those that the paths and the metadata are in, parents first."""
    record: bytes
    """Their lines in RECORD."""


def list_files(files: Iterable[StoredFile], dist_info: str, data: str) -> Listing:
    """Work out the listing of a wheel; ``data`` is its ``.data`` folder, if it has one."""
    ours = {f"{dist_info}/{name}" for name in WRITTEN_BY_US}
    apart = data + "/" if data else "\0"
    kept = [file for file in files if not file.path.startswith(apart) and file.path not in ours]
    folders = {dist_info}
    for file in kept:
        folder = file.path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return Listing(
        paths=tuple(file.path for file in kept),
        # Parents sort before what is in them.
        folders=tuple(sorted(folders)),
        record="".join(format_row(file.path, file.sha256, file.size) for file in kept).encode(),
    )


def format_row(path: str, sha256: str = "", size: int | None = None) -> str:
    """One line of RECORD.

    >>> format_row("a,b.py", "xyz", 3)
    '"a,b.py",sha256=xyz,3\\n'
    """
    if "," in path or '"' in path or "\n" in path or "\r" in path:
        path = '"' + path.replace('"', '""') + '"'
    return f"{path},{'sha256=' + sha256 if sha256 else ''},{'' if size is None else size}\n"
