"""The environment a selection belongs in: whether the one that is there will do."""

from __future__ import annotations

from pathlib import Path

from packaging.specifiers import SpecifierSet

from interlock.core.lock.model import Lock
from interlock.core.members.selection import Selection
from interlock.core.names import NormalizedName
from interlock.envs.discovery import parse_request
from interlock.envs.environments import BrokenEnvironment, NotOurs, VirtualEnvironment, load_environment
from interlock.envs.interpreters import Interpreter, query_interpreter
from interlock.toolchain.python import Pythons, choose_interpreter, request_of
from interlock.workspace.members import Workspace
from interlock.workspace.python_pin import PythonPin, find_pin

__all__ = ["existing_environment", "needed_python", "new_interpreter"]


def needed_python(workspace: Workspace, lock: Lock, selection: Selection, *, tables: bool = True) -> str:
    """What the selected members together require of the interpreter; members that are not selected have no say.

    A member may be locked for fewer Pythons than it says, and its extras and groups (``tables``) for fewer still.
    """
    locked = {member.name: member for member in lock.members}
    texts: set[str] = set()
    for chosen in selection.members:
        member, known = workspace.by_name.get(chosen.member), locked.get(chosen.member)
        if known is not None:
            own = [known.table_pythons.get(slot.table, "") for slot in chosen.slots] if tables else []
            texts.update((known.requires_python, *own))
        elif member is not None:
            texts.add(member.manifest.requires_python)
    texts.discard("")
    if not texts:
        # A virtual root's groups alone: any member's range is as good as another's, the widest is kept.
        return workspace.manifest.requires_python
    return ",".join(sorted(texts))


def new_interpreter(
    pythons: Pythons, workspace: Workspace, member: NormalizedName | None, requires_python: str
) -> Interpreter:
    """The interpreter for an environment of a member, or of the workspace. Blocking.

    Raises :class:`~interlock.envs.discovery.NoInterpreter`.
    """
    home = _home(workspace, member)
    return choose_interpreter(pythons, start=home, root=workspace.root, requires_python=requires_python)


def existing_environment(
    pythons: Pythons,
    path: Path,
    workspace: Workspace,
    member: NormalizedName | None,
    requires_python: str,
    *,
    unmanaged: bool = False,
) -> VirtualEnvironment | None:
    """The environment at a path, None when one has to be made there (in place of one of ours that does not fit).

    With ``unmanaged`` also one that its system's package manager asks to leave alone (PEP 668).

    Raises :class:`NotOurs` for somebody else's that does not fit: it is not for us to replace. Blocking.
    """
    try:
        environment = load_environment(path, pythons.remembered)
    except BrokenEnvironment as error:
        if error.ours:
            return None
        raise
    # One that was moved or copied leads to where it was, which may be another workspace.
    if environment is None or environment.moved_from:
        return None
    managed = environment.installation and environment.interpreter.externally_managed
    if managed and not unmanaged:
        # It parses what the manager says, which hardly anybody has to be told.
        from interlock.toolchain.externally_managed import ExternallyManaged  # noqa: PLC0415

        raise ExternallyManaged(environment)
    pin = find_pin(_home(workspace, member), workspace.root)
    why = _misfit(environment.interpreter, pythons, requires_python, pin)
    if not why:
        return environment
    if environment.ours:
        return None
    raise NotOurs(path, f"it is another tool's environment, and {why}")


def _home(workspace: Workspace, member: NormalizedName | None) -> Path:
    """Whose environment it is: a member's directory or the root. The pin there counts, wherever one stands."""
    found = workspace.by_name.get(member) if member is not None else None
    return workspace.root if found is None else found.directory


def _misfit(interpreter: Interpreter, pythons: Pythons, requires_python: str, pin: PythonPin | None) -> str:
    if requires_python and not SpecifierSet(requires_python).contains(interpreter.version, prereleases=True):
        return f"its Python {interpreter.version} is not in {requires_python}"
    asked = pythons.asked
    request = parse_request(asked) if asked else request_of(pythons, pin)
    if request is None:
        return ""
    if request.specifier and not SpecifierSet(request.specifier).contains(interpreter.version, prereleases=True):
        return f"its Python is {interpreter.version}, not {asked or request}"
    if request.path and not _is_made_of(interpreter, request.path, pythons.remembered):
        return f"its Python is not {request.path}"
    return ""


def _is_made_of(interpreter: Interpreter, path: str, remembered: Path) -> bool:
    """Whether an environment's interpreter is the one at a path, which may itself be an environment's."""
    base = Path(interpreter.base_executable).resolve()
    if Path(path).resolve() == base:
        return True
    if not Path(path).is_file():
        return False
    # The interpreter of an environment made with copies is no link to its base: it has to say what that is.
    asked = query_interpreter(path, remembered)
    return Path(asked.base_executable).resolve() == base
