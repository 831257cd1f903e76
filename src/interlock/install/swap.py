"""Moving staged distributions into an environment, and cleaning up after a process that was killed while it did.

::

    <env>/.interlock/work/
      journal.json     what is being moved; appears when the first change of the environment is about to happen
      stage/<n>/...    new distributions, complete, mirroring the environment's root
      trash/<n>/...    what they replace, on its way out

Per distribution: its old ``.dist-info`` goes to the trash, then its other old files go, then the new files come (whole
folders by one rename where nothing else is in them), then the new ``.dist-info``. So a metadata folder in its place
always describes files that are all there, and after a kill at most one distribution is in between; it counts as not
installed, and :func:`recover` takes away what is left of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

import msgspec

from interlock.envs.environments import VirtualEnvironment
from interlock.install.record import read_record
from interlock.install.uninstall import Remover, absolute_paths, owned_paths
from interlock.store.space import write_file

__all__ = ["Move", "has_leftovers", "move", "recover", "site_folders", "work_folder", "write_journal"]

_JOURNAL = "journal.json"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One change: a distribution comes, goes, or is replaced."""

    number: int
    new: str = ""
    """``.dist-info`` relative to the root; empty when it only goes."""
    old: tuple[str, ...] = ()
    """``.dist-info`` folders (or egg-info) that go; more than one when an environment held two versions."""


def work_folder(environment: VirtualEnvironment) -> Path:
    return environment.notes / "work"


def site_folders(environment: VirtualEnvironment) -> tuple[str, ...]:
    """The site-packages folders, absolute, each once."""
    purelib, platlib = environment.purelib, environment.platlib
    if purelib == platlib or os.path.realpath(purelib) == os.path.realpath(platlib):
        return (purelib,)
    return (purelib, platlib)


def has_leftovers(environment: VirtualEnvironment) -> bool:
    """Whether an earlier transaction was cut short."""
    return work_folder(environment).exists()


def write_journal(work: Path, moves: list[Move]) -> None:
    temporary = work / f"{_JOURNAL}.new"
    write_file(temporary, msgspec.json.encode(moves))
    os.replace(temporary, work / _JOURNAL)


def recover(environment: VirtualEnvironment) -> bool:
    """Clean up after a transaction that was cut short; the environment's lock must be held. Whether there was one."""
    work = work_folder(environment)
    if not work.exists():
        return False
    try:
        moves = msgspec.json.decode((work / _JOURNAL).read_bytes(), type=list[Move])
    except (FileNotFoundError, msgspec.DecodeError):
        # Killed while staging: the environment was not touched yet.
        moves = []
    root = str(environment.root)
    doomed: list[str] = []
    for change in moves:
        doomed += _unfinished(change, root, work)
    if doomed:
        Remover(environment, owned_paths(site_folders(environment), ())).remove(doomed)
    shutil.rmtree(work)
    return True


def _unfinished(change: Move, root: str, work: Path) -> list[str]:
    """Absolute paths that an interrupted change may have left behind."""
    doomed: list[str] = []
    trash = work / "trash" / str(change.number)
    for old in change.old:
        record = read_record(str(trash / old / "RECORD"))
        if record is not None:
            doomed += absolute_paths(os.path.join(root, os.path.dirname(old)), record)
    stage = work / "stage" / str(change.number)
    record = read_record(str(stage / change.new / "RECORD")) if change.new else None
    if record is not None:
        # Its metadata has not been moved. Files that still wait in the stage were not put into the environment by us.
        for path in absolute_paths(os.path.join(root, os.path.dirname(change.new)), record):
            if not os.path.lexists(stage / os.path.relpath(path, root)):
                doomed.append(path)
    return doomed


def move(change: Move, environment: VirtualEnvironment, work: Path, outgoing: list[str], remover: Remover) -> None:
    """Carry out one change; blocking. ``outgoing`` are the absolute paths of what goes, metadata included."""
    root = str(environment.root)
    trash = f"{work}{os.sep}trash{os.sep}{change.number}"
    for old in change.old:
        os.makedirs(os.path.dirname(os.path.join(trash, old)), exist_ok=True)
        with suppress(FileNotFoundError):
            os.rename(os.path.join(root, old), os.path.join(trash, old))
    stage = f"{work}{os.sep}stage{os.sep}{change.number}"
    if not change.new:
        remover.remove(outgoing)
        return
    common = {path for path in outgoing if os.path.lexists(stage + path[len(root) :])}
    remover.remove([path for path in outgoing if path not in common])
    # Bytecode is checked by size and time of its source only, and a new version may have both of the old one.
    remover.remove_bytecode(common)
    site = os.path.dirname(change.new)
    if not os.path.isdir(f"{root}/{site}"):
        os.makedirs(f"{root}/{site}")
    merge = _Merge(root, stage, trash, change.new, common, remover.kept)
    merge.run()
    os.rename(os.path.join(stage, change.new), os.path.join(root, change.new))
    # Cheaper than finding them again at the end, and a folder that is not empty after all waits for that.
    with suppress(OSError):
        for folder in reversed(merge.emptied):
            os.rmdir(f"{stage}/{folder}")


class _Merge:
    """Brings a staged tree into the environment, by as few renames as possible."""

    def __init__(self, root: str, stage: str, trash: str, last: str, common: Set[str], kept: Set[str]) -> None:
        self.root = root
        self.stage = stage
        self.trash = trash
        self.last = last
        """The metadata folder, which does not move with the rest."""
        self.common = common
        """Paths that the old version and the new one have both."""
        self.kept = kept
        self.emptied: list[str] = []
        """Folders of the staged tree that stay behind, with nothing in them but the metadata folder; parents first."""
        self._site = os.path.dirname(last)

    def __repr__(self) -> str:
        return f"<_Merge {self.stage} into {self.root}>"

    def run(self, folder: str = "") -> None:
        self.emptied.append(folder)
        with os.scandir(f"{self.stage}/{folder}") as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if path == self.last:
                continue
            target = f"{self.root}{os.sep}{path}"
            if not entry.is_dir(follow_symlinks=False):
                os.replace(entry.path, target)
            elif not os.path.lexists(target):
                os.rename(entry.path, target)
            elif os.path.islink(target) and not self._is_inside(target):
                # A link to somebody's sources: the link gives way, what it leads to is not ours to write.
                os.unlink(target)
                os.rename(entry.path, target)
            elif folder == self._site and self._is_replaceable(target):
                aside = os.path.join(self.trash, path)
                os.makedirs(os.path.dirname(aside), exist_ok=True)
                os.rename(target, aside)
                os.rename(entry.path, target)
            else:
                self.run(path)

    def _is_inside(self, target: str) -> bool:
        return os.path.realpath(target).startswith(os.path.realpath(self.root) + os.sep)

    def _is_replaceable(self, target: str) -> bool:
        """Whether a folder holds nothing but what the old version has put there."""
        if not self.common:
            return False
        for folder, _, names in os.walk(target):
            for name in names:
                path = os.path.join(folder, name)
                if path in self.kept or (path not in self.common and not name.endswith(".pyc")):
                    return False
        return True
