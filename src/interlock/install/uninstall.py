"""Taking a distribution's files away: by its RECORD, with bytecode, and never anything outside the environment."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Set
from contextlib import suppress

from interlock.core.plan.plan import Installed
from interlock.envs.environments import VirtualEnvironment
from interlock.errors import InstallError
from interlock.install.record import read_record, recorded_paths
from interlock.install.scripts import UnsafeScript, check_script_name

__all__ = ["CannotRemove", "Remover", "absolute_paths", "installed_paths", "legacy_paths", "owned_paths"]


class CannotRemove(InstallError):
    """A distribution that does not say which files are its own."""

    code = "cannot-remove"

    def __init__(self, dist_info: str, why: str) -> None:
        super().__init__(
            f"The installed {dist_info} cannot be removed: {why}.",
            hint="Make the environment again, or remove it with the tool that installed it.",
            facts={"dist_info": dist_info, "why": why},
        )


def installed_paths(site: str, dist_info: str) -> list[str] | None:
    """The absolute paths of a RECORD, not checked in any way; None when there is no RECORD."""
    record = read_record(f"{site}/{dist_info}/RECORD")
    if record is None:
        return None
    return absolute_paths(site, record)


def absolute_paths(site: str, record: str) -> list[str]:
    prefix = site + "/"
    # Only paths that leave the folder need to be brought into normal form; they are few.
    return [
        os.path.normpath(os.path.join(site, path))
        if path.startswith((".", "/")) or "\\" in path or ":" in path
        else prefix + path
        for path in recorded_paths(record)
    ]


def owned_paths(sites: Iterable[str], leaving: Collection[str]) -> set[str]:
    """Absolute paths that the distributions of an environment own, without those whose metadata folder is leaving."""
    owned: set[str] = set()
    for site in sites:
        with suppress(FileNotFoundError):
            for entry in os.listdir(site):
                if entry.endswith(".dist-info") and f"{site}/{entry}" not in leaving:
                    owned.update(installed_paths(site, entry) or ())
    return owned


def legacy_paths(site: str, installed: Installed) -> list[str]:
    """The files of a distribution that was installed without a RECORD, by setuptools before wheels."""
    path = f"{site}/{installed.dist_info}"
    if installed.dist_info.endswith(".egg-link"):
        return [path]
    listed = f"{path}/installed-files.txt"
    if not os.path.isfile(listed):
        raise CannotRemove(
            installed.dist_info, "it was installed by distutils or setuptools, which kept no list of its files"
        )
    with open(listed, encoding="utf-8", errors="replace") as file:
        return [os.path.normpath(os.path.join(path, line.strip())) for line in file if line.strip()] + [listed]


class Remover:
    """Removes paths of one environment; remembers which folders have been checked and which may have become empty."""

    def __init__(self, environment: VirtualEnvironment, kept: Set[str], arriving: Set[str] = frozenset()) -> None:
        self.root = str(environment.root)
        self.scripts = environment.scripts
        self.kept = kept
        """Paths that somebody owns who stays."""
        self._spared = kept | arriving if arriving else kept
        paths = environment.paths
        self._stops = {self.root}
        for folder in (paths.purelib, paths.platlib, paths.scripts, paths.include, paths.data):
            while len(folder) > len(self.root):
                self._stops.add(folder)
                folder = os.path.dirname(folder)
        self._safe: dict[str, bool] = {self.root: True}
        self._real = os.path.realpath(self.root)

    def __repr__(self) -> str:
        return f"<Remover {self.root}, {len(self.kept)} kept>"

    def remove(self, paths: Iterable[str]) -> int:
        """Delete files with their bytecode, then the folders that this leaves empty; returns how many files went."""
        removed = 0
        stems: dict[str, set[str]] = {}
        unlink, kept = os.unlink, self._spared
        for path in paths:
            if path in kept:
                continue
            folder, _, name = path.rpartition("/") if os.sep == "/" else path.replace("/", os.sep).rpartition(os.sep)
            known = stems.get(folder)
            if known is None:
                if not self._is_inside(folder):
                    continue
                known = stems[folder] = set()
            if folder in self._stops and self._is_vital(folder, name):
                continue
            try:
                unlink(path)
            except FileNotFoundError:
                pass
            except (IsADirectoryError, PermissionError):
                # RECORD lists files only; a folder in the place of one is somebody else's.
                if not os.path.isdir(path):
                    raise
                continue
            else:
                removed += 1
            if name.endswith(".py"):
                known.add(name[:-3])
        for folder in sorted(stems, reverse=True):
            if stems[folder]:
                self._remove_bytecode(folder, stems[folder])
        self._prune(stems)
        return removed

    def remove_bytecode(self, paths: Iterable[str]) -> None:
        """Delete the bytecode of modules that stay but change."""
        stems: dict[str, set[str]] = {}
        for path in paths:
            if path.endswith(".py"):
                folder, name = os.path.split(path)
                stems.setdefault(folder, set()).add(name[:-3])
        for folder, names in stems.items():
            if self._is_inside(folder):
                self._remove_bytecode(folder, names)

    def _is_inside(self, folder: str) -> bool:
        """Whether a folder is below the root, also after following links: a link may lead to somebody's sources."""
        known = self._safe.get(folder)
        if known is None:
            if not folder.startswith(self.root + os.sep) or os.path.normpath(folder) != folder:
                known = False
            elif os.path.islink(folder):
                known = os.path.realpath(folder).startswith(self._real + os.sep)
            else:
                known = self._is_inside(os.path.dirname(folder))
            self._safe[folder] = known
        return known

    def _is_vital(self, folder: str, name: str) -> bool:
        if folder == self.root:
            return name in {"pyvenv.cfg", ".gitignore", "CACHEDIR.TAG"}
        if folder != self.scripts:
            return False
        try:
            check_script_name("", name)
        except UnsafeScript:
            return True
        return False

    def _remove_bytecode(self, folder: str, stems: set[str]) -> None:
        cache = os.path.join(folder, "__pycache__")
        try:
            names = os.listdir(cache)
        except OSError:
            return
        for name in names:
            # "module.cpython-312.opt-1.pyc"; the tag after the module's name never holds another module's name.
            stem = name.split(".", 1)[0]
            if stem in stems and name.endswith(".pyc") and os.path.join(cache, name) not in self.kept:
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(cache, name))
        with suppress(OSError):
            os.rmdir(cache)

    def _prune(self, folders: Iterable[str]) -> None:
        for folder in sorted(folders, key=len, reverse=True):
            while folder not in self._stops and len(folder) > len(self.root):
                try:
                    os.rmdir(folder)
                except FileNotFoundError:
                    pass
                except OSError:
                    break
                folder = os.path.dirname(folder)
