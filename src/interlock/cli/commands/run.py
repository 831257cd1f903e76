"""``interlock run``."""

from __future__ import annotations

import os
import sys

import anyio.to_thread
import msgspec

from interlock.cli.call import BadValue, Call
from interlock.cli.installing import sync_options
from interlock.cli.loading import load
from interlock.ops.running.run import RunOptions
from interlock.ops.running.run import run as run_program
from interlock.ops.running.run_members import MemberRun, RecursiveOptions, run_members
from interlock.workspace.discovery import discover
from interlock.workspace.tasks import tasks_of

__all__ = ["run"]


async def run(call: Call) -> int:
    if call.given("list"):
        return _list(call)
    if not call.rest:
        raise BadValue("There is nothing to run.", hint="Name a program: `interlock run python`; tasks: --list.")
    recursive = call.given("recursive") or bool(call.text("affected"))
    options = RunOptions(
        command=call.rest,
        module=call.given("module"),
        sync=sync_options(call, exact=call.given("exact"), everyone=recursive),
        no_sync=call.flag("no_sync"),
        env_files=tuple(call.values.env_file),
        with_packages=tuple(call.values.with_packages),
        isolated=call.given("isolated"),
        script=call.given("script"),
        program=await _read_program(call, recursive=recursive),
    )
    if call.text("affected"):
        selection = await load("interlock.cli.narrowing").only_affected(call, options.sync.selection)
        if selection is None:
            return _show_runs(call, options, ())
        options = msgspec.structs.replace(options, sync=msgspec.structs.replace(options.sync, selection=selection))
    if recursive:
        return await _run_members(call, options)
    outcome = await run_program(call.context, options)
    if outcome.interrupted:
        call.terminal.interrupted()
    return outcome.exit_code


async def _read_program(call: Call, *, recursive: bool) -> bytes | None:
    """What is to be run where that is ``-``. On a terminal it is typed to the interpreter itself."""
    if call.rest[0] != "-" or call.given("module"):
        return None
    if recursive:
        raise BadValue("`-` is one program for one environment.", hint="Name a file or a command.")
    if sys.stdin is None or sys.stdin.isatty():
        return None
    return await anyio.to_thread.run_sync(sys.stdin.buffer.read)


async def _run_members(call: Call, options: RunOptions) -> int:
    jobs = call.values.jobs or (1 if call.given("serial") else os.cpu_count() or 1)
    recursive = RecursiveOptions(
        run=options, jobs=jobs, keep_going=call.given("keep_going"), prefix=not call.given("no_prefix")
    )
    write = call.terminal.say if call.json else call.terminal.data
    return _show_runs(call, options, await run_members(call.context, recursive, write))


def _show_runs(call: Call, options: RunOptions, results: tuple[MemberRun, ...]) -> int:
    failed = [result for result in results if result.status == "failed"]
    if call.json:
        call.document({"command": options.command, "results": results})
    else:
        count = {
            status: sum(result.status == status for result in results) for status in ("passed", "failed", "skipped")
        }
        call.terminal.say(
            ", ".join(f"{number} {status}" for status, number in count.items() if number) or "Nothing ran."
        )
        for result in failed:
            call.terminal.say(f"{result.member} failed with exit code {result.code}.")
    if any(result.interrupted for result in results):
        call.terminal.interrupted()
    return next((result.code for result in (*failed, *results) if result.code), 0)


def _list(call: Call) -> int:
    workspace = discover(call.context.place.start, layout=call.context.means.layout)
    name = call.names("package")[0] if call.names("package") else workspace.current
    manifest = workspace.member(name).manifest if name is not None else workspace.manifest
    tasks = tasks_of(workspace, manifest)
    if call.json:
        call.document({"tasks": list(tasks.values()), "scripts": manifest.scripts})
        return 0
    width = max(map(len, (*tasks, *manifest.scripts)), default=0)
    for task in tasks.values():
        call.terminal.data(f"{task.name:<{width}}  {task.help or ' '.join(task.words)}")
    for script, target in manifest.scripts.items():
        call.terminal.data(f"{script:<{width}}  {target}")
    return 0
