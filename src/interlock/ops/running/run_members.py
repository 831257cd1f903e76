"""``interlock run -r``: a task or program in many members, those first that others need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import anyio
import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.manifests.tasks import Step, expand
from interlock.core.names import NormalizedName
from interlock.ops.running.child import Children, exit_code, read_lines
from interlock.ops.running.run import RunOptions, Runtime, child_environ, entered, step_line
from interlock.ops.syncing.sync import sync
from interlock.workspace.discovery import discover
from interlock.workspace.graph import BUILD_ORDER, member_graph
from interlock.workspace.members import Member, Workspace
from interlock.workspace.selection import select
from interlock.workspace.tasks import tasks_of

__all__ = ["MemberRun", "RecursiveOptions", "run_members"]


class RecursiveOptions(msgspec.Struct, frozen=True, kw_only=True):
    run: RunOptions
    jobs: int = 1
    keep_going: bool = False
    prefix: bool = True


class MemberRun(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one member."""

    member: NormalizedName
    status: Literal["passed", "failed", "skipped"]
    """Skipped because of a failure before it."""
    code: int = 0
    """Of a skipped one 128 plus the number of the signal that asked for an end, where one did."""
    seconds: float = 0.0
    interrupted: bool = False
    """Whether a signal to us ended it or kept it from being started."""


async def run_members(
    context: Context, options: RecursiveOptions, write: Callable[[str], None]
) -> tuple[MemberRun, ...]:
    """Run in every selected member that has the task; a program that is no task runs in all of them.

    ``write`` takes the lines that the programs print, whole and with the member's name in front.
    """
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    chosen = {part.member for part in select(workspace, options.run.sync.selection).members}
    planned = _planned(workspace, chosen, options.run.command)
    graph = member_graph(workspace)
    done: dict[NormalizedName, anyio.Event] = {name: anyio.Event() for name in planned}
    results: dict[NormalizedName, MemberRun] = {}
    stopped = anyio.Event()
    async with (
        _runtimes(context, workspace, options.run, tuple(planned)) as runtimes,
        Children(_inherited(runtimes)) as children,
    ):
        limiter = anyio.CapacityLimiter(max(1, options.jobs))
        width = max(map(len, planned), default=0)

        async def one(member: Member, steps: tuple[Step, ...]) -> None:
            before = [name for name in graph.dependencies_of((member.name,), BUILD_ORDER) if name in done]
            for name in before:
                if name != member.name:
                    await done[name].wait()
            async with limiter:
                if children.stopped:
                    code = 128 + children.stopped
                    results[member.name] = MemberRun(member=member.name, status="skipped", code=code, interrupted=True)
                elif stopped.is_set() and not options.keep_going:
                    results[member.name] = MemberRun(member=member.name, status="skipped")
                else:
                    say = (lambda line: write(f"[{member.name:<{width}}] {line}")) if options.prefix else write
                    runtime = runtimes[member.name]
                    environ = child_environ(context, runtime, options.run.env_files)
                    results[member.name] = await _Run(children, runtime, environ, say).run(member, steps)
                    if results[member.name].code:
                        stopped.set()
            done[member.name].set()

        async with anyio.create_task_group() as tasks:
            for name in _order(workspace, planned):
                tasks.start_soon(one, workspace.by_name[name], planned[name])
    return tuple(results[name] for name in sorted(results))


@asynccontextmanager
async def _runtimes(
    context: Context, workspace: Workspace, options: RunOptions, members: tuple[NormalizedName, ...]
) -> AsyncIterator[dict[NormalizedName, Runtime]]:
    """Where each member runs: in the environment of all that is selected, or in its own where every member has one."""
    if options.isolated or context.within(workspace.settings).means.settings.env != "member":
        async with entered(context, options) as runtime:
            yield dict.fromkeys(members, runtime)
        return
    if not options.no_sync:
        await sync(context, options.sync)
    async with AsyncExitStack() as stack:
        found = {}
        for name in members:
            alone = msgspec.structs.replace(
                options.sync, selection=msgspec.structs.replace(options.sync.selection, packages=(name,))
            )
            one = msgspec.structs.replace(options, no_sync=True, sync=alone)
            found[name] = await stack.enter_async_context(entered(context, one))
        yield found


def _inherited(runtimes: dict[NormalizedName, Runtime]) -> tuple[int, ...]:
    return tuple(sorted({number for runtime in runtimes.values() for number in runtime.inherited}))


def _planned(
    workspace: Workspace, chosen: set[NormalizedName], command: tuple[str, ...]
) -> dict[NormalizedName, tuple[Step, ...]]:
    name, *arguments = command
    everywhere = {member.name: tasks_of(workspace, member.manifest) for member in workspace.members}
    is_task = any(name in tasks for tasks in everywhere.values())
    found: dict[NormalizedName, tuple[Step, ...]] = {}
    for member in workspace.members:
        if member.name not in chosen:
            continue
        tasks = everywhere[member.name]
        if name in tasks:
            found[member.name] = expand(name, tasks, tuple(arguments))
        elif not is_task:
            found[member.name] = (Step(words=command),)
    return found


def _order(workspace: Workspace, planned: dict[NormalizedName, tuple[Step, ...]]) -> list[NormalizedName]:
    return [name for name in member_graph(workspace).order(BUILD_ORDER) if name in planned]


class _Run:
    """The run in one member."""

    def __init__(
        self, children: Children, runtime: Runtime, environ: dict[str, str], say: Callable[[str], None]
    ) -> None:
        self._children = children
        self._runtime = runtime
        self._environ = environ
        self._say = say

    async def run(self, member: Member, steps: tuple[Step, ...]) -> MemberRun:
        begin = anyio.current_time()
        code = 0
        for step in steps:
            cwd = Path(os.path.join(member.directory, step.cwd))
            line = step_line(self._runtime, step, self._environ, cwd)
            code = await self._capture(line, {**self._environ, **step.env}, cwd)
            if code:
                break
        return MemberRun(
            member=member.name,
            status="failed" if code else "passed",
            code=code,
            seconds=round(anyio.current_time() - begin, 3),
            interrupted=self._children.ended_with(code),
        )

    async def _capture(self, command: list[str], environ: dict[str, str], cwd: Path) -> int:
        """Run a program and pass its lines on, those of stderr among them, in the order they come."""
        if self._children.stopped:
            return 128 + self._children.stopped
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        async with self._children.started(command, environ, cwd, **streams) as process:
            async for line in read_lines(process):
                self._say(line)
            return await exit_code(process)
