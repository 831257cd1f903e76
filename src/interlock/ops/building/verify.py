"""``build --verify``: each wheel in a clean environment of the built files and the index, and tried there.

What a user would meet is looked for here: metadata an index refuses, files that were forgotten, a dependency that is
nowhere to be had, a package that cannot be imported, a program that does not start.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
from packaging.requirements import InvalidRequirement, Requirement

from interlock.build.frontend import Builder
from interlock.context import Context
from interlock.core.markers.diagram import format_marker, parse_marker
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import format_requirement
from interlock.errors import InterlockError
from interlock.ops.building.report import BuildReport, MemberReport
from interlock.ops.building.trial import Trial
from interlock.ops.tools import open_toolchain
from interlock.publish.check import check_distribution
from interlock.publish.distribution import Distribution, read_distribution
from interlock.resolution.provision import Provisioner
from interlock.toolchain.python import choose_interpreter, pythons_of
from interlock.toolchain.toolchain import ToolchainOptions
from interlock.workspace.discovery import discover
from interlock.workspace.members import Workspace

__all__ = ["verify"]


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
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
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
        msgspec.structs.replace(
            member,
            problems=(*member.problems, *_file_problems(files[member.name]), *problems.get(member.name, ())),
        )
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
    """The requirements, each in one form whatever its marker looks like."""
    found = set()
    for text in file.metadata.get("requires_dist", ()):
        try:
            requirement = parse_requirement(text)
            marker = format_marker(parse_marker(requirement.marker))
            found.add(format_requirement(msgspec.structs.replace(requirement, marker=marker)))
        except InterlockError:
            found.add(text)
    return found


class _Verification:
    """The members of one range of Pythons."""

    def __init__(self, context: Context, workspace: Workspace, wheels: dict[NormalizedName, Distribution]) -> None:
        self._context = context
        self._workspace = workspace
        self._wheels = wheels
        self._limiter = anyio.CapacityLimiter(context.means.settings.concurrent_builds)

    async def run(self, names: list[NormalizedName], requires_python: str) -> dict[NormalizedName, list[str]]:
        context, found = self._context, dict[NormalizedName, list[str]]()
        interpreter = await anyio.to_thread.run_sync(
            lambda: choose_interpreter(
                pythons_of(context.means, context.place.start),
                start=context.place.start,
                root=self._workspace.root,
                requires_python=requires_python,
            )
        )
        # Constraints on build requirements say nothing of what a package is used with.
        tool = msgspec.structs.replace(self._workspace.manifest.settings, build_constraints=())
        async with open_toolchain(context, ToolchainOptions(tool=tool, siblings=_BuiltWheels(self._wheels))) as tools:
            provision = Provisioner(tools.on(interpreter), anew=True)

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
        scratch = self._context.means.layout.temporary_directory()
        try:
            problems = await Trial(environment, self._context.means.environ, scratch).run(wheel.path)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(lambda: shutil.rmtree(scratch, ignore_errors=True))
        return [f"{wheel.filename}: {problem}" for problem in problems]
