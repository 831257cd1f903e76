"""What an interpreter says about itself: asked once by a probe, then remembered until its file changes."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import msgspec

from interlock.errors import EnvironmentFailure
from interlock.store.replace import replace_file

__all__ = ["Interpreter", "InterpreterUnusable", "SchemePaths", "query_interpreter"]

_FORMAT = "2"
_INTERPRETER = re.compile(r"\W?(?:python|pypy|graalpy)", re.IGNORECASE)
_PATIENCE = 60.0
_PROBE = Path(__file__).with_name("probe.py")
_LONGEST_EVIDENCE = 400


class InterpreterUnusable(EnvironmentFailure):
    """A file that should be a Python interpreter does not answer like one."""

    code = "interpreter-unusable"

    def __init__(self, executable: str, why: str) -> None:
        super().__init__(
            f"{executable} cannot be used as a Python interpreter: {why}.",
            hint="Check that it runs, and that it is Python 3.9 or newer.",
            facts={"executable": executable, "why": why},
        )
        self.executable = executable
        self.why = why


class SchemePaths(msgspec.Struct, frozen=True, kw_only=True):
    """Where the kinds of files of a distribution go; ``{root}`` stands for the environment in a template."""

    purelib: str
    platlib: str
    scripts: str
    data: str
    include: str

    def at(self, root: str) -> SchemePaths:
        """The same paths below an environment."""
        return SchemePaths(
            purelib=os.path.normpath(self.purelib.replace("{root}", root)),
            platlib=os.path.normpath(self.platlib.replace("{root}", root)),
            scripts=os.path.normpath(self.scripts.replace("{root}", root)),
            data=os.path.normpath(self.data.replace("{root}", root)),
            include=os.path.normpath(self.include.replace("{root}", root)),
        )


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """One Python on this machine."""

    executable: str
    base_executable: str
    """The interpreter that a virtual environment's python was made from; the same as ``executable`` outside one."""
    version: str
    version_info: tuple[int, int, int]
    implementation: str
    """``cpython``, ``pypy``, ..."""
    cache_tag: str
    prefix: str
    base_prefix: str
    pointer_size: int
    free_threaded: bool
    externally_managed: bool
    """Its installation asks that only its own package manager changes it (PEP 668)."""
    markers: dict[str, str]
    """PEP 508 environment."""
    scheme: SchemePaths
    """Template for virtual environments."""
    paths: SchemePaths
    """Its own installation paths."""
    stdlib: str
    tags: tuple[str, ...]
    """Wheel tags it accepts, best first."""

    @property
    def is_virtual(self) -> bool:
        return self.prefix != self.base_prefix

    @property
    def minor(self) -> str:
        """``3.12``"""
        return f"{self.version_info[0]}.{self.version_info[1]}"


class _Remembered(msgspec.Struct, frozen=True, kw_only=True):
    stamp: str
    interpreter: Interpreter


_DECODER = msgspec.msgpack.Decoder(_Remembered)


def is_shim(executable: str) -> bool:
    """Whether a program is no interpreter but starts one, that may be another one elsewhere or tomorrow.

    It is a script, or a link to a program that is called otherwise (pyenv, asdf, mise); blocking.
    """
    real = os.path.realpath(executable)
    if _INTERPRETER.match(os.path.basename(real)) is None and os.path.islink(executable):
        return True
    try:
        with open(real, "rb") as program:
            return program.read(2) == b"#!"
    except OSError:
        return False


def query_interpreter(executable: str, remembered: Path | None = None, start: str = "") -> Interpreter:
    """Ask an interpreter about itself; blocking. A shim (:func:`is_shim`) answers for the one that it starts now.

    ``remembered`` is the store's folder for answers (``interpreters-v1``); an answer is used while path, size and time
    of the interpreter (behind links) and of its ``pyvenv.cfg`` are the same.
    """
    executable = os.path.abspath(executable)
    stamp = _stamp(executable)
    if is_shim(executable):
        started = _ask(executable, start)
        if started.executable and not is_shim(started.executable):
            return query_interpreter(started.executable, remembered)
        return msgspec.structs.replace(started, executable=executable)
    path = remembered / hashlib.sha256(executable.encode()).hexdigest()[:32] if remembered is not None else None
    if path is not None:
        with suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
            known = _DECODER.decode(path.read_bytes())
            if known.stamp == stamp:
                return known.interpreter
    # Asked for by this name; sys.executable may be another link to the same file.
    interpreter = msgspec.structs.replace(_ask(executable), executable=executable)
    if path is not None:
        _remember(path, _Remembered(stamp=stamp, interpreter=interpreter))
    return interpreter


def _stamp(executable: str) -> str:
    try:
        real = os.path.realpath(executable)
        status = os.stat(real)
    except OSError as error:
        raise InterpreterUnusable(executable, (error.strerror or "it cannot be read").lower()) from error
    parts = [_FORMAT, real, str(status.st_mtime_ns), str(status.st_size)]
    with suppress(OSError):
        status = os.stat(os.path.join(os.path.dirname(os.path.dirname(executable)), "pyvenv.cfg"))
        parts += [str(status.st_mtime_ns), str(status.st_size)]
    return "|".join(parts)


def _ask(executable: str, start: str = "") -> Interpreter:
    spec = importlib.util.find_spec("packaging")
    if spec is None or spec.origin is None:  # a dependency of ours: it is there
        raise InterpreterUnusable(executable, "the package 'packaging' is missing beside interlock")
    folder = os.path.dirname(os.path.dirname(spec.origin))
    # -B: neither the probe nor packaging may leave bytecode of a foreign interpreter in our own installation.
    command = [executable, "-I", "-S", "-B", str(_PROBE), folder]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL, cwd=start or None
        )
    except subprocess.TimeoutExpired as error:
        raise InterpreterUnusable(executable, f"it did not answer within {_PATIENCE:g} seconds") from error
    except OSError as error:
        raise InterpreterUnusable(executable, (error.strerror or str(error)).lower()) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = f"it ended with code {done.returncode}" + (f" ({said[-1][:_LONGEST_EVIDENCE]})" if said else "")
        raise InterpreterUnusable(executable, why)
    try:
        answer = msgspec.json.decode(done.stdout, type=Interpreter)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InterpreterUnusable(executable, "its answer cannot be understood") from error
    if not answer.tags:
        answer = msgspec.structs.replace(answer, tags=_tags_of_older(answer, executable))
    return answer


def _tags_of_older(interpreter: Interpreter, executable: str) -> tuple[str, ...]:
    """The tags of one that is too old for the packaging beside us: what is not of its version is as it is for us.

    Raises :class:`InterpreterUnusable` for another implementation, or for another kind of machine.
    """
    from interlock.envs.older_tags import is_like_ours, older_tags  # noqa: PLC0415 - hardly anybody has such an interpreter

    if not is_like_ours(interpreter.implementation, interpreter.markers, interpreter.pointer_size):
        why = f"{interpreter.implementation} {interpreter.version} is too old for the `packaging` beside interlock"
        raise InterpreterUnusable(executable, why)
    return older_tags(interpreter.version_info)


def _remember(path: Path, value: _Remembered) -> None:
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, msgspec.msgpack.encode(value))
