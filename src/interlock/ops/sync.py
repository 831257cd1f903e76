"""``interlock sync`` and ``interlock install``: environments made to hold what the lock wants."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.build.environment import BuildEnvironment
from interlock.build.source_tree import SourceTree
from interlock.context import Context
from interlock.core.lock.select import select as select_from_lock
from interlock.core.members.asks import MemberAsks
from interlock.core.members.selection import Selection
from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Plan, Wanted
from interlock.core.plan.planner import plan as make_plan
from interlock.core.sources.source import Directory, File, Member
from interlock.envs.discovery import NoInterpreter
from interlock.envs.environments import VirtualEnvironment, create_environment, is_ours, remove_environment
from interlock.envs.installed import scan
from interlock.envs.interpreters import Interpreter
from interlock.errors import ManifestError
from interlock.events import Finished, Started
from interlock.install.record import direct_url
from interlock.install.swap import has_leftovers
from interlock.install.transaction import Options, apply
from interlock.ops.environments import environment_path
from interlock.ops.locked_workspace import LockedWorkspace, locked_workspace
from interlock.ops.stamps import stamps_of
from interlock.ops.sync_options import EnvironmentOutcome, SyncOptions, SyncOutcome
from interlock.ops.tools import open_toolchain, options_of
from interlock.resolution.external_indexes import asking_external_indexes
from interlock.store.locks import hold
from interlock.store.usage import using
from interlock.toolchain.environment import existing_environment, needed_python, new_interpreter
from interlock.toolchain.obtain import Obtainer
from interlock.toolchain.python import pythons_of
from interlock.toolchain.toolchain import Toolchain
from interlock.workspace.fresh.environments import stamp_in_sync
from interlock.workspace.fresh.unchanged import ALL_IN_SYNC, IN_SYNC
from interlock.workspace.guards import environment_guard
from interlock.workspace.members import Workspace
from interlock.workspace.selection import SelectionFlags, by_environment, locked_extras, select

__all__ = ["AbsentMember", "sync"]

_ALL = ":all:"
_LOCAL = (Member, Directory, File)
_QUESTIONS = {IN_SYNC: SelectionFlags(), ALL_IN_SYNC: SelectionFlags(all_packages=True)}


class AbsentMember(ManifestError):
    """A member is wanted whose directory a part of a checkout does not have."""

    code = "absent-member"

    def __init__(self, name: NormalizedName, path: str) -> None:
        super().__init__(
            f"{name} is to be installed, but its directory {path} is not here.",
            hint=f"Bring the directory here, or leave it out with --no-install-package {name} or"
            " --no-install-workspace.",
            facts={"member": name, "path": path},
        )


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    """One environment to make, and what of the lock belongs in it."""

    path: Path
    selection: Selection
    member: NormalizedName | None = None


async def sync(context: Context, options: SyncOptions) -> SyncOutcome:
    """Bring the selected environments to what the lock says."""
    may_write = not (options.dry_run or options.check)
    async with using(context.means.layout):
        found = await locked_workspace(
            context,
            frozen=options.frozen,
            locked=options.locked,
            may_write=may_write,
            selection=options.selection,
            relock=options.relock,
        )
        workspace = found.reading.workspace
        async with open_toolchain(found.context, options_of(workspace, found.reading.tool)) as opened:
            toolchain = await asking_external_indexes(opened, found.lock, workspace.root)
            environments = []
            for target in _targets(found, options):
                work = _Sync(found, options, target, toolchain)
                environments.append(await (work.run() if may_write else work.look()))
    return SyncOutcome(environments=tuple(environments), applied=may_write, lock=found.made)


def _targets(found: LockedWorkspace, options: SyncOptions) -> list[_Target]:
    context, reading, locked = found.context, found.reading, found.lock
    workspace = reading.workspace
    local = [package.name for package in locked.packages if isinstance(package.source, Directory | File)]
    names = [package.name for package in locked.packages]
    whole = select(
        workspace, options.selection, local=local, locked=names, absent=reading.absent, extras=locked_extras(locked)
    )
    if context.means.settings.env != "member":
        return [_Target(path=environment_path(context.means, workspace), selection=whole)]
    targets = []
    for selection in by_environment(context.means.settings.env, whole):
        name = selection.members[0].member
        path = environment_path(context.means, workspace, workspace.by_name.get(name))
        targets.append(_Target(path=path, selection=selection, member=name))
    return targets


class _Sync:
    """The sync of one environment."""

    def __init__(self, found: LockedWorkspace, options: SyncOptions, target: _Target, toolchain: Toolchain) -> None:
        self._reading = found.reading
        self._lock = found.lock
        self._options = options
        self._target = target
        self._toolchain = toolchain
        self._context = found.context
        self._means = found.context.means
        self._workspace: Workspace = found.reading.workspace
        self._pythons = pythons_of(self._means, found.context.place.start)

    async def look(self) -> EnvironmentOutcome:
        """What would be done."""
        environment = await anyio.to_thread.run_sync(self._existing)
        interpreter = environment.interpreter if environment is not None else await self._interpreter()
        wanted = await self._wanted(interpreter)
        return self._outcome(interpreter, await self._plan(wanted, environment), created=environment is None)

    async def run(self) -> EnvironmentOutcome:
        async with hold(environment_guard(self._target.path), passing=True):
            environment = await anyio.to_thread.run_sync(self._existing)
            created = environment is None
            # What is wanted is decided first, so that a selection that cannot be leaves no empty environment behind.
            interpreter = environment.interpreter if environment is not None else await self._interpreter()
            wanted = await self._wanted(interpreter)
            if created and self._target.path.exists():
                # The one that is there is kept until everything for the new one is here.
                await self._obtain(wanted, interpreter)
            try:
                if environment is None:
                    environment = await anyio.to_thread.run_sync(self._create, interpreter)
                plan = await self._bring(environment, wanted)
            except BaseException:
                if created:
                    with anyio.CancelScope(shield=True):
                        await anyio.to_thread.run_sync(self._undo)
                raise
            if plan.is_empty and not created:
                await anyio.to_thread.run_sync(self._stamp, environment, wanted, len(plan.keep))
        return self._outcome(interpreter, plan, created=created)

    def _stamp(self, environment: VirtualEnvironment, wanted: tuple[Wanted, ...], kept: int) -> None:
        """Remember that there was nothing to do, for the plainest ways to ask."""
        for question, selection in _QUESTIONS.items():
            plain = SyncOptions(selection=selection, locked=self._options.locked)
            if self._options == plain and self._target.member is None and not self._reading.absent:
                stamp_in_sync(
                    stamps_of(self._context),
                    self._workspace,
                    environment,
                    wanted,
                    kept=kept,
                    question=question,
                )

    def _undo(self) -> None:
        """Take away an environment that was just made and is of no use."""
        if is_ours(self._target.path):
            remove_environment(self._target.path)

    async def _bring(self, environment: VirtualEnvironment, wanted: tuple[Wanted, ...]) -> Plan:
        plan = await self._plan(wanted, environment)
        if plan.is_empty and not has_leftovers(environment):
            # Nothing is written, in a place that may be for reading only.
            return plan
        async with hold(environment.lock):
            plan = await self._plan(wanted, environment)
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
        return is_built and not self._reading.tool.not_isolated.isdisjoint({item.name, _ALL})

    async def _obtain(self, wanted: tuple[Wanted, ...], interpreter: Interpreter) -> None:
        obtain = self._obtainer(self._toolchain.on(interpreter))
        limit = anyio.CapacityLimiter(self._means.settings.concurrent_downloads)

        async def one(item: Wanted) -> None:
            async with limit:
                if not self._builds_inside(item):
                    await obtain(item)

        async with anyio.create_task_group() as tasks:
            for item in wanted:
                tasks.start_soon(one, item)

    def _building_in(self, environment: VirtualEnvironment) -> Toolchain:
        """The tools for an environment, which is also where what is not to be isolated is built."""
        shared = None
        if self._reading.tool.not_isolated:
            shared = BuildEnvironment(python=environment.python, path=environment.scripts, isolated=False)
        return self._toolchain.on(environment.interpreter, shared)

    def _obtainer(self, toolchain: Toolchain) -> Obtainer:
        trees = {member.name: member.directory for member in self._workspace.members}
        return Obtainer(toolchain, root=self._workspace.root, trees=trees)

    def _outcome(self, interpreter: Interpreter, plan: Plan, *, created: bool) -> EnvironmentOutcome:
        return EnvironmentOutcome(
            path=self._target.path,
            python=interpreter.version,
            plan=plan,
            created=created,
            member=self._target.member,
        )

    # ---- the environment -------------------------------------------------------------------------------------

    def _existing(self) -> VirtualEnvironment | None:
        target = self._target
        wanted = needed_python(self._workspace, self._lock, target.selection)
        return existing_environment(
            self._pythons,
            target.path,
            self._workspace,
            target.member,
            wanted,
            unmanaged=self._means.settings.break_system_packages,
        )

    async def _interpreter(self) -> Interpreter:
        def look() -> Interpreter:
            selection, member = self._target.selection, self._target.member
            wanted = needed_python(self._workspace, self._lock, selection)
            members_alone = needed_python(self._workspace, self._lock, selection, tables=False)
            try:
                return new_interpreter(self._pythons, self._workspace, member, wanted)
            except NoInterpreter:
                # Where it is for the sake of an extra or a group, selecting says for which.
                if wanted == members_alone:
                    raise
                return new_interpreter(self._pythons, self._workspace, member, members_alone)

        return await anyio.to_thread.run_sync(look)

    def _create(self, interpreter: Interpreter) -> VirtualEnvironment:
        prompt = self._target.member or self._workspace.root.name
        return create_environment(self._target.path, interpreter, prompt=prompt)

    # ---- what is wanted --------------------------------------------------------------------------------------

    async def _wanted(self, interpreter: Interpreter) -> tuple[Wanted, ...]:
        chosen = select_from_lock(self._lock, interpreter.markers, self._target.selection, tags=interpreter.tags)
        plain = _not_editable(self._reading.asks)
        found = list(chosen)
        trees = {n: self._tree(one, plain) for n, one in enumerate(found) if isinstance(one.source, Member | Directory)}
        if trees:
            builder = await self._toolchain.on(interpreter).builder()
            digests = await builder.digests(
                [
                    ("editable" if one.editable else "wheel", SourceTree(path=self._place(one), name=one.name))
                    for one in trees.values()
                ]
            )
            for (number, one), digest in zip(trees.items(), digests, strict=True):
                found[number] = msgspec.structs.replace(one, digest=digest)
        return tuple(found)

    def _tree(self, wanted: Wanted, plain: frozenset[NormalizedName]) -> Wanted:
        """A source tree with its version, and as what it is installed."""
        options = self._options
        editable = (
            wanted.editable
            and wanted.name not in plain
            and not options.no_editable
            and wanted.name not in options.no_editable_packages
        )
        member = self._workspace.by_name.get(wanted.name) if isinstance(wanted.source, Member) else None
        version = (member.manifest.version or "") if member is not None else wanted.version
        return msgspec.structs.replace(wanted, editable=editable, version=version)

    def _place(self, wanted: Wanted) -> Path:
        if isinstance(wanted.source, Member):
            member = self._workspace.find(wanted.source.name)
            if member is None:
                paths = {locked.name: locked.path for locked in self._lock.members}
                raise AbsentMember(wanted.name, paths.get(wanted.source.name, ""))
            return member.directory
        assert isinstance(wanted.source, Directory), wanted
        return (self._workspace.root / wanted.source.path).resolve()

    # ---- the plan --------------------------------------------------------------------------------------------

    async def _plan(self, wanted: tuple[Wanted, ...], environment: VirtualEnvironment | None) -> Plan:
        options = self._options
        installed = await anyio.to_thread.run_sync(scan, environment) if environment is not None else ()
        locations = {
            item.name: self._place(item).as_uri() for item in wanted if isinstance(item.source, Member | Directory)
        }
        # An installation has a package manager of its own, whose packages are not ours to remove.
        exact = options.exact and not (environment is not None and environment.installation)
        plan = make_plan(
            wanted,
            installed,
            exact=exact or bool(options.uninstall),
            reinstall=frozenset((_ALL,)) if options.reinstall else frozenset(options.reinstall_packages),
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
        requested = frozenset(member.member for member in self._target.selection.members)
        settings = means.settings
        means.reporter.report(Started("install", len(plan.install)))
        obtainer = self._obtainer(self._building_in(environment))
        try:
            await apply(
                plan,
                environment,
                obtainer,
                Options(
                    link_mode=settings.link_mode or "auto",
                    compile=self._options.compile_bytecode,
                    jobs=settings.concurrent_installs,
                    obtaining=settings.concurrent_downloads,
                    requested=requested,
                    origins={name: text for name, text in origins.items() if text},
                ),
                means.reporter,
                look=obtainer.look,
            )
        finally:
            means.reporter.report(Finished("install"))


def _not_editable(asks: tuple[MemberAsks, ...]) -> frozenset[NormalizedName]:
    """Trees that a source entry says are not to be installed as editable."""
    found = set()
    for member in asks:
        for table in (member.dependencies, *member.extras.values(), *member.groups.values()):
            for ask in table:
                if ask.editable is False and isinstance(ask.source, Member | Directory):
                    found.add(ask.requirement.name)
    return frozenset(found)
