"""The interpreter that an environment is to be made with."""

from __future__ import annotations

from interlock.envs.discovery import NoInterpreter
from interlock.envs.interpreters import Interpreter
from interlock.ops.locking.locked_workspace import LockedWorkspace
from interlock.ops.syncing.sync_targets import Target
from interlock.toolchain.environment import needed_python, new_interpreter
from interlock.toolchain.python import Pythons

__all__ = ["target_python"]


def target_python(found: LockedWorkspace, target: Target, pythons: Pythons) -> Interpreter:
    """Blocking. Raises :class:`NoInterpreter`."""
    workspace, selection, member = found.reading.workspace, target.selection, target.member
    wanted = needed_python(workspace, found.lock, selection)
    members_alone = needed_python(workspace, found.lock, selection, tables=False)
    try:
        return new_interpreter(pythons, workspace, member, wanted)
    except NoInterpreter:
        # Where it is for the sake of an extra or a group, selecting says for which.
        if wanted == members_alone:
            raise
        return new_interpreter(pythons, workspace, member, members_alone)
