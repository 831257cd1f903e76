"""``interlock deploy``: an environment for some members that needs neither the workspace nor the store any more.

Members are installed as copies, everything is compiled, and nothing in it says where it was made, so that it may be
moved. The interpreter is not in it: it has to be at the same place where the environment is used.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.envs.environments import NotOurs, create_environment, is_ours
from interlock.ops.envs.environments import with_environment
from interlock.ops.locking.locked_workspace import locked_workspace
from interlock.ops.syncing.sync import sync
from interlock.ops.syncing.sync_options import SyncOptions
from interlock.toolchain.environment import needed_python
from interlock.toolchain.python import choose_interpreter, pythons_of
from interlock.workspace.output import made_beside, put_output
from interlock.workspace.selection import locked_extras, select

__all__ = ["DeployOptions", "DeployOutcome", "deploy"]

_NOT_SHIPPED = (".interlock", ".gitignore", "CACHEDIR.TAG")
"""What an environment has for us and for tools that look at a checkout."""


class DeployOptions(msgspec.Struct, frozen=True, kw_only=True):
    output: str
    """Relative to the working directory."""
    sync: SyncOptions


class DeployOutcome(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    python: str
    packages: int


async def deploy(context: Context, options: DeployOptions) -> DeployOutcome:
    """Make the environment beside its place and put it there at once; one of ours that is there is replaced.

    Raises :class:`NotOurs` for anything else that is there, and :class:`LockOutdated` for a lock that is not fresh.
    """
    output = context.place.path(options.output)
    async with made_beside(output) as passing:
        await anyio.to_thread.run_sync(_check, output)
        return await _deploy(context, options, output, passing)


async def _deploy(context: Context, options: DeployOptions, output: Path, passing: Path) -> DeployOutcome:
    wanted = msgspec.structs.replace(options.sync, exact=True, no_editable=True, locked=not options.sync.frozen)
    found = await locked_workspace(context, frozen=wanted.frozen, locked=wanted.locked, selection=wanted.selection)
    workspace, here = found.reading.workspace, found.context
    selection = select(workspace, wanted.selection, absent=found.reading.absent, extras=locked_extras(found.lock))
    names = [part.member for part in selection.members if part.project]

    def make() -> None:
        interpreter = choose_interpreter(
            pythons_of(here.means, here.place.start),
            start=here.place.start,
            root=workspace.root,
            requires_python=needed_python(workspace, found.lock, selection),
        )
        passing.parent.mkdir(parents=True, exist_ok=True)
        create_environment(passing, interpreter, prompt=names[0] if names else output.name, relocatable=True)

    await anyio.to_thread.run_sync(make)
    outcome = await sync(with_environment(_copying(context), passing), wanted)
    await anyio.to_thread.run_sync(_put, passing, output)
    made = outcome.environments[0]
    return DeployOutcome(path=output, python=made.python, packages=len(made.plan.install))


def _copying(context: Context) -> Context:
    """Files are the environment's own unless asked otherwise: it goes where the store is not."""
    return context.asking(link_mode=context.flags.link_mode or "copy")


def _check(output: Path) -> None:
    if output.exists() and not is_ours(output) and not (output.is_dir() and not any(output.iterdir())):
        raise NotOurs(output, "it is no environment that Interlock made")


def _put(made: Path, output: Path) -> None:
    for name in _NOT_SHIPPED:
        place = made / name
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    put_output(output)
