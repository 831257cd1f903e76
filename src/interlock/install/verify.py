"""Whether installed files are what their RECORD says (recording installed projects, PEP 376, PEP 627).

What we installed is held to more than others' work: every file has a hash, no file is a link but into a store, and
RECORD is written as we write it, so that no change of it goes unseen. Of bytecode RECORD says nothing but the name.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Set

import msgspec

from interlock.core.plan.plan import Installed
from interlock.envs.environments import VirtualEnvironment
from interlock.envs.installed import scan_folder
from interlock.install.record import hash_text, read_record
from interlock.install.swap import site_folders
from interlock.store.listing import format_row

__all__ = ["Damage", "Distribution", "Row", "Verifier", "distributions"]

INSTALLER = "interlock"
_BYTECODE = ".pyc"


class Row(msgspec.Struct, frozen=True, gc=False):
    """A line of RECORD, as it stands there."""

    path: str
    algorithm: str = ""
    digest: str = ""
    """urlsafe base64 without padding."""
    size: str = ""


class Damage(msgspec.Struct, frozen=True, order=True):
    """A file that is not what it should be."""

    path: str
    """Relative to the environment's root, where it is inside."""
    problem: str
    """A sentence without its subject: ``was changed``, ``is missing``."""


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed, with what its RECORD says."""

    site: str
    """Absolute; the folder that its ``.dist-info`` is in."""
    installed: Installed
    rows: Mapping[str, Row] | None
    """By absolute path; None when there is no RECORD that can be read."""
    ours: bool
    """Whether we installed it."""
    canonical: bool = True
    """Whether its RECORD is written as we write it."""

    @property
    def info(self) -> str:
        """Its ``.dist-info`` folder."""
        return f"{self.site}/{self.installed.dist_info}"

    @property
    def version(self) -> str:
        """The version in the name of its folder, which also one with a damaged RECORD has."""
        stem = os.path.splitext(self.installed.dist_info)[0]
        return self.installed.version or stem.partition("-")[2].partition("-py")[0]


def distributions(environment: VirtualEnvironment) -> tuple[Distribution, ...]:
    """Everything that is installed, by name; blocking."""
    found = [_read(site, item) for site in site_folders(environment) for item in scan_folder(site)]
    return tuple(sorted(found, key=lambda one: (one.installed.name, one.installed.dist_info)))


def _read(site: str, installed: Installed) -> Distribution:
    info = f"{site}/{installed.dist_info}"
    text = read_record(f"{info}/RECORD") if installed.dist_info.endswith(".dist-info") else None
    if text is None:
        return Distribution(site=site, installed=installed, rows=None, ours=installed.installer == INSTALLER)
    listed = list(_rows(text))
    rows = {_absolute(site, row.path): row for row in listed}
    noted = rows.get(f"{info}/INSTALLER")
    ours = installed.installer == INSTALLER or (noted is not None and noted.digest == _OURS)
    plain = len(rows) == len(listed) and "".join(map(_written, listed)) == text
    return Distribution(site=site, installed=installed, rows=rows, ours=ours, canonical=plain)


_OURS = hash_text(INSTALLER.encode() + b"\n")


def _rows(text: str) -> Iterator[Row]:
    plain = '"' not in text
    for cells in (line.split(",") for line in text.splitlines()) if plain else csv.reader(io.StringIO(text)):
        if cells and cells[0]:
            algorithm, _, digest = cells[1].partition("=") if len(cells) > 1 else ("", "", "")
            yield Row(cells[0], algorithm, digest.rstrip("="), cells[2] if len(cells) > 2 else "")


def _written(row: Row) -> str:
    """The line that we would write for it; another one for what we never write."""
    if row.path.endswith((_BYTECODE, ".dist-info/RECORD")) and not row.digest:
        return format_row(row.path)
    known = row.algorithm == "sha256" and row.digest and row.size.isdecimal()
    return format_row(row.path, row.digest, int(row.size)) if known else ""


def _absolute(site: str, path: str) -> str:
    return os.path.normpath(os.path.join(site, path))


class Verifier:
    """Judges the distributions of one environment; ``store`` is where links of ours may lead. Blocking."""

    def __init__(self, environment: VirtualEnvironment, found: Iterable[Distribution], store: str) -> None:
        self._root = str(environment.root)
        self._real = os.path.realpath(self._root)
        self._store = os.path.realpath(store)
        self._inside: dict[str, bool] = {}
        self._owners = _owners(found)

    def __repr__(self) -> str:
        return f"<Verifier of {self._root}, {len(self._owners)} files>"

    def damages(self, one: Distribution) -> tuple[Damage, ...]:
        """What is wrong with a distribution, by path; nothing is said of one of others that has no RECORD."""
        return tuple(sorted(self._damages(one)))

    def _damages(self, one: Distribution) -> Iterator[Damage]:
        record = f"{one.info}/RECORD"
        if one.rows is None:
            if one.ours or os.path.lexists(record):
                problem = "cannot be read" if os.path.lexists(record) else "is missing"
                yield Damage(self.shown(record), problem)
            return
        for path, row in one.rows.items():
            problem = self.problem(path, row, ours=one.ours)
            if problem and not self._is_anothers(path, row):
                yield Damage(self.shown(path), problem)
        if one.ours:
            if not one.canonical or record not in one.rows:
                yield Damage(self.shown(record), "was changed")
            for path in _unlisted(one.info, one.rows.keys()):
                yield Damage(self.shown(path), "is not listed in RECORD")

    def is_right(self, path: str, row: Row) -> bool:
        """Whether a file is what a line of ours says, or what another distribution has put in its place."""
        return not self.problem(path, row) or self._is_anothers(path, row)

    def problem(self, path: str, row: Row, *, ours: bool = True) -> str:
        """What is wrong with a file; empty when nothing is."""
        try:
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                if ours and not self._is_stored(path):
                    return f"is a link to {os.readlink(path)}"
                found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return "" if path.endswith(_BYTECODE) else "is missing"
        except OSError as error:
            return _unreadable(error)
        if not stat.S_ISREG(found.st_mode):
            return "is not a file"
        if ours and not self._is_inside(os.path.dirname(path)):
            return "is in a folder that is a link to another place"
        if not row.digest or row.algorithm not in hashlib.algorithms_guaranteed:
            return ""
        if row.size.isdecimal() and int(row.size) != found.st_size:
            return "has another size"
        try:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, row.algorithm).digest()
        except OSError as error:
            return _unreadable(error)
        return "" if _is_digest(row.digest, digest) else "was changed"

    def shown(self, path: str) -> str:
        return os.path.relpath(path, self._root) if path.startswith(self._root + os.sep) else path

    def others_of(self, rows: Mapping[str, Row]) -> frozenset[str]:
        """The ``.dist-info`` folders of all who have another file at one of these paths."""
        return frozenset(
            info
            for path, row in rows.items()
            for info, other in self._owners.get(path, ())
            if row.digest and other.digest != row.digest
        )

    def _is_anothers(self, path: str, row: Row) -> bool:
        """Whether it is the file of another distribution, which was installed last."""
        said = self._owners.get(path, ())
        return any(other.digest not in {"", row.digest} and not self.problem(path, other) for _, other in said)

    def _is_stored(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._store + os.sep)

    def _is_inside(self, folder: str) -> bool:
        known = self._inside.get(folder)
        if known is None:
            outside = not folder.startswith(self._root + os.sep)
            real = os.path.realpath(folder)
            known = self._inside[folder] = outside or real == self._real or real.startswith(self._real + os.sep)
        return known


def _owners(found: Iterable[Distribution]) -> dict[str, list[tuple[str, Row]]]:
    """Who has a file at a path, and what it says of it."""
    owners: dict[str, list[tuple[str, Row]]] = {}
    for one in found:
        for path, row in (one.rows or {}).items():
            owners.setdefault(path, []).append((one.info, row))
    return owners


def _unlisted(info: str, listed: Set[str]) -> list[str]:
    """Files of a metadata folder that RECORD does not know of."""
    return [
        os.path.join(folder, name)
        for folder, _, names in os.walk(info)
        for name in names
        if os.path.join(folder, name) not in listed and not name.endswith(_BYTECODE)
    ]


def _is_digest(text: str, digest: bytes) -> bool:
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == text:
        return True
    if len(text) == 2 * len(digest):
        # Some backends of old wrote hexadecimal digits.
        return text.lower() == digest.hex()
    return False


def _unreadable(error: OSError) -> str:
    return f"cannot be read ({(error.strerror or str(error)).lower()})"
