"""Virtual environments: made without starting a process, loaded, removed (``pyvenv.cfg``, PEP 405).

::

    <root>/
      pyvenv.cfg            with "interlock = 1" when it is ours
      .gitignore            "*"
      CACHEDIR.TAG
      .interlock/           our notes about it: lock, installed.msgpack, work in progress
      bin/ lib/ ...         as the interpreter's scheme says

Only an environment that carries our mark is ever deleted.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

from interlock.envs.activation import activation_scripts
from interlock.envs.interpreters import Interpreter, InterpreterUnusable, SchemePaths, query_interpreter
from interlock.errors import EnvironmentFailure
from interlock.store.replace import replace_file
from interlock.store.space import write_file

__all__ = [
    "BrokenEnvironment",
    "NotOurs",
    "VirtualEnvironment",
    "create_environment",
    "is_ours",
    "load_environment",
    "recorded_python",
    "remove_environment",
]

_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# A virtual environment; it can be made again from the lock.\n"
_NOTES = ".interlock"
_MAKING = "making"
"""Among the notes until an environment is complete."""
_MARK = "1"
"""Version of how we make environments."""


class NotOurs(EnvironmentFailure):
    """A folder that we did not make, and so will not write over or delete."""

    code = "environment-not-ours"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} is left alone: {why}.",
            hint="Move it away or delete it yourself, or choose another folder for the environment.",
            facts={"path": str(path), "why": why},
        )
        self.path = path


class BrokenEnvironment(EnvironmentFailure):
    """A virtual environment whose interpreter is gone or does not run."""

    code = "environment-broken"

    def __init__(self, path: Path, why: str, *, ours: bool) -> None:
        super().__init__(
            f"The environment {path} does not work: {why}.",
            hint="It can be made again." if ours else "Make it again with the tool that made it.",
            facts={"path": str(path), "why": why, "ours": ours},
        )
        self.path = path
        self.ours = ours


class VirtualEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual environment on disk."""

    root: Path
    interpreter: Interpreter
    """Of the environment: ``executable`` is its own python."""
    paths: SchemePaths
    ours: bool
    prompt: str = ""
    system_site_packages: bool = False
    relocatable: bool = False
    """Whether it may be moved: nothing in it says where it is."""
    moved_from: str = ""
    """Where it was made, when that is another place: its commands and activation scripts lead there."""
    installation: bool = False
    """Whether it is no virtual environment but an interpreter's own installation (a system's, conda's)."""

    @property
    def python(self) -> str:
        return self.interpreter.executable

    @property
    def script_python(self) -> str:
        """The interpreter that scripts name; empty: the one beside them."""
        return "" if self.relocatable else self.python

    @property
    def purelib(self) -> str:
        return self.paths.purelib

    @property
    def platlib(self) -> str:
        return self.paths.platlib

    @property
    def scripts(self) -> str:
        return self.paths.scripts

    @property
    def notes(self) -> Path:
        """Our folder inside it."""
        return self.root / _NOTES

    @property
    def lock(self) -> Path:
        """The file to hold with ``store.locks`` from the scan to the end of the transaction."""
        return self.root / _NOTES / "lock"


def create_environment(
    path: Path,
    interpreter: Interpreter,
    *,
    prompt: str = "",
    system_site_packages: bool = False,
    copies: bool = False,
    relocatable: bool = False,
) -> VirtualEnvironment:
    """Make an environment at a path that is free, an empty folder, or an environment of ours (which is replaced).

    A ``relocatable`` one has no activation scripts, since these say where it is.
    Raises :class:`NotOurs` for anything else, before anything is touched.
    """
    path = Path(os.path.abspath(path))
    if not _is_free(path):
        remove_environment(path)
    # A line of pyvenv.cfg has no end but its own.
    prompt = " ".join((prompt or path.name).splitlines())
    paths = interpreter.scheme.at(str(path))
    existed = path.exists()
    try:
        activation = {} if relocatable else activation_scripts(str(path), os.path.basename(paths.scripts), prompt)
        python = _make(path, paths, interpreter, activation, copies=copies)
        place = "" if relocatable else str(path)
        config = _config(interpreter, prompt, place, system_site_packages=system_site_packages)
        replace_file(path / "pyvenv.cfg", config.encode())
    except BaseException:
        _clear(path)
        if not existed:
            with suppress(OSError):
                path.rmdir()
        raise
    (path / _NOTES / _MAKING).unlink()
    return VirtualEnvironment(
        root=path,
        interpreter=_inside(interpreter, path, python, paths),
        paths=paths,
        ours=True,
        prompt=prompt,
        system_site_packages=system_site_packages,
        relocatable=relocatable,
    )


def _is_free(path: Path) -> bool:
    """Whether something may be made at a path at once, or after removing an environment of ours.

    What a killed process has begun to make is cleared away. Raises :class:`NotOurs`.
    """
    if not path.is_dir():
        if os.path.lexists(path):
            raise NotOurs(path, "it is not a folder")
        return True
    if is_ours(path):
        return False
    if (path / "pyvenv.cfg").exists():
        raise NotOurs(path, "it is a virtual environment made by another tool")
    if (path / _NOTES / _MAKING).exists():
        _clear(path)
    elif any(path.iterdir()):
        raise NotOurs(path, "it is not a virtual environment")
    return True


def _make(path: Path, paths: SchemePaths, interpreter: Interpreter, activation: dict[str, str], *, copies: bool) -> str:
    """All but the mark; returns the path of ``python``."""
    (path / _NOTES).mkdir(parents=True, exist_ok=True)
    # First, so that what is left of this after a kill is known to be ours.
    (path / _NOTES / _MAKING).touch()
    for folder in (paths.purelib, paths.platlib, paths.scripts):
        os.makedirs(folder, exist_ok=True)
    write_file(path / ".gitignore", b"*\n")
    write_file(path / "CACHEDIR.TAG", _TAG.encode())
    if os.name == "posix" and interpreter.pointer_size == 64 and interpreter.markers["sys_platform"] != "darwin":
        with suppress(FileExistsError):
            os.symlink("lib", path / "lib64")
    python = _place_interpreter(paths.scripts, interpreter, copies=copies)
    for name, text in activation.items():
        write_file(os.path.join(paths.scripts, name), text.encode())
    return python


def _clear(path: Path) -> None:
    """Empty a folder; what says that it is ours goes last."""
    with suppress(FileNotFoundError):
        for child in sorted(path.iterdir(), key=lambda child: child.name == _NOTES):
            if child.is_dir() and not child.is_symlink():
                shutil.rmtree(child, ignore_errors=True)
            else:
                child.unlink(missing_ok=True)


def load_environment(path: Path, remembered: Path | None = None) -> VirtualEnvironment | None:
    """The environment at a path, or None when there is none; blocking.

    A path may be the prefix of an interpreter's own installation too; ``installation`` tells the two apart.
    ``remembered`` is the store's folder for interpreters' answers. Raises :class:`BrokenEnvironment` when it is an
    environment whose interpreter does not run.
    """
    path = Path(os.path.abspath(path))
    values = _read_config(path)
    if values is None:
        return _load_installation(path, remembered)
    ours = "interlock" in values
    python = next((name for name in ("bin/python", "bin/pypy3", "Scripts/python.exe") if (path / name).exists()), None)
    if python is None:
        raise BrokenEnvironment(path, "its python is missing, or leads to an interpreter that was removed", ours=ours)
    try:
        interpreter = _query(path, str(path / python), values, remembered)
    except InterpreterUnusable as error:
        raise BrokenEnvironment(path, error.why, ours=ours) from error
    made_for = recorded_python(path)
    if made_for is not None and not _is_of(interpreter, made_for[1]):
        why = f"it was made for Python {made_for[1]}, and what its python leads to is {interpreter.version} now"
        raise BrokenEnvironment(path, why, ours=ours)
    paths = interpreter.scheme.at(str(path))
    if ours and not os.path.isdir(paths.purelib):
        raise BrokenEnvironment(path, "its folder of packages was removed", ours=True)
    return VirtualEnvironment(
        root=path,
        interpreter=interpreter,
        paths=paths,
        ours=ours,
        moved_from=_moved_from(path, values) if ours else "",
        prompt=values.get("prompt", path.name).strip("'\""),
        system_site_packages=values.get("include-system-site-packages", "").lower() == "true",
        relocatable=values.get("relocatable", "").lower() == "true",
    )


def _is_of(interpreter: Interpreter, version: str) -> bool:
    """Whether packages for a version are where an interpreter looks for them."""
    return version.split(".")[:2] == interpreter.minor.split(".")


def _moved_from(path: Path, values: dict[str, str]) -> str:
    """The place an environment was made at, unless it still is there, by whatever name."""
    made = values.get("prefix", "")
    with suppress(OSError):
        if not made or os.path.samefile(made, path):
            return ""
    return made


def _load_installation(path: Path, remembered: Path | None) -> VirtualEnvironment | None:
    python = next((name for name in ("bin/python", "bin/python3", "python.exe") if (path / name).is_file()), None)
    if python is None:
        return None
    try:
        interpreter = query_interpreter(str(path / python), remembered)
    except InterpreterUnusable:
        return None
    # Any folder may hold a link to an interpreter; only what the interpreter calls its own is meant.
    if interpreter.is_virtual or os.path.realpath(interpreter.prefix) != os.path.realpath(path):
        return None
    return VirtualEnvironment(
        root=path, interpreter=interpreter, paths=interpreter.paths, ours=False, prompt=path.name, installation=True
    )


def _query(path: Path, python: str, values: dict[str, str], remembered: Path | None) -> Interpreter:
    base = values.get("executable", "")
    if "interlock" in values and base and os.path.realpath(base) == os.path.realpath(python):
        # Ours, and still leading to the interpreter it was made from: what is known about that one holds here too.
        interpreter = query_interpreter(base, remembered)
        return _inside(interpreter, path, python, interpreter.scheme.at(str(path)))
    return query_interpreter(python, remembered)


def _inside(interpreter: Interpreter, path: Path, python: str, paths: SchemePaths) -> Interpreter:
    return msgspec.structs.replace(interpreter, executable=python, prefix=str(path), paths=paths)


def is_ours(path: Path) -> bool:
    """Whether an environment carries our mark."""
    values = _read_config(path)
    return values is not None and "interlock" in values


def recorded_python(path: Path) -> tuple[str, str] | None:
    """Implementation and version of an environment's Python as its notes have them; None where there are none."""
    values = _read_config(path)
    version = (values or {}).get("version") or (values or {}).get("version_info", "")
    return ((values or {}).get("implementation", "CPython"), version) if version else None


def remove_environment(path: Path) -> None:
    """Delete an environment of ours; :class:`NotOurs` for anything else. A link is removed, not what it leads to."""
    if not is_ours(path):
        raise NotOurs(path, "it does not carry Interlock's mark in pyvenv.cfg")
    if path.is_symlink():
        path.unlink()
        return
    # The mark goes last: after an interruption the rest is still recognised as ours.
    for child in sorted(path.iterdir()):
        if child.name == "pyvenv.cfg":
            continue
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()
    (path / "pyvenv.cfg").unlink()
    # Somebody's working directory or mount point may be here; an empty folder does no harm.
    with suppress(OSError):
        path.rmdir()


def _read_config(path: Path) -> dict[str, str] | None:
    try:
        text = (path / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _config(interpreter: Interpreter, prompt: str, place: str, *, system_site_packages: bool) -> str:
    """The text of ``pyvenv.cfg``; ``place`` is empty for an environment that may be moved."""
    lines = {
        "home": os.path.dirname(interpreter.base_executable),
        "implementation": interpreter.markers["platform_python_implementation"],
        "version": interpreter.version,
        "include-system-site-packages": str(system_site_packages).lower(),
        "executable": interpreter.base_executable,
        "prompt": prompt,
        "interlock": _MARK,
        **({"prefix": place} if place else {"relocatable": "true"}),
    }
    return "".join(f"{key} = {value}\n" for key, value in lines.items())


def _place_interpreter(folder: str, interpreter: Interpreter, *, copies: bool) -> str:
    """Put the interpreter's names into the scripts folder; returns the path of ``python``."""
    if os.name == "nt":
        return _place_windows(folder, interpreter)
    major, minor, _ = interpreter.version_info
    names = ["python", f"python{major}", f"python{major}.{minor}"]
    if interpreter.implementation == "pypy":
        names += ["pypy", f"pypy{major}", f"pypy{major}.{minor}"]
    first = os.path.join(folder, names[0])
    if copies:
        shutil.copy2(interpreter.base_executable, first)
    else:
        os.symlink(interpreter.base_executable, first)
    for name in names[1:]:
        os.symlink(names[0], os.path.join(folder, name))
    return first


def _place_windows(folder: str, interpreter: Interpreter) -> str:
    # The redirectors that the standard library brings for this purpose; a copied python.exe would miss its DLLs.
    source = os.path.join(interpreter.stdlib, "venv", "scripts", "nt")
    for name, other in (("python.exe", "venvlauncher.exe"), ("pythonw.exe", "venvwlauncher.exe")):
        for candidate in (name, other):
            if os.path.exists(os.path.join(source, candidate)):
                shutil.copyfile(os.path.join(source, candidate), os.path.join(folder, name))
                break
    return os.path.join(folder, "python.exe")
