"""Filling one environment with what is wanted in it."""

from __future__ import annotations

import anyio.to_thread
import msgspec

from interlock.build.environment import BuildEnvironment
from interlock.core.members.selection import Selection
from interlock.core.plan.plan import Plan, Wanted
from interlock.core.plan.planner import plan as make_plan
from interlock.core.settings.name_set import NameSet
from interlock.core.sources.source import Directory, File, Member
from interlock.envs.environments import VirtualEnvironment
from interlock.envs.installed import scan
from interlock.envs.interpreters import Interpreter
from interlock.events import Finished, Started
from interlock.install.record import direct_url
from interlock.install.swap import has_leftovers
from interlock.install.transaction import Options, apply
from interlock.ops.locking.locked_workspace import LockedWorkspace
from interlock.ops.syncing.packs_meanwhile import packs_meanwhile
from interlock.ops.syncing.sync_options import SyncOptions
from interlock.ops.syncing.wanted import place_of
from interlock.store.locks import hold
from interlock.toolchain.obtain import Obtainer
from interlock.toolchain.toolchain import Toolchain

__all__ = ["Filling"]

_LOCAL = (Member, Directory, File)


class Filling:
    """How environments of a selection are brought to what is wanted."""

    def __init__(
        self, found: LockedWorkspace, options: SyncOptions, selection: Selection, toolchain: Toolchain
    ) -> None:
        self._workspace = found.reading.workspace
        self._tool = found.reading.tool
        self._lock = found.lock
        self._means = found.context.means
        self._options = options
        self._selection = selection
        self._toolchain = toolchain

    async def bring(self, environment: VirtualEnvironment, wanted: tuple[Wanted, ...]) -> Plan:
        """Make an environment hold what is wanted; what was done."""
        plan = await self.plan(wanted, environment)
        if plan.is_empty and not has_leftovers(environment):
            # Nothing is written, in a place that may be for reading only.
            return plan
        async with hold(environment.lock):
            plan = await self.plan(wanted, environment)
            late = tuple(step for step in plan.install if self._builds_inside(step.wanted))
            if late:
                # What is built in the environment may need anything else that is to be in it.
                first = tuple(step for step in plan.install if step not in late)
                await self._apply(msgspec.structs.replace(plan, install=first), environment, wanted)
                await self._apply(Plan(install=late), environment, wanted)
            # An empty plan cleans up after a sync that was cut short.
            elif not plan.is_empty or has_leftovers(environment):
                await self._apply(plan, environment, wanted)
        return plan

    def _builds_inside(self, item: Wanted) -> bool:
        """Whether it is to be built in the environment that it is for."""
        is_built = item.artifact is None or not item.artifact.is_wheel
        return is_built and item.name in self._tool.not_isolated

    async def obtain(self, wanted: tuple[Wanted, ...], interpreter: Interpreter) -> None:
        """Have everything in the store that an environment of an interpreter can be filled from."""
        toolchain = self._toolchain.on(interpreter)
        obtain = self._obtainer(toolchain)
        limit = anyio.CapacityLimiter(self._means.settings.concurrent_downloads)

        async def one(item: Wanted) -> None:
            async with limit:
                if not self._builds_inside(item):
                    await obtain(item)

        async with packs_meanwhile(toolchain, obtain, wanted), anyio.create_task_group() as tasks:
            for item in wanted:
                tasks.start_soon(one, item)

    def _building_in(self, environment: VirtualEnvironment) -> Toolchain:
        """The tools for an environment, which is also where what is not to be isolated is built."""
        shared = None
        if self._tool.not_isolated:
            shared = BuildEnvironment(python=environment.python, path=environment.scripts, isolated=False)
        return self._toolchain.on(environment.interpreter, shared)

    def _obtainer(self, toolchain: Toolchain) -> Obtainer:
        trees = {member.name: member.directory for member in self._workspace.members}
        return Obtainer(toolchain, root=self._workspace.root, trees=trees)

    async def plan(self, wanted: tuple[Wanted, ...], environment: VirtualEnvironment | None) -> Plan:
        """What is to be done to an environment, or to one that is not there yet."""
        options = self._options
        installed = await anyio.to_thread.run_sync(scan, environment) if environment is not None else ()
        locations = {
            item.name: place_of(item, self._workspace, self._lock).as_uri()
            for item in wanted
            if isinstance(item.source, Member | Directory)
        }
        # An installation has a package manager of its own, whose packages are not ours to remove.
        exact = options.exact and not (environment is not None and environment.installation)
        plan = make_plan(
            wanted,
            installed,
            exact=exact or bool(options.uninstall),
            reinstall=NameSet.of(options.reinstall_packages, every=options.reinstall),
            locations=locations,
        )
        if exact or not options.uninstall:
            return plan
        names = {*options.uninstall, *(item.name for item in wanted)}
        gone = tuple(item for item in plan.remove if item.name in names)
        return msgspec.structs.replace(plan, remove=gone)

    async def _apply(self, plan: Plan, environment: VirtualEnvironment, wanted: tuple[Wanted, ...]) -> None:
        workspace, means = self._workspace, self._means
        paths = {member.name: member.path for member in workspace.members}
        # Where a source tree is on this machine says nothing in an environment that goes elsewhere.
        told = [item for item in wanted if not (environment.relocatable and isinstance(item.source, _LOCAL))]
        origins = {item.name: direct_url(item, root=str(workspace.root), members=paths) for item in told}
        requested = frozenset(member.member for member in self._selection.members)
        settings = means.settings
        means.reporter.report(Started("install", len(plan.install)))
        toolchain = self._building_in(environment)
        obtainer = self._obtainer(toolchain)
        options = Options(
            link_mode=settings.link_mode or "auto",
            compile=self._options.compile_bytecode,
            jobs=settings.concurrent_installs,
            obtaining=settings.concurrent_downloads,
            requested=requested,
            origins={name: text for name, text in origins.items() if text},
        )
        try:
            async with packs_meanwhile(toolchain, obtainer, [step.wanted for step in plan.install]):
                await apply(plan, environment, obtainer, options, means.reporter, look=obtainer.look)
        finally:
            means.reporter.report(Finished("install"))
