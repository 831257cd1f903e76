"""Trying an installed wheel: importing what is in it and starting its programs, in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.build.environment import BuildEnvironment, hook_environ

__all__ = ["Trial"]

_MODULE = re.compile(r"([^\W\d]\w*)(\.py|(\.[^/.]+)*\.(so|pyd))")
_TRY = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    try:
        module, _, attributes = name.partition(":")
        found = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
    except BaseException as error:
        print(json.dumps([name, f"{type(error).__name__}: {error}"]))
"""


class _Ended(msgspec.Struct, frozen=True):
    """How a program ended and what it said."""

    status: int
    out: str
    err: str


class Trial:
    """The trials of one wheel; what the programs write goes below ``scratch``."""

    def __init__(
        self, environment: BuildEnvironment, environ: Mapping[str, str], scratch: Path, *, seconds: float = 60.0
    ) -> None:
        self._environment = environment
        self._environ = hook_environ(environ, environment)
        self._scratch = scratch
        self._seconds = seconds

    def __repr__(self) -> str:
        return f"<Trial in {self._environment.python}>"

    async def run(self, wheel: Path) -> list[str]:
        """What goes wrong, one sentence each."""
        modules, scripts, objects = await anyio.to_thread.run_sync(_contents, wheel)
        problems = await self._imports([*modules, *objects])
        for script in scripts:
            problem = await self._script(script)
            if problem:
                problems.append(problem)
        return problems

    async def _imports(self, names: list[str]) -> list[str]:
        if not names:
            return []
        ended = await self._start([self._environment.python, "-I", "-c", _TRY, msgspec.json.encode(names).decode()])
        if ended is None:
            return [f"importing {', '.join(names)} takes longer than {self._seconds:g} seconds"]
        problems = []
        for line in ended.out.splitlines():
            try:
                name, reason = msgspec.json.decode(line, type=tuple[str, str])
            except msgspec.MsgspecError:
                continue  # a module that prints when it is imported
            problems.append(f"`{name}` cannot be imported: {reason}")
        if ended.status and not problems:
            problems.append(f"importing {', '.join(names)} ends the interpreter with status {ended.status}")
        return problems

    async def _script(self, name: str) -> str:
        ended = await self._start([str(Path(self._environment.path) / name), "--help"])
        if ended is None:
            return f"`{name} --help` takes longer than {self._seconds:g} seconds"
        if ended.status == 0:
            return ""
        lines = (ended.err or ended.out).strip().splitlines()
        return f"`{name} --help` ends with status {ended.status}: {lines[-1] if lines else 'it says nothing'}"

    async def _start(self, command: list[str]) -> _Ended | None:
        """Run a program to its end with all that it started; None when that takes too long."""
        out, err, home = (self._scratch / name for name in ("out", "err", "home"))
        home.mkdir(exist_ok=True)
        # Files instead of pipes: a process that was left behind may hold a pipe open for ever.
        with out.open("wb") as stdout, err.open("wb") as stderr:
            try:
                process = await anyio.open_process(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    cwd=home,
                    env=self._environ,
                    start_new_session=True,
                )
            except OSError as error:
                return _Ended(127, "", str(error))
            try:
                with anyio.move_on_after(self._seconds) as limit:
                    await process.wait()
            finally:
                _kill_group(process.pid)
                with anyio.CancelScope(shield=True):
                    await process.wait()
        if limit.cancelled_caught:
            return None
        return _Ended(process.returncode or 0, *(path.read_text("utf-8", "replace") for path in (out, err)))


def _kill_group(pid: int) -> None:
    with suppress(OSError):
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGKILL)


def _contents(wheel: Path) -> tuple[list[str], list[str], list[str]]:
    """Top-level modules and packages, console scripts, and the objects of the other entry points."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        points = [name for name in names if re.fullmatch(r"[^/]+\.dist-info/entry_points\.txt", name)]
        text = archive.read(points[0]).decode("utf-8") if points else ""
    modules = set()
    for name in names:
        # What stands below .data/purelib and .data/platlib is installed at the top, too.
        path = re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", name)
        first, slash, rest = path.partition("/")
        if first.endswith((".dist-info", ".data")):
            continue
        if slash and first.isidentifier() and rest.endswith((".py", ".so", ".pyd")):
            modules.add(first)
        elif not slash and (match := _MODULE.fullmatch(first)):
            modules.add(match[1])
    parser = ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(text)
    except ConfigError:
        return sorted(modules), [], []
    scripts = sorted(parser["console_scripts"]) if parser.has_section("console_scripts") else []
    objects = [
        value.partition("[")[0].strip()
        for section in parser.sections()
        for value in parser[section].values()
        if section != "console_scripts"
    ]
    return sorted(modules), scripts, sorted(set(objects))
