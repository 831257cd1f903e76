"""What the packages installed here say of themselves, in their METADATA."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from interlock.core.names import NormalizedName
from interlock.envs.installed import scan
from interlock.ops.envs.environments import EnvironmentState, environment_path, look_at
from interlock.ops.showing.reading import Locked

__all__ = ["InstalledMetadata", "environment_of", "read_installed_metadata"]


class InstalledMetadata(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    headers: str
    """The fields, without the description below them."""


def environment_of(locked: Locked) -> EnvironmentState:
    """The environment that the selection would be installed in from here; blocking."""
    workspace = locked.workspace
    member = workspace.find(workspace.current) if workspace.current is not None else None
    return look_at(locked.context.means.interpreters, environment_path(locked.context.means, workspace, member))


def read_installed_metadata(state: EnvironmentState) -> dict[NormalizedName, InstalledMetadata]:
    """By name; nothing where there is no environment. Blocking."""
    if state.environment is None:
        return {}
    found = {}
    for item in scan(state.environment):
        for folder in dict.fromkeys((state.environment.purelib, state.environment.platlib)):
            path = Path(os.path.join(folder, item.dist_info, "METADATA"))
            if path.is_file():
                headers = path.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
                found[item.name] = InstalledMetadata(version=item.version, headers=headers)
                break
    return found
