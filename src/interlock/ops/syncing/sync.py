"""``interlock sync`` and ``interlock install``: environments made to hold what the lock wants."""

from __future__ import annotations

import anyio.to_thread

from interlock.context import Context
from interlock.core.plan.plan import Plan, Wanted
from interlock.envs.environments import VirtualEnvironment, create_environment, is_ours, remove_environment
from interlock.envs.interpreters import Interpreter
from interlock.ops.locking.locked_workspace import LockedWorkspace, locked_workspace
from interlock.ops.stamps import stamps_of
from interlock.ops.syncing.filling import Filling
from interlock.ops.syncing.sync_options import EnvironmentOutcome, SyncOptions, SyncOutcome
from interlock.ops.syncing.sync_targets import Target, targets_of
from interlock.ops.syncing.target_python import target_python
from interlock.ops.syncing.wanted import wanted_in
from interlock.ops.tools import open_toolchain, options_of
from interlock.resolution.external_indexes import asking_external_indexes
from interlock.store.locks import hold
from interlock.store.usage import using
from interlock.toolchain.environment import existing_environment, needed_python
from interlock.toolchain.python import pythons_of
from interlock.toolchain.toolchain import Toolchain
from interlock.workspace.fresh.environments import stamp_in_sync
from interlock.workspace.fresh.unchanged import ALL_IN_SYNC, IN_SYNC
from interlock.workspace.guards import environment_guard
from interlock.workspace.selection import SelectionFlags

__all__ = ["sync"]

_QUESTIONS = {IN_SYNC: SelectionFlags(), ALL_IN_SYNC: SelectionFlags(all_packages=True)}


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
            for target in targets_of(found, options):
                work = _Sync(found, options, target, toolchain)
                environments.append(await (work.run() if may_write else work.look()))
    return SyncOutcome(environments=tuple(environments), applied=may_write, lock=found.made)


class _Sync:
    """The sync of one environment."""

    def __init__(self, found: LockedWorkspace, options: SyncOptions, target: Target, toolchain: Toolchain) -> None:
        self._found = found
        self._workspace = found.reading.workspace
        self._lock = found.lock
        self._options = options
        self._target = target
        self._toolchain = toolchain
        self._filling = Filling(found, options, target.selection, toolchain)
        self._pythons = pythons_of(found.context.means, found.context.place.start)

    async def look(self) -> EnvironmentOutcome:
        """What would be done."""
        environment = await anyio.to_thread.run_sync(self._existing)
        interpreter = environment.interpreter if environment is not None else await self._interpreter()
        wanted = await self._wanted(interpreter)
        return self._outcome(interpreter, await self._filling.plan(wanted, environment), created=environment is None)

    async def run(self) -> EnvironmentOutcome:
        async with hold(environment_guard(self._target.path), passing=True):
            environment = await anyio.to_thread.run_sync(self._existing)
            created = environment is None
            # What is wanted is decided first, so that a selection that cannot be leaves no empty environment behind.
            interpreter = environment.interpreter if environment is not None else await self._interpreter()
            wanted = await self._wanted(interpreter)
            if created and self._target.path.exists():
                # The one that is there is kept until everything for the new one is here.
                await self._filling.obtain(wanted, interpreter)
            try:
                if environment is None:
                    environment = await anyio.to_thread.run_sync(self._create, interpreter)
                plan = await self._filling.bring(environment, wanted)
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
            if self._options == plain and self._target.member is None and not self._found.reading.absent:
                stamps = stamps_of(self._found.context)
                stamp_in_sync(stamps, self._workspace, environment, wanted, kept=kept, question=question)

    def _undo(self) -> None:
        """Take away an environment that was just made and is of no use."""
        if is_ours(self._target.path):
            remove_environment(self._target.path)

    def _outcome(self, interpreter: Interpreter, plan: Plan, *, created: bool) -> EnvironmentOutcome:
        return EnvironmentOutcome(
            path=self._target.path,
            python=interpreter.version,
            plan=plan,
            created=created,
            member=self._target.member,
        )

    async def _wanted(self, interpreter: Interpreter) -> tuple[Wanted, ...]:
        return await wanted_in(self._found, self._options, self._target.selection, self._toolchain.on(interpreter))

    def _existing(self) -> VirtualEnvironment | None:
        target = self._target
        wanted = needed_python(self._workspace, self._lock, target.selection)
        return existing_environment(
            self._pythons,
            target.path,
            self._workspace,
            target.member,
            wanted,
            unmanaged=self._found.context.means.settings.break_system_packages,
        )

    async def _interpreter(self) -> Interpreter:
        return await anyio.to_thread.run_sync(target_python, self._found, self._target, self._pythons)

    def _create(self, interpreter: Interpreter) -> VirtualEnvironment:
        prompt = self._target.member or self._workspace.root.name
        return create_environment(self._target.path, interpreter, prompt=prompt)
