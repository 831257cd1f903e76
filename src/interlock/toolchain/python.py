"""Which interpreter a workspace uses: asked for, pinned in ``.python-version``, or the first that fits."""

from __future__ import annotations

import os
from pathlib import Path

import anyio.to_thread
from packaging.specifiers import SpecifierSet

from interlock.envs.discovery import (
    BadPythonRequest,
    Places,
    find_interpreter,
    interpreter_in,
    iter_interpreters,
    parse_python_version_file,
    parse_request,
)
from interlock.envs.discovery import Request as PythonRequest
from interlock.envs.interpreters import Interpreter
from interlock.envs.pyenv import find_installation, selected_installations
from interlock.workspace.context import Context
from interlock.workspace.here import workspace_or_none
from interlock.workspace.members import Workspace
from interlock.workspace.python_pin import PythonPin, find_pin

__all__ = [
    "choose_interpreter",
    "deciding_places",
    "find_python",
    "list_pythons",
    "other_pin",
    "places_of",
    "request_of",
]


def places_of(context: Context) -> Places:
    """Where interpreters are looked for."""
    environ = context.environ
    pyenv = pyenv_root(context)
    return Places(
        active=environ.get("VIRTUAL_ENV") or "",
        path=tuple(folder for folder in environ.get("PATH", "").split(os.pathsep) if folder),
        pyenv=pyenv,
        selected=selected_installations(pyenv, environ.get("PYENV_VERSION") or "", context.start) if pyenv else (),
        start=str(context.start),
    )


def request_of(context: Context, pin: PythonPin | None) -> PythonRequest | None:
    """What a pin asks for; it may be the name of something in pyenv, which puts environments there.

    Raises :class:`~interlock.envs.discovery.BadPythonRequest`.
    """
    if pin is None:
        return None
    try:
        request = parse_python_version_file(pin.text)
    except BadPythonRequest as error:
        found = interpreter_in(find_installation(pyenv_root(context), error.text))
        if not found:
            raise
        return PythonRequest(path=found)
    if request is not None and request.path and not os.path.isabs(request.path):
        found = interpreter_in(find_installation(pyenv_root(context), request.path))
        return PythonRequest(path=found) if found else request
    return request


def pyenv_root(context: Context) -> str:
    """Empty where there can be none."""
    home = context.around.home
    return context.environ.get("PYENV_ROOT") or (os.path.join(home, ".pyenv") if home else "")


def other_pin(context: Context, folder: Path, interpreter: Interpreter) -> PythonPin | None:
    """The pin in a folder, when it asks for another interpreter than this one."""
    pin = find_pin(folder, folder)
    request = request_of(context, pin)
    return pin if request is not None and not _admits(request, interpreter) else None


def choose_interpreter(
    context: Context, *, start: Path, root: Path | None, requires_python: str = "", asked: str = ""
) -> Interpreter:
    """The interpreter for an environment; blocking.

    What was asked for counts most, then the settings, then the pin when it is in the range; the range binds always.
    Raises :class:`~interlock.envs.discovery.NoInterpreter`.
    """
    text = asked or context.settings.python
    request: PythonRequest | None = parse_request(text) if text else None
    if request is None:
        pin = find_pin(start, root)
        request = request_of(context, pin)
    remembered = context.layout.bucket("interpreters-v1")
    return find_interpreter(
        request or PythonRequest(), places_of(context), requires_python=requires_python, remembered=remembered
    )


async def list_pythons(context: Context, request: str = "") -> tuple[Interpreter, ...]:
    """Every interpreter on this machine that the request admits."""
    wanted = parse_request(request) if request else None

    def look() -> tuple[Interpreter, ...]:
        found = iter_interpreters(places_of(context), remembered=context.layout.bucket("interpreters-v1"))
        return tuple(interpreter for interpreter in found if wanted is None or _admits(wanted, interpreter))

    return await anyio.to_thread.run_sync(look)


async def find_python(context: Context, request: str = "") -> Interpreter:
    """The interpreter that would be used here."""

    def look() -> Interpreter:
        workspace = workspace_or_none(context)
        root = workspace.root if workspace is not None else None
        requires = "" if request or workspace is None else _range_here(workspace)
        return choose_interpreter(context, start=context.start, root=root, requires_python=requires, asked=request)

    return await anyio.to_thread.run_sync(look)


def deciding_places(context: Context, interpreter: str) -> list[str]:
    """What an interpreter that was chosen depends on: itself, and the places where another would be found before it."""
    places = places_of(context)
    found = [interpreter, *places.path]
    if places.pyenv:
        found += (os.path.join(places.pyenv, name) for name in ("version", "versions"))
    if places.active:
        found.append(os.path.join(places.active, "pyvenv.cfg"))
    return found


def _range_here(workspace: Workspace) -> str:
    """The Python range of the member here, or of all members at a virtual root."""
    if workspace.current is not None:
        return workspace.by_name[workspace.current].manifest.requires_python
    clauses = {
        clause.strip()
        for member in workspace.members
        for clause in member.manifest.requires_python.split(",")
        if clause.strip()
    }
    return ",".join(sorted(clauses))


def _admits(request: PythonRequest, interpreter: Interpreter) -> bool:
    if request.path:
        return os.path.realpath(request.path) == os.path.realpath(interpreter.executable)
    if request.implementation and interpreter.implementation != request.implementation:
        return False
    if request.free_threaded is not None and interpreter.free_threaded != request.free_threaded:
        return False
    return not request.specifier or SpecifierSet(request.specifier).contains(interpreter.version, prereleases=True)
