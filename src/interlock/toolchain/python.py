"""Which interpreter a workspace uses: asked for, pinned in ``.python-version``, or the first that fits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import anyio.to_thread
import msgspec
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
from interlock.means import Means
from interlock.store.layout import Layout
from interlock.workspace.here import workspace_or_none
from interlock.workspace.members import Workspace
from interlock.workspace.python_pin import PythonPin, find_pin

__all__ = [
    "Pythons",
    "choose_interpreter",
    "deciding_places",
    "find_python",
    "list_pythons",
    "other_pin",
    "pythons_of",
    "request_of",
]


class Pythons(msgspec.Struct, frozen=True, kw_only=True):
    """How a command finds interpreters: what was asked for, and where they are looked for."""

    asked: str
    """The interpreter asked for (``3.12``, ``pypy@3.11``, a path), empty when nobody asked."""
    environ: Mapping[str, str]
    home: str
    start: Path
    """Where the command was started."""
    remembered: Path
    """Where what interpreters say of themselves is kept."""

    @property
    def pyenv(self) -> str:
        """Where pyenv is; empty where there can be none."""
        return self.environ.get("PYENV_ROOT") or (os.path.join(self.home, ".pyenv") if self.home else "")

    def places(self) -> Places:
        """Where interpreters are looked for, those that pyenv has selected here first. Blocking."""
        chosen = self.environ.get("PYENV_VERSION") or ""
        return Places(
            active=self.environ.get("VIRTUAL_ENV") or "",
            path=tuple(folder for folder in self.environ.get("PATH", "").split(os.pathsep) if folder),
            pyenv=self.pyenv,
            selected=selected_installations(self.pyenv, chosen, self.start) if self.pyenv else (),
            start=str(self.start),
        )


def pythons_of(means: Means, start: Path) -> Pythons:
    """How interpreters are found by a command that was started somewhere."""
    return Pythons(
        asked=means.settings.python,
        environ=means.environ,
        home=means.home,
        start=start,
        remembered=means.interpreters,
    )


def request_of(pythons: Pythons, pin: PythonPin | None) -> PythonRequest | None:
    """What a pin asks for; it may be the name of something in pyenv, which puts environments there.

    Raises :class:`~interlock.envs.discovery.BadPythonRequest`.
    """
    if pin is None:
        return None
    try:
        request = parse_python_version_file(pin.text)
    except BadPythonRequest as error:
        found = interpreter_in(find_installation(pythons.pyenv, error.text))
        if not found:
            raise
        return PythonRequest(path=found)
    if request is not None and request.path and not os.path.isabs(request.path):
        found = interpreter_in(find_installation(pythons.pyenv, request.path))
        return PythonRequest(path=found) if found else request
    return request


def other_pin(pythons: Pythons, folder: Path, interpreter: Interpreter) -> PythonPin | None:
    """The pin in a folder, when it asks for another interpreter than this one."""
    pin = find_pin(folder, folder)
    request = request_of(pythons, pin)
    return pin if request is not None and not _admits(request, interpreter) else None


def choose_interpreter(
    pythons: Pythons, *, start: Path, root: Path | None, requires_python: str = "", asked: str = ""
) -> Interpreter:
    """The interpreter for an environment; blocking.

    What was asked for counts most, then the settings, then the pin when it is in the range; the range binds always.
    Raises :class:`~interlock.envs.discovery.NoInterpreter`.
    """
    text = asked or pythons.asked
    request: PythonRequest | None = parse_request(text) if text else None
    if request is None:
        pin = find_pin(start, root)
        request = request_of(pythons, pin)
    return find_interpreter(
        request or PythonRequest(),
        pythons.places(),
        requires_python=requires_python,
        remembered=pythons.remembered,
    )


async def list_pythons(pythons: Pythons, request: str = "") -> tuple[Interpreter, ...]:
    """Every interpreter on this machine that the request admits."""
    wanted = parse_request(request) if request else None

    def look() -> tuple[Interpreter, ...]:
        found = iter_interpreters(pythons.places(), remembered=pythons.remembered)
        return tuple(interpreter for interpreter in found if wanted is None or _admits(wanted, interpreter))

    return await anyio.to_thread.run_sync(look)


async def find_python(pythons: Pythons, layout: Layout, request: str = "") -> Interpreter:
    """The interpreter that would be used here."""

    def look() -> Interpreter:
        workspace = workspace_or_none(pythons.start, layout)
        root = workspace.root if workspace is not None else None
        requires = "" if request or workspace is None else _range_here(workspace)
        return choose_interpreter(pythons, start=pythons.start, root=root, requires_python=requires, asked=request)

    return await anyio.to_thread.run_sync(look)


def deciding_places(pythons: Pythons, interpreter: str) -> list[str]:
    """What an interpreter that was chosen depends on: itself, and the places where another would be found before it."""
    places = pythons.places()
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
