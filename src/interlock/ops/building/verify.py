"""``build --verify``: each wheel in a clean environment of the built files and the index, and tried there.

What a user would meet is looked for here: metadata an index refuses, files that were forgotten, a dependency that is
nowhere to be had, a package that cannot be imported, a program that does not start.
"""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Iterable
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
from packaging.requirements import InvalidRequirement, Requirement

from interlock.build.environment import BuildEnvironment, hook_environ
from interlock.build.frontend import Builder
from interlock.core.names import NormalizedName, normalize_name
from interlock.errors import InterlockError
from interlock.ops.building.report import BuildReport, MemberReport
from interlock.publish.check import check_distribution
from interlock.publish.distribution import Distribution, read_distribution
from interlock.workspace.context import Context
from interlock.workspace.discovery import discover
from interlock.workspace.members import Workspace
from interlock.workspace.provision import Provisioner
from interlock.workspace.python import choose_interpreter
from interlock.workspace.toolchain import Toolchain

__all__ = ["verify"]

_SECONDS = 60.0
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


class _BuiltWheels:
    """The wheels of the output directory as what an environment is made of; what is not there comes from the index."""

    def __init__(self, wheels: dict[NormalizedName, Distribution]) -> None:
        self._wheels = wheels

    async def wheels(self, names: Iterable[NormalizedName], builder: Builder, /) -> dict[NormalizedName, Path]:
        del builder
        found: dict[NormalizedName, Path] = {}
        todo = list(names)
        while todo:
            name = todo.pop()
            if name in self._wheels and name not in found:
                found[name] = self._wheels[name].path
                todo += _required(self._wheels[name])
        return found


def _required(wheel: Distribution) -> list[NormalizedName]:
    found = []
    for text in wheel.metadata.get("requires_dist", ()):
        try:
            found.append(normalize_name(Requirement(text).name))
        except InvalidRequirement:
            continue
    return found


async def verify(context: Context, report: BuildReport) -> BuildReport:
    """The report with what is wrong with the files added."""
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.start, layout=context.layout))
    context = context.within(workspace.manifest.settings)
    reports = report.members
    files = await anyio.to_thread.run_sync(lambda: {member.name: _read(member) for member in reports})
    wheels = {name: file for name, found in files.items() for file in found if file.is_wheel}
    wheels |= await anyio.to_thread.run_sync(lambda: _others(workspace, report.out_dir, set(wheels)))
    problems: dict[NormalizedName, list[str]] = {}
    for requires_python in sorted({workspace.by_name[report.name].manifest.requires_python for report in reports}):
        names = [
            report.name
            for report in reports
            if workspace.by_name[report.name].manifest.requires_python == requires_python and report.error is None
        ]
        problems |= await _Verification(context, workspace, wheels).run(names, requires_python)
    members = tuple(
        msgspec.structs.replace(member, problems=(*_file_problems(files[member.name]), *problems.get(member.name, ())))
        for member in reports
    )
    return msgspec.structs.replace(report, members=members)


def _read(report: MemberReport) -> list[Distribution]:
    return [read_distribution(file.file) for file in report.files]


def _others(workspace: Workspace, folder: Path, known: set[NormalizedName]) -> dict[NormalizedName, Distribution]:
    """Wheels of other members that were built before, as far as they are of the version that is there now."""
    found = {}
    for path in sorted(folder.glob("*.whl")):
        name = normalize_name(path.name.split("-")[0])
        member = workspace.find(name)
        if member is not None and name not in known and path.name.split("-")[1] == member.manifest.version:
            found[name] = read_distribution(path)
    return found


def _file_problems(files: list[Distribution]) -> list[str]:
    problems = [f"{file.filename}: {text}" for file in files for text in check_distribution(file, public=False)]
    if len(files) == 2:
        one, other = (_comparable(file) for file in files)
        if one != other and "requires-dist" not in [text.lower() for text in files[0].metadata.get("dynamic", ())]:
            shown = ", ".join(sorted(one ^ other))
            problems.append(f"{files[0].filename} and {files[1].filename} do not require the same: {shown}")
    return problems


def _comparable(file: Distribution) -> set[str]:
    found = set()
    for text in file.metadata.get("requires_dist", ()):
        try:
            found.add(str(Requirement(text)))
        except InvalidRequirement:
            found.add(text)
    return found


class _Verification:
    """The members of one range of Pythons."""

    def __init__(self, context: Context, workspace: Workspace, wheels: dict[NormalizedName, Distribution]) -> None:
        self._context = context
        self._workspace = workspace
        self._wheels = wheels
        self._limiter = anyio.CapacityLimiter(context.settings.concurrent_builds)

    async def run(self, names: list[NormalizedName], requires_python: str) -> dict[NormalizedName, list[str]]:
        context, found = self._context, dict[NormalizedName, list[str]]()
        interpreter = await anyio.to_thread.run_sync(
            lambda: choose_interpreter(
                context, start=context.start, root=self._workspace.root, requires_python=requires_python
            )
        )
        # Constraints on build requirements say nothing of what a package is used with.
        tool = msgspec.structs.replace(self._workspace.manifest.settings, build_constraints=())
        async with Toolchain(context, Provisioner, tool=tool) as toolchain:
            toolchain.use_interpreter(interpreter)
            toolchain.siblings = _BuiltWheels(self._wheels)
            provision = Provisioner(toolchain)

            async def one(name: NormalizedName) -> None:
                async with self._limiter:
                    found[name] = await self._member(self._wheels[name], provision)

            async with anyio.create_task_group() as tasks:
                for name in names:
                    if name in self._wheels:
                        tasks.start_soon(one, name)
        return found

    async def _member(self, wheel: Distribution, provision: Provisioner) -> list[str]:
        try:
            environment = await provision((f"{wheel.name}=={wheel.version}",), purpose=f"{wheel.filename} by itself")
        except InterlockError as error:
            return [f"{wheel.filename} cannot be installed: {error.message}"]
        modules, scripts, objects = await anyio.to_thread.run_sync(_contents, wheel.path)
        problems = await self._imports(environment, [*modules, *objects])
        for script in scripts:
            problem = await self._script(environment, script)
            if problem:
                problems.append(problem)
        return [f"{wheel.filename}: {problem}" for problem in problems]

    async def _imports(self, environment: BuildEnvironment, names: list[str]) -> list[str]:
        if not names:
            return []
        command = [environment.python, "-I", "-c", _TRY, msgspec.json.encode(names).decode()]
        done = await self._try(environment, command)
        if done is None:
            return [f"importing {', '.join(names)} takes longer than {_SECONDS:g} seconds"]
        problems = []
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            try:
                name, reason = msgspec.json.decode(line, type=tuple[str, str])
            except msgspec.MsgspecError:
                continue  # a module that prints when it is imported
            problems.append(f"`{name}` cannot be imported: {reason}")
        if done.returncode and not problems:
            problems.append(f"importing {', '.join(names)} ends the interpreter with status {done.returncode}")
        return problems

    async def _script(self, environment: BuildEnvironment, name: str) -> str:
        done = await self._try(environment, [str(Path(environment.path) / name), "--help"])
        if done is None:
            return f"`{name} --help` takes longer than {_SECONDS:g} seconds"
        if done.returncode == 0:
            return ""
        lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        return f"`{name} --help` ends with status {done.returncode}: {lines[-1] if lines else 'it says nothing'}"

    async def _try(
        self, environment: BuildEnvironment, command: list[str]
    ) -> subprocess.CompletedProcess[bytes] | None:
        folder = self._context.layout.temporary_directory()
        environ = hook_environ(self._context.environ, environment)
        try:
            with anyio.move_on_after(_SECONDS):
                return await anyio.run_process(
                    command, check=False, cwd=folder, env=environ, stdin=subprocess.DEVNULL, start_new_session=True
                )
        except OSError as error:
            return subprocess.CompletedProcess(command, 127, b"", str(error).encode())
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(lambda: _remove(folder))
        return None


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()


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
