"""Files that several distributions want: told before anything is moved, refused where one is a folder of the other."""

from __future__ import annotations

import os
from collections.abc import Iterable

from interlock.core.plan.plan import Installed
from interlock.envs.environments import VirtualEnvironment
from interlock.errors import InstallError
from interlock.install.stage import Staged
from interlock.install.swap import site_folders
from interlock.install.uninstall import installed_paths

__all__ = ["FileConflict", "check_targets"]

_SHOWN = 3


class FileConflict(InstallError):
    """Two distributions cannot be in one environment, because a file of one is a folder of the other."""

    code = "file-conflict"

    def __init__(self, path: str, one: str, other: str) -> None:
        super().__init__(
            f"{one} has a file {path} where {other} has a folder, so they exclude each other. Nothing was installed.",
            hint="Exclude one of them, or use separate environments for the members that need them.",
            facts={"path": path, "distributions": [one, other]},
        )


def check_targets(staged: list[Staged], environment: VirtualEnvironment, leaving: Iterable[Installed]) -> list[str]:
    """Sentences about files that more than one distribution has with different content; blocking.

    Such files are common (stray top-level ``tests``), so they are no error: the last distribution in the plan's order
    wins, and a file stays until its last owner goes.
    """
    owners: dict[str, Staged] = {}
    clashes: dict[tuple[str, str], list[str]] = {}
    for one in staged:
        mine = dict.fromkeys(one.targets, one)
        shared = owners.keys() & mine.keys()
        if shared:
            digests = one.hashes
            for target in sorted(shared):
                first = owners[target]
                if first.hashes[target] != digests[target]:
                    clashes.setdefault((first.wheel.project, one.wheel.project), []).append(target)
                mine[target] = first
        owners.update(mine)
    _check_folders(owners, staged)
    _check_present(owners, environment, leaving, clashes)
    return [
        f"{one} and {other} both install {', '.join(sorted(paths)[:_SHOWN])}"
        + (f" and {len(paths) - _SHOWN} more files" if len(paths) > _SHOWN else "")
        + f"; the file of {other} is used."
        for (one, other), paths in clashes.items()
    ]


def _check_folders(owners: dict[str, Staged], staged: Iterable[Staged]) -> None:
    for one in staged:
        if owners.keys().isdisjoint(one.folders):
            continue
        for folder in one.folders:
            other = owners.get(folder)
            if other is not None:
                raise FileConflict(folder, other.wheel.project, one.wheel.project)


def _check_present(
    owners: dict[str, Staged],
    environment: VirtualEnvironment,
    leaving: Iterable[Installed],
    clashes: dict[tuple[str, str], list[str]],
) -> None:
    gone = {installed.dist_info for installed in leaving}
    root = str(environment.root) + "/"
    arriving = {one.wheel.dist_info for one in owners.values()}
    for site in site_folders(environment):
        for entry in os.listdir(site):
            if not entry.endswith(".dist-info") or entry in gone or entry in arriving:
                continue
            for path in installed_paths(site, entry) or ():
                if path.startswith(root) and path[len(root) :] in owners and not path.endswith("/__init__.py"):
                    one = owners[path[len(root) :]]
                    clashes.setdefault((entry.partition("-")[0], one.wheel.project), []).append(path[len(root) :])
