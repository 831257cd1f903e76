"""Finding an interpreter that fits: requests as people write them, places to look, and the reasons when none fits."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from interlock.core.versions.version_list import parse_specifier
from interlock.envs.interpreters import Interpreter, InterpreterUnusable, is_shim, query_interpreter
from interlock.envs.pyenv import natural_key
from interlock.errors import EnvironmentFailure, UsageError

__all__ = [
    "BadPythonRequest",
    "NoInterpreter",
    "Places",
    "Request",
    "find_interpreter",
    "interpreter_in",
    "iter_interpreters",
    "parse_python_version_file",
    "parse_request",
]

_IMPLEMENTATIONS = {
    "python": "",
    "py": "",
    "cpython": "cpython",
    "cp": "cpython",
    "pypy": "pypy",
    "pp": "pypy",
    "graalpy": "graalpy",
}
_NAMED = re.compile(r"(?P<name>[a-z]+)?[@-]?(?P<version>\d+(?:\.\d+)*)?(?P<free>t|\+freethreaded)?")
_EXECUTABLE = re.compile(r"(?:python|pypy)(?:3(?:\.\d+)?t?)?(?:\.exe)?")
_PLAIN = ("python3", "python", "python3.exe", "python.exe")
_COMPACT = re.compile(r"(3)(\d{1,2})")
_EXACT = re.compile(r"==(\d+\.\d+)")
_IN_PATH = re.compile(r"(?<![\d.])(\d++\.\d++)(?:\.\d++)*+t?(?:\.exe)?$")


class BadPythonRequest(UsageError):
    """A request for an interpreter that cannot be understood."""

    code = "bad-python-request"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} does not name a Python interpreter.",
            hint="Write a version (3.12), a range (>=3.11,<3.14), a name (python3.12, pypy@3.10) or a path.",
            facts={"request": text},
        )
        self.text = text


class NoInterpreter(EnvironmentFailure):
    """No interpreter on this machine fits."""

    code = "no-interpreter"

    def __init__(self, wanted: str, rejected: list[tuple[str, str]]) -> None:
        seen = "".join(f"\n  {path}: {why}" for path, why in rejected) or "\n  (none was found)"
        super().__init__(
            f"No Python interpreter on this machine satisfies {wanted}. Considered:{seen}",
            hint="Install one that fits, or name one with --python.",
            facts={"wanted": wanted, "rejected": [{"executable": path, "why": why} for path, why in rejected]},
        )
        self.wanted = wanted
        self.rejected = rejected


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Which interpreter is wished. All fields empty: any."""

    path: str = ""
    specifier: str = ""
    """PEP 440."""
    implementation: str = ""
    free_threaded: bool | None = None

    @property
    def label(self) -> str:
        """What tells it from others in a name, like ``3.13``, ``3.13t`` or ``pypy3.11``; empty for a range."""
        match = _IN_PATH.search(os.path.basename(self.path)) if self.path else _EXACT.match(self.specifier)
        if match is None:
            return ""
        name = "" if self.implementation in {"", "cpython"} else self.implementation
        return f"{name}{match[1]}{'t' if self.free_threaded else ''}"

    def admits(self, implementation: str, version: str) -> bool:
        """Whether an interpreter may be meant, as far as its kind and version tell."""
        if self.path:
            return not self.label or version.startswith(f"{self.label}.") or version == self.label
        if self.implementation and self.implementation != implementation.lower():
            return False
        return not self.specifier or parse_specifier(self.specifier).contains(version, prereleases=True)

    def __str__(self) -> str:
        if self.path:
            return self.path
        free = " free-threaded" if self.free_threaded else ""
        return f"{self.implementation or 'python'}{free} {self.specifier or '(any version)'}"


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look, in this order; the surface fills it from the process environment."""

    active: str = ""
    """The active virtual environment (``VIRTUAL_ENV``)."""
    path: tuple[str, ...] = ()
    """Entries of ``PATH``."""
    pyenv: str = ""
    """Root of pyenv; its ``versions`` are looked at."""
    selected: tuple[str, ...] = ()
    """Folders of the installations that pyenv selects: what stands in the place of its shims."""
    start: str = ""
    """The directory that other programs' shims select for; empty: the process's own."""
    own: bool = True
    """Whether the interpreter that runs Interlock is considered, last."""


def parse_request(text: str) -> Request:
    """Understand a request.

    >>> parse_request("3.12").specifier, parse_request("pypy@3.10").implementation
    ('==3.12.*', 'pypy')
    """
    text = text.strip()
    if not text or text in {"python", "python3"}:
        return Request(specifier=">=3" if text == "python3" else "")
    if text[0] in "<>=!~":
        try:
            return Request(specifier=str(parse_specifier(text)))
        except InvalidSpecifier as error:
            raise BadPythonRequest(text) from error
    if "/" in text or "\\" in text or text[0] in "~.":
        return Request(path=os.path.expanduser(text))
    match = _NAMED.fullmatch(text.lower().removesuffix(".exe"))
    name = (match["name"] or "") if match else ""
    if match is None or name not in {"", *_IMPLEMENTATIONS}:
        raise BadPythonRequest(text)
    version = match["version"] or ""
    compact = _COMPACT.fullmatch(version)
    if compact:
        version = f"{compact[1]}.{compact[2]}"
    return Request(
        specifier=_at(version),
        implementation=_IMPLEMENTATIONS.get(name, ""),
        # A plain version means the usual build: extension wheels of the other one are rare.
        free_threaded=bool(match["free"]) if version else None,
    )


def _at(version: str) -> str:
    if not version:
        return ""
    return f"=={version}" if version.count(".") == 2 else f"=={version}.*"


def parse_python_version_file(text: str) -> Request | None:
    """The first request of a ``.python-version`` file; None when it asks for nothing we can look for (``system``)."""
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if line and line != "system":
            return parse_request(line)
    return None


def find_interpreter(
    request: Request, places: Places, *, requires_python: str = "", remembered: Path | None = None
) -> Interpreter:
    """The first interpreter that fits the request and ``requires_python``; blocking. Raises :class:`NoInterpreter`."""
    rejected: list[tuple[str, str]] = []
    ranges = [parse_specifier(text) for text in (request.specifier, requires_python) if text]
    seen: set[str] = set()
    for executable in _candidates(request, places):
        real = _identity(executable)
        if not request.path and real in seen:
            continue
        seen.add(real)
        why = _unlikely(executable, request, ranges)
        if why:
            rejected.append((executable, why))
            continue
        try:
            interpreter = query_interpreter(executable, remembered, places.start)
        except InterpreterUnusable as error:
            rejected.append((executable, error.why))
            continue
        seen.add(_identity(interpreter.executable))
        why = _misfit(interpreter, request, ranges)
        if not why:
            return interpreter
        rejected.append((executable, why))
    wanted = str(request)
    if requires_python and request == Request():
        wanted = f"requires-python {requires_python}"
    elif requires_python and requires_python != request.specifier:
        wanted += f" (and requires-python {requires_python})"
    raise NoInterpreter(wanted, rejected)


def iter_interpreters(places: Places, *, remembered: Path | None = None) -> Iterator[Interpreter]:
    """Every usable interpreter, each once, in the order of the places; blocking."""
    seen: set[str] = set()
    for executable in _candidates(Request(), places):
        if _identity(executable) in seen:
            continue
        seen.add(_identity(executable))
        try:
            interpreter = query_interpreter(executable, remembered, places.start)
        except InterpreterUnusable:
            continue
        if interpreter.executable != executable and _identity(interpreter.executable) in seen:
            continue
        seen.add(_identity(interpreter.executable))
        yield interpreter


def _identity(executable: str) -> str:
    """The same for two names of one interpreter. Shims may be links to one program that goes by its name."""
    return os.path.abspath(executable) if is_shim(executable) else os.path.realpath(executable)


def _misfit(interpreter: Interpreter, request: Request, ranges: list[SpecifierSet]) -> str:
    for wanted in ranges:
        if not wanted.contains(interpreter.version, prereleases=True):
            return f"version {interpreter.version} is not in {wanted}"
    if request.implementation and interpreter.implementation != request.implementation:
        return f"it is {interpreter.implementation}, not {request.implementation}"
    if request.free_threaded is not None and interpreter.free_threaded != request.free_threaded:
        return "it is a free-threaded build" if interpreter.free_threaded else "it is not a free-threaded build"
    return ""


_VERSIONED = re.compile(r"python(\d+)\.(\d+)t?(?:\.exe)?")


def _unlikely(executable: str, request: Request, ranges: list[SpecifierSet]) -> str:
    """Why an executable need not be asked, judged by its name: asking costs a process."""
    match = _VERSIONED.fullmatch(os.path.basename(executable))
    if match is None or request.path:
        return ""
    minor = f"{match[1]}.{match[2]}"
    # Any patch may fit; the far ends of the minor version and a few between tell whether one can.
    samples = [f"{minor}.{patch}" for patch in range(40)] + [f"{minor}.0rc1"]
    for wanted in ranges:
        if not any(wanted.contains(sample, prereleases=True) for sample in samples):
            return f"version {minor} is not in {wanted}"
    return ""


def _candidates(request: Request, places: Places) -> Iterator[str]:
    if request.path:
        yield from _at_path(request.path)
        return
    if places.active:
        yield from _at_path(places.active)
    # What people start as "python3" is meant, wherever it is on PATH; other names are what else there is.
    for names in (_plain_names, _versioned_names):
        for folder in places.path:
            if not _is_pyenv(folder, places):
                yield from _in_folder(folder, names(folder))
            elif names is _plain_names:
                yield from _at_paths(places.selected)
    if places.pyenv:
        versions = os.path.join(places.pyenv, "versions")
        names_there = sorted(_listed(versions), key=natural_key, reverse=True)
        yield from _at_paths((*places.selected, *(os.path.join(versions, name) for name in names_there)))
    if places.own:
        yield getattr(sys, "_base_executable", None) or sys.executable


def interpreter_in(folder: str) -> str:
    """The interpreter of an environment or installation; empty when there is none."""
    names = ("bin/python3", "bin/python", "bin/pypy3", "Scripts/python.exe", "python.exe")
    return next((os.path.join(folder, name) for name in names if os.path.exists(os.path.join(folder, name))), "")


def _at_path(path: str) -> Iterator[str]:
    """An executable, or the interpreter of an environment or installation."""
    found = interpreter_in(path) if os.path.isdir(path) else path
    if found:
        yield found


def _at_paths(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        yield from _at_path(path)


def _is_pyenv(folder: str, places: Places) -> bool:
    """Whether a folder has pyenv's shims. They start what it selects, but slowly, and from every directory another."""
    shims = os.path.join(places.pyenv, "shims") if places.pyenv else ""
    return bool(shims) and os.path.realpath(folder) == os.path.realpath(shims)


def _plain_names(folder: str) -> list[str]:
    return [name for name in _PLAIN if os.path.exists(os.path.join(folder, name))]


def _versioned_names(folder: str) -> list[str]:
    """The newest first."""
    names = [name for name in _listed(folder) if _EXECUTABLE.fullmatch(name) and name not in _PLAIN]
    return sorted(names, key=natural_key, reverse=True)


def _in_folder(folder: str, names: list[str]) -> Iterator[str]:
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            yield path


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
