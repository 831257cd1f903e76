"""Carrying out a plan: everything is fetched and made ready beside the environment, then moved in.

Until the last wheel is there and every target is checked, nothing in the environment changes. What follows is renames.
The caller holds the environment's lock (``VirtualEnvironment.lock``) from the scan that the plan was made from.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.from_thread
import anyio.to_thread
import msgspec

from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Installed, Plan, Step, Wanted
from interlock.envs.environments import VirtualEnvironment
from interlock.errors import InstallError, IntegrityError, first_reason
from interlock.events import SILENT, Advanced, Finished, Reporter, Started, Warned
from interlock.install.conflicts import check_targets
from interlock.install.data import destination
from interlock.install.identity import is_wanted
from interlock.install.link import Linker, LinkMode, StoreDamaged
from interlock.install.other_python import UnfittingWheel, UnmetPythons
from interlock.install.stage import Notes, Staged, compile_staged, stage, write_record
from interlock.install.swap import Move, has_leftovers, move, recover, site_folders, work_folder, write_journal
from interlock.install.uninstall import Remover, installed_paths, legacy_paths, owned_paths
from interlock.store.archives import StoredWheel
from interlock.store.space import FULL, describe_disk, written_path
from interlock.store.wheels import parse_wheel_name

__all__ = [
    "Applied",
    "EnvironmentUnwritable",
    "Look",
    "Obtain",
    "Options",
    "UnfittingWheel",
    "WrongWheel",
    "apply",
]

Obtain = Callable[[Wanted], Awaitable[StoredWheel]]
Look = Callable[[Wanted], StoredWheel | None]
"""Finds what is in the store already; called in worker threads."""

_EVERYWHERE = "-py3-none-any.whl"


_NO_ROOM = "What was begun is deleted again. Free some space there, and run the command again."
_NO_RIGHT = "Close the programs that run from it, check permissions, and run the command again."


class EnvironmentUnwritable(InstallError):
    """The operating system refused a change of the environment."""

    code = "environment-unwritable"

    def __init__(self, root: Path, error: OSError) -> None:
        where = written_path(error) or str(root)
        disk = f" {describe_disk(where)}" if error.errno in FULL else ""
        super().__init__(
            f"The environment {root} cannot be changed: {(error.strerror or str(error)).lower()} ({where}).{disk}",
            hint=_NO_ROOM if error.errno in FULL else _NO_RIGHT,
            facts={"path": str(where), "errno": error.errno},
        )


class WrongWheel(IntegrityError):
    """A wheel is of another distribution than the one wanted."""

    code = "wrong-wheel"

    def __init__(self, wanted: Wanted, wheel: StoredWheel) -> None:
        super().__init__(
            f"{wheel.filename} is {wheel.project} {wheel.version}, but {wanted.name} {wanted.version} was asked for.",
            facts={"filename": wheel.filename, "wanted": f"{wanted.name} {wanted.version}"},
        )


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a plan is carried out."""

    link_mode: LinkMode = "auto"
    compile: bool = False
    """Whether modules are compiled to bytecode."""
    installer: str = "interlock"
    jobs: int = 2
    """Worker threads for linking, processes for compiling."""
    obtaining: int = 64
    """How many wheels are obtained at once."""
    requested: frozenset[NormalizedName] = frozenset()
    """Distributions that the user named, for REQUESTED."""
    origins: Mapping[NormalizedName, str] = msgspec.field(default_factory=dict)
    """``direct_url.json`` by distribution, from ``record.direct_url``; none for those from an index."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What has happened."""

    installed: tuple[Wanted, ...] = ()
    removed: tuple[Installed, ...] = ()
    files: int = 0
    """Files put into the environment."""
    link_mode: str = ""
    """How they got there in the end."""


async def apply(
    plan: Plan,
    environment: VirtualEnvironment,
    obtain: Obtain,
    options: Options | None = None,
    reporter: Reporter = SILENT,
    *,
    look: Look | None = None,
) -> Applied:
    """Make the changes of a plan. After any failure, or a kill, the environment works and another run completes it.

    Only wheels that ``look`` does not find are obtained.
    """
    return await _Transaction(plan, environment, (look, obtain), options or Options(), reporter).run()


class _Transaction:
    def __init__(
        self,
        plan: Plan,
        environment: VirtualEnvironment,
        wheels: tuple[Look | None, Obtain],
        options: Options,
        reporter: Reporter,
    ) -> None:
        self.plan = plan
        self.environment = environment
        self.look, self.obtain = wheels
        self.options = options
        self.reporter = reporter
        self.work = work_folder(environment)
        self.linker = Linker(options.link_mode)
        self.to = destination(environment)
        self.tags = frozenset(environment.interpreter.tags)
        self.unmet = UnmetPythons(environment.interpreter)

    def __repr__(self) -> str:
        return f"<Transaction {self.environment.root}: {len(self.plan.install)} in, {len(self.plan.remove)} out>"

    async def run(self) -> Applied:
        try:
            if has_leftovers(self.environment):
                await anyio.to_thread.run_sync(recover, self.environment)
            if self.plan.is_empty:
                return Applied()
            (self.work / "stage").mkdir(parents=True)
            try:
                staged = await self._prepare()
            except BaseException:
                # Nothing has been moved yet.
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(_discard, self.work)
                raise
            # From here on a cancellation waits: the rest takes milliseconds.
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._commit, staged)
        except OSError as error:
            where = written_path(error)
            if where and not Path(where).is_relative_to(self.environment.root):
                # Of the store, whose disk may be another one.
                raise
            raise EnvironmentUnwritable(self.environment.root, error) from error
        return Applied(
            installed=tuple(step.wanted for step in self.plan.install),
            removed=self.plan.remove,
            files=sum(len(one.targets) + 1 for one in staged),
            link_mode=self.linker.mode,
        )

    async def _prepare(self) -> list[Staged]:
        steps = self.plan.install
        staged: list[Staged | None] = [None] * len(steps)
        self.reporter.report(Started("install", len(steps)))
        obtaining = anyio.CapacityLimiter(max(1, self.options.obtaining))
        linking = anyio.CapacityLimiter(max(1, self.options.jobs))

        async def one(number: int, step: Step) -> None:
            async with obtaining:
                wheel = await self.obtain(step.wanted)
            staged[number] = await self._stage(number, step, wheel, linking)

        try:
            if self.look is not None:
                await self._stage_known(staged, self.look)
            async with anyio.create_task_group() as group:
                for number, step in enumerate(steps):
                    if staged[number] is None:
                        group.start_soon(one, number, step)
        except BaseExceptionGroup as failures:
            raise first_reason(failures) from None
        complete = [one for one in staged if one is not None]
        for warning in await anyio.to_thread.run_sync(check_targets, complete, self.environment, self._leaving()):
            self.reporter.report(Warned("file-conflict", warning))
        if told := self.unmet.told():
            self.reporter.report(Warned("python-upper-bound", told))
        if self.options.compile:
            await self._compile(complete, linking)
        return complete

    async def _stage_known(self, staged: list[Staged | None], look: Look) -> None:
        """Stage what is in the store, by a few threads that each take one wheel after the other.

        A hop into a thread for each of hundreds of wheels costs as much as linking their files.
        """
        steps = self.plan.install
        waiting = deque(range(len(steps)))

        def work() -> None:
            with suppress(IndexError):
                while True:
                    number = waiting.popleft()
                    anyio.from_thread.check_cancelled()
                    wheel = look(steps[number].wanted)
                    if wheel is not None:
                        # What is damaged is obtained anew, like what is not there.
                        with suppress(StoreDamaged):
                            staged[number] = self._staged(number, steps[number], wheel)

        async with anyio.create_task_group() as group:
            for _ in range(min(len(steps), max(1, self.options.jobs))):
                group.start_soon(anyio.to_thread.run_sync, work)

    def _staged(self, number: int, step: Step, wheel: StoredWheel) -> Staged:
        """Stage one wheel; blocking. Raises :class:`StoreDamaged` and leaves nothing then."""
        wanted = step.wanted
        if not is_wanted(wanted, wheel):
            raise WrongWheel(wanted, wheel)
        if not wheel.filename.endswith(_EVERYWHERE) and self.tags.isdisjoint(parse_wheel_name(wheel.filename).tags):
            raise UnfittingWheel(wheel, self.environment)
        self.unmet.look_at(wheel)
        notes = Notes(
            installer=self.options.installer,
            requested=wanted.name in self.options.requested,
            origin=self.options.origins.get(wanted.name, ""),
            digest=wanted.digest,
        )
        folder = f"{self.work}/stage/{number}"
        try:
            one = stage(wheel, wanted, notes, self.to, folder, self.linker)
        except StoreDamaged:
            _discard(Path(folder))
            raise
        if not self.options.compile:
            write_record(one)
        return one

    async def _stage(self, number: int, step: Step, wheel: StoredWheel, linking: anyio.CapacityLimiter) -> Staged:
        for attempt in range(2):
            try:
                return await anyio.to_thread.run_sync(self._staged, number, step, wheel, limiter=linking)
            except StoreDamaged as error:
                if attempt:
                    raise IntegrityError(
                        f"The store's copy of {wheel.filename} is damaged: {error.path} is missing.",
                        hint="Clear the cache.",
                    ) from error
                # Somebody deleted files of the store: the wheel is obtained anew, once.
                await anyio.to_thread.run_sync(_discard, Path(wheel.root))
                wheel = await self.obtain(step.wanted)
        raise AssertionError(step)

    async def _compile(self, staged: list[Staged], limiter: anyio.CapacityLimiter) -> None:
        """Compile modules, and write what RECORD says of them too."""
        bytecode: dict[str, list[str]] = {}
        root = "" if self.environment.relocatable else str(self.environment.root)

        async def compile_part(part: list[Staged]) -> None:
            bytecode.update(
                await anyio.to_thread.run_sync(compile_staged, part, root, self.environment.python, limiter=limiter)
            )

        async with anyio.create_task_group() as group:
            for part in _balanced(staged, max(1, self.options.jobs)):
                group.start_soon(compile_part, part)

        def write() -> None:
            for one in staged:
                write_record(one, bytecode.get(one.folder, ()))

        await anyio.to_thread.run_sync(write)

    def _leaving(self) -> list[Installed]:
        replaced = [step.replaces for step in self.plan.install if step.replaces is not None]
        return [*replaced, *self.plan.remove]

    def _commit(self, staged: list[Staged]) -> None:
        environment = self.environment
        root = str(environment.root)
        sites = site_folders(environment)
        moves: list[Move] = []
        outgoing: list[list[str]] = []
        for number, (step, one) in enumerate(zip(self.plan.install, staged, strict=True)):
            old = _metadata_folders(sites, step.replaces)
            # What lies there under the new name although the plan knows nothing of it is damaged, or just came.
            if os.path.lexists(os.path.join(root, one.dist_info)):
                old.append(os.path.join(root, one.dist_info))
            moves.append(Move(number=number, new=one.dist_info, old=_relative(old, root)))
            outgoing.append(_paths(old, step.replaces))
        for number, gone in enumerate(self.plan.remove, len(moves)):
            old = _metadata_folders(sites, gone)
            moves.append(Move(number=number, old=_relative(old, root)))
            outgoing.append(_paths(old, gone))
        leaving = {os.path.join(root, old) for change in moves for old in change.old}
        staying = owned_paths(sites, leaving) if leaving else set[str]()
        # What another distribution of this plan brings is not deleted either, whichever of the two comes first.
        arriving = {f"{root}/{target}" for one in staged for target in one.targets} if leaving else set[str]()
        write_journal(self.work, moves)
        remover = Remover(environment, staying, arriving)
        try:
            # Removals first: a file that moved from one distribution to another must not be lost.
            for change, paths in sorted(zip(moves, outgoing, strict=True), key=lambda pair: bool(pair[0].new)):
                move(change, environment, self.work, paths, remover)
                self._tell(change, staged)
        except OSError:
            with suppress(OSError):
                recover(environment)
            raise
        self.reporter.report(Finished("install"))
        shutil.rmtree(self.work)

    def _tell(self, change: Move, staged: list[Staged]) -> None:
        if change.new:
            wheel = staged[change.number].wheel
            self.reporter.report(Advanced("install", f"{wheel.name} {wheel.version}"))
        else:
            gone = self.plan.remove[change.number - len(staged)]
            self.reporter.report(Advanced("remove", f"{gone.name} {gone.version}".strip()))


def _metadata_folders(sites: tuple[str, ...], installed: Installed | None) -> list[str]:
    if installed is None:
        return []
    return [f"{site}/{installed.dist_info}" for site in sites if os.path.lexists(f"{site}/{installed.dist_info}")]


def _paths(folders: list[str], installed: Installed | None) -> list[str]:
    """Absolute paths of what goes with some metadata folders, without what is in those folders."""
    paths: list[str] = []
    for folder in dict.fromkeys(folders):
        site, _, name = folder.rpartition("/")
        listed = installed_paths(site, name) if name.endswith(".dist-info") else None
        if listed is None and installed is not None and not name.endswith(".dist-info"):
            listed = legacy_paths(site, installed)
        # Without RECORD only the metadata folder is known to be its own.
        paths += [path for path in listed or () if not path.startswith(folder + "/") and path != folder]
    return paths


def _relative(folders: list[str], root: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(os.path.relpath(folder, root).replace(os.sep, "/") for folder in folders))


def _balanced(staged: list[Staged], parts: int) -> list[list[Staged]]:
    """The distributions in so many parts of about equal work."""
    made: list[tuple[int, list[Staged]]] = [(0, []) for _ in range(parts)]
    for one in sorted(staged, key=lambda one: -one.wheel.size):
        at = min(range(parts), key=lambda index: made[index][0])
        made[at] = (made[at][0] + one.wheel.size, [*made[at][1], one])
    return [part for _, part in made if part]


def _discard(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
