"""``interlock build``: the sdists and wheels of members, everything that is ready in parallel."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.errors import InterlockError, ManifestError, first_error
from interlock.events import Finished, Started, Warned
from interlock.ops.building.build_settings import BuildSettings
from interlock.ops.building.constraints import read_constraints
from interlock.ops.building.internal_bounds import InternalBounds
from interlock.ops.building.member import MemberBuild, Outcome
from interlock.ops.building.output import OutputDirectory
from interlock.ops.building.report import BuildReport, BuildRequest, BuiltFile, MemberReport
from interlock.ops.building.strays import Strays
from interlock.ops.stamps import stamps_of
from interlock.ops.tools import open_toolchain
from interlock.toolchain.build_hashes import BuildHashes
from interlock.toolchain.python import deciding_places, pythons_of
from interlock.toolchain.siblings import BuildSiblings
from interlock.toolchain.toolchain import ToolchainOptions
from interlock.workspace.discovery import discover
from interlock.workspace.epoch import source_date_epoch
from interlock.workspace.fresh.builds import stamp_built
from interlock.workspace.fresh.unchanged import ALL_BUILT, BUILT
from interlock.workspace.members import Member, Workspace
from interlock.workspace.selection import SelectionFlags

__all__ = ["NothingToBuild", "build", "chosen_members"]


_QUESTIONS = {BUILT: SelectionFlags(), ALL_BUILT: SelectionFlags(all_packages=True)}


class NothingToBuild(ManifestError):
    """What was selected is no package."""

    code = "nothing-to-build"


async def build(context: Context, request: BuildRequest) -> BuildReport:
    """Build the selected members; one that fails does not keep the others from being built.

    Raises :class:`MemberCycle` when members are needed to build themselves, and usage errors.
    """
    started = anyio.current_time()
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    context = context.within(workspace.manifest.settings)
    names = chosen_members(workspace, request.selection)
    tool, hashes = _constrained(context.place.directory, workspace.manifest.settings, request)
    siblings = BuildSiblings(workspace, tool, hashes)
    if not request.no_sources:
        siblings.check(names)
    bounds = InternalBounds(workspace, siblings)
    out = output_directory(context, workspace, request.out_dir)
    epoch = await source_date_epoch(context.means.environ, workspace)
    options = ToolchainOptions(
        tool=tool,
        siblings=None if request.no_sources else siblings,
        build_hashes=hashes,
        source_date_epoch=epoch,
        build_timeout=request.timeout,
    )
    async with open_toolchain(context, options) as toolchain:
        settings = BuildSettings(
            toolchain=toolchain,
            siblings=siblings,
            bounds=bounds,
            sdist=request.sdist,
            wheel=request.wheel,
            latest=epoch,
            out=out.path,
        )
        reports = await _Build(settings, out, Strays(workspace, out.path)).run(names)
        hooks = (await toolchain.builder()).calls
        if all(report.status == "cached" for report in reports):
            python = (await toolchain.interpreter()).executable
            await anyio.to_thread.run_sync(_stamp, context, workspace, request, reports, python)
    if request.clear and all(report.error is None for report in reports):
        await anyio.to_thread.run_sync(out.clear, frozenset(file.file.name for one in reports for file in one.files))
    return BuildReport(out_dir=out.path, members=tuple(reports), hooks=hooks, seconds=anyio.current_time() - started)


def chosen_members(workspace: Workspace, flags: SelectionFlags) -> tuple[NormalizedName, ...]:
    """The members that are packages among those selected: the current one, or all at a virtual root.

    Raises :class:`UnknownMember`, and :class:`NothingToBuild` for one asked for that is no package.
    """
    if flags.packages and not flags.all_packages:
        names = sorted({normalize_name(name) for name in flags.packages})
    elif workspace.current is not None and not flags.all_packages:
        names = [workspace.current]
    else:
        return tuple(member.name for member in workspace.members if member.manifest.package)
    for name in names:
        if not workspace.member(name).manifest.package:
            raise _no_package(workspace.member(name))
    return tuple(names)


def _no_package(member: Member) -> NothingToBuild:
    others = "or choose other members with --package or --all-packages"
    if member.manifest.build_system is None:
        why, hint = "has no [build-system]", f"Add a [build-system], {others}."
    else:
        key = "package-mode" if member.manifest.dialect == "poetry" else "package"
        why, hint = f"says `{key} = false`", f"Take `{key} = false` out of {member.file}, {others}."
    return NothingToBuild(f"{member.name} is not a package: {member.file} {why}.", hint=hint)


def output_directory(context: Context, workspace: Workspace, out_dir: str) -> OutputDirectory:
    """Where files go: as asked for, else ``dist`` at the root, which git is told to ignore."""
    path = context.place.directory / out_dir if out_dir else workspace.root / "dist"
    beside = any(path.is_relative_to(member.directory) for member in workspace.members)
    return OutputDirectory(path, context.means.layout, ours=not out_dir, beside_sources=beside)


def _stamp(
    context: Context, workspace: Workspace, request: BuildRequest, reports: list[MemberReport], python: str
) -> None:
    """Remember that everything had been built already, for the plainest ways to ask."""
    whole = len(reports) == sum(member.manifest.package for member in workspace.members)
    for question, selection in _QUESTIONS.items():
        if whole and request == BuildRequest(selection=selection):
            files = [(os.fspath(file.file), file.size) for report in reports for file in report.files]
            places = deciding_places(pythons_of(context.means, context.place.start), python)
            stamp_built(stamps_of(context), workspace, files, interpreters=places, question=question)


class _Build:
    """One run over several members."""

    def __init__(self, settings: BuildSettings, out: OutputDirectory, strays: Strays) -> None:
        self._settings = settings
        self._means = settings.toolchain.means
        self._out = out
        self._strays = strays
        # More than the hooks at a time, so that packing and unpacking of one member overlaps with hooks of another.
        self._limiter = anyio.CapacityLimiter(2 * self._means.settings.concurrent_builds + 2)

    async def run(self, names: tuple[NormalizedName, ...]) -> list[MemberReport]:
        found: dict[NormalizedName, MemberReport] = {}
        reporter = self._means.reporter

        async def one(name: NormalizedName) -> None:
            async with self._limiter:
                found[name] = await self._member(name)

        files = int(self._settings.sdist) + int(self._settings.wheel)
        reporter.report(Started("build", len(names) * files))
        try:
            async with anyio.create_task_group() as tasks:
                for name in names:
                    tasks.start_soon(one, name)
        finally:
            reporter.report(Finished("build"))
        return [found[name] for name in sorted(found)]

    async def _member(self, name: NormalizedName) -> MemberReport:
        self._strays.begin(name)
        report = await self._made(name)
        stray, is_sure = self._strays.end(name, built=report.status != "cached")
        if stray and is_sure and report.error is None:
            return msgspec.structs.replace(report, problems=(stray,))
        if stray:
            self._means.reporter.report(Warned("stray-files", stray))
        return report

    async def _made(self, name: NormalizedName) -> MemberReport:
        started = anyio.current_time()
        try:
            outcome = await MemberBuild(self._settings, name).run()
            await anyio.to_thread.run_sync(self._out.place, outcome.folder, outcome.record.files)
        except (InterlockError, BaseExceptionGroup) as error:
            reason = first_error(error)
            if reason is None:
                raise
            return MemberReport(name=name, status="failed", seconds=anyio.current_time() - started, error=reason)
        return self._report(name, outcome, anyio.current_time() - started)

    def _report(self, name: NormalizedName, outcome: Outcome, seconds: float) -> MemberReport:
        return MemberReport(
            name=name,
            version=outcome.record.version,
            status="cached" if outcome.cached else "built",
            seconds=round(seconds, 3),
            files=tuple(
                BuiltFile(file=self._out.path / file.filename, kind=file.kind, sha256=file.sha256, size=file.size)
                for file in outcome.record.files
            ),
        )


def _constrained(directory: Path, tool: ToolSettings, request: BuildRequest) -> tuple[ToolSettings, BuildHashes]:
    """The root's tool table with what the command line adds, and the hashes it asks for."""
    constraints: list[Requirement] = []
    allowed: dict[NormalizedName, frozenset[str]] = {}
    for name in request.build_constraints:
        found, hashes = read_constraints(directory / name)
        constraints += found
        allowed |= {package: allowed.get(package, frozenset()) | digests for package, digests in hashes.items()}
    tool = msgspec.structs.replace(
        tool,
        config_settings={**tool.config_settings, **request.config_settings},
        build_constraints=(*tool.build_constraints, *constraints),
    )
    return tool, BuildHashes(allowed, request.require_hashes)
