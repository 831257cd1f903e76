"""Which wheel of the store an installed distribution came from: the lock may say another by now, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from interlock.install.data import Destination, UnsafeTarget, place_files
from interlock.install.scripts import UnsafeScript, launchers
from interlock.install.verify import Distribution, Row, Verifier
from interlock.store.archives import StoredWheel
from interlock.store.listing import WRITTEN_BY_US

__all__ = ["Origin", "find_origin"]


class Origin(msgspec.Struct, frozen=True):
    """The wheel that a distribution came from."""

    wheel: StoredWheel
    rows: Mapping[str, Row]
    """What it put where (absolute paths); no hash for commands, which are made for their environment."""
    recorded: bool
    """Whether RECORD says so; else the files that are there do."""
    doubtful: bool = False
    """Whether RECORD lists what neither the wheel brings nor we write, so that it may not list what it should."""


def find_origin(one: Distribution, wheels: Iterable[StoredWheel], to: Destination, verifier: Verifier) -> Origin | None:
    """The wheel whose every file RECORD lists, else the one whose every file is there: one of the two may be damaged.

    Of several, the one with the most files: another build may have left some out. Blocking.
    """
    known = []
    for wheel in wheels:
        rows = _expected(wheel, to) if wheel.dist_info == one.installed.dist_info else None
        if rows is not None:
            known.append((len(rows), wheel.sha256, wheel, rows))
    known.sort(key=lambda each: (-each[0], each[1]))
    for _, _, wheel, rows in known:
        if one.rows is not None and all(_is_listed(one, path, row) for path, row in rows.items()):
            return Origin(wheel, rows, recorded=True, doubtful=_is_doubtful(one, rows))
    for _, _, wheel, rows in known:
        if all(verifier.is_right(path, row) for path, row in rows.items()):
            return Origin(wheel, rows, recorded=False, doubtful=True)
    return None


def _is_listed(one: Distribution, path: str, row: Row) -> bool:
    listed = one.rows.get(path) if one.rows is not None else None
    return listed is not None and (not row.digest or row.digest == listed.digest)


def _is_doubtful(one: Distribution, rows: Mapping[str, Row]) -> bool:
    known = {f"{one.info}/{name}" for name in WRITTEN_BY_US}
    return any(path not in rows and path not in known and not path.endswith(".pyc") for path in one.rows or ())


def _expected(wheel: StoredWheel, to: Destination) -> dict[str, Row] | None:
    try:
        placement = place_files(wheel, to)
        commands = [name for name, _ in launchers(wheel.entry_points, wheel.filename, "")]
    except (UnsafeTarget, UnsafeScript):
        return None
    site = f"{to.root}/{placement.site}"
    listed = set(wheel.listing.paths)
    rows = {
        f"{site}/{file.path}": Row(file.path, "sha256", file.sha256, str(file.size))
        for file in wheel.files
        if file.path in listed
    }
    for file, target in placement.links:
        rows[f"{to.root}/{target}"] = Row(file.path, "sha256", file.sha256, str(file.size))
    for target in [*(target for _, target in placement.scripts), *(f"{to.scripts}/{name}" for name in commands)]:
        rows[f"{to.root}/{target}"] = Row(target)
    return rows
