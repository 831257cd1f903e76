"""Files that appear beside members while these are built: no backend has any business there.

Only the folders that hold members are looked at, so that looking costs nothing; what is written into the trees of other
members changes their digests, and what is written elsewhere cannot be seen.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from interlock.core.names import NormalizedName
from interlock.workspace.members import Workspace

__all__ = ["Strays"]


class Strays:
    """What was there before and who is being built; blocking, but only listings."""

    def __init__(self, workspace: Workspace, out: Path) -> None:
        self._root = workspace.root
        members = [member.directory for member in workspace.members]
        folders = {folder.parent for folder in members if folder != workspace.root} | {workspace.root}
        # What is written into a member that holds others, or into the output, is no stray.
        self._folders = sorted(folders - {*members, out})
        self._expected = {out, *(parent for parent in out.parents if parent.is_relative_to(workspace.root))}
        self._known = self._list()
        self._active: set[NormalizedName] = set()

    def __repr__(self) -> str:
        return f"<Strays beside {sorted(self._active)}>"

    def _list(self) -> set[Path]:
        found: set[Path] = set()
        for folder in self._folders:
            with suppress(OSError):
                # Hidden ones come from editors and tools that have nothing to do with us.
                found |= {folder / name for name in os.listdir(folder) if not name.startswith(".")}
        return found - self._expected

    def begin(self, name: NormalizedName) -> None:
        self._active.add(name)

    def end(self, name: NormalizedName, *, built: bool) -> tuple[str, bool]:
        """Say what appeared since anybody looked, and whether it can only be this member's doing. Nothing to say is
        empty: nothing appeared, or nothing was built."""
        if not built:
            self._active.discard(name)
            return "", False
        now = self._list()
        new, self._known = sorted(now - self._known), now
        builders = sorted(self._active)
        self._active.discard(name)
        if not new:
            return "", False
        files = ", ".join(path.relative_to(self._root).as_posix() for path in new)
        alone = builders == [name]
        who = f"{name} was" if alone else f"one of {', '.join(builders)} was"
        return f"{files} appeared while {who} built, outside of its directory.", alone
