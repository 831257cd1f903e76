"""Making a lock by resolving: the part of ``interlock lock`` that needs an index client and a solver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio.to_thread
import msgspec

from interlock.build.environment import BuildEnvironment
from interlock.context import Context
from interlock.core.lock.model import Lock
from interlock.core.lock.moves import Moves
from interlock.core.members.narrowing import everywhere, narrow, narrow_to
from interlock.core.relock.commits import kept_commits
from interlock.core.relock.namesakes import namesakes, rename_namesakes, restore_names
from interlock.core.relock.question import Question
from interlock.core.resolver.problem import Problem
from interlock.envs.environments import VirtualEnvironment, load_environment
from interlock.errors import ResolutionError
from interlock.events import Reporter, Warned
from interlock.means import Means
from interlock.ops.envs.environments import environment_path
from interlock.ops.tools import open_toolchain, options_of
from interlock.resolution.direct import discover_direct
from interlock.resolution.dynamic import complete
from interlock.resolution.hashes import fill_hashes
from interlock.resolution.problem import is_plain, make_problem
from interlock.resolution.reading import Reading
from interlock.resolution.resolve import Resolve, ResolvingHere, indexes_of, lock_of
from interlock.resolution.without_python import refuse_without_python
from interlock.toolchain.toolchain import Toolchain
from interlock.workspace.fresh.stamp import Basis
from interlock.workspace.location import locator

if TYPE_CHECKING:
    from interlock.index.view import View

__all__ = ["Relocked", "relock"]


class Relocked(msgspec.Struct, frozen=True, kw_only=True):
    lock: Lock
    basis: Basis | None = None
    """All that it was made of besides manifests and settings; None where that was more than pages of indexes."""


async def relock(
    context: Context, reading: Reading, old: Lock | None, moves: Moves, resolve: Resolve | None = None
) -> Relocked:
    """Resolve a workspace; what ``old`` has is kept wherever it still fits.

    ``resolve`` answers what is to be solved; by default the tools opened here do.
    Raises :class:`~interlock.core.resolver.failure.NoSolution`, and what the indexes and builds raise.
    """
    workspace = reading.workspace
    base = None if moves.everything else old
    tools = options_of(workspace, reading.tool, refresh=moves.everything)
    here = ResolvingHere()
    async with open_toolchain(context, tools) as opened:
        toolchain = await _building(context.means, reading, opened)
        asks = await complete(toolchain, workspace, reading.asks)
        kept = kept_commits(base, moves.packages) if base is not None else frozenset()
        found = await discover_direct(
            toolchain,
            asks,
            root=workspace.root,
            limits=reading.limits,
            environments=reading.tool.environments,
            locked=kept,
        )
        toolchain = toolchain.asking(found.indexes)
        refuse_without_python(reading, found.members)
        beside = namesakes(found.members)
        problem = make_problem(
            reading, rename_namesakes(found.members, beside), base, moves, direct=found.direct, limits=found.limits
        )

        async def attempt(problem: Problem) -> Lock:
            question = Question(
                problem=problem,
                inputs=reading.inputs,
                old=old,
                indexes=indexes_of(toolchain),
                stated=reading.tool.dependency_metadata,
            )
            found = await (resolve or here)(toolchain, question)
            return await lock_of(found, context.means.reporter, locate=locator(workspace.root))

        made = await _where_all_run(reading, problem, attempt, context.means.reporter)
        if beside:
            made = restore_names(made, beside)
        filled = await fill_hashes(toolchain.client, made, old)
        is_kept = here.is_kept and filled is made and is_plain(reading)
        return Relocked(lock=filled, basis=_basis(toolchain.client) if is_kept else None)


def _basis(client: View) -> Basis:
    return Basis(pages=tuple(client.page_files), until=client.fresh_until)


async def _where_all_run(
    reading: Reading, problem: Problem, attempt: Callable[[Problem], Awaitable[Lock]], reporter: Reporter
) -> Lock:
    """Resolve, and what cannot be had on a Python that some members do not run on anyway, without that Python.

    So is meant what a virtual root asks for, which has no range of its own, and all of a workspace of uv's, which locks
    for the Pythons that all members share.
    """
    everyone = reading.workspace.manifest.dialect == "uv"
    while True:
        try:
            return await attempt(problem)
        except ResolutionError as error:
            tables = _tables_without_python(error)
            shared = everywhere(problem.members)
            members = [
                narrow_to(shared, member, tables.get(member.name, ())) if everyone or not member.name else member
                for member in problem.members
            ]
            if not shared or members == list(problem.members):
                raise
            for before, member in zip(problem.members, members, strict=True):
                if before != member:
                    text = f"{error.message.splitlines()[0]} Locked for Python {shared} only, where all members run."
                    reporter.report(Warned("narrowed-python", text))
            problem = msgspec.structs.replace(problem, members=narrow(members, problem.environments).members)


def _tables_without_python(error: ResolutionError) -> dict[str, list[str]]:
    """By member: the tables that ask for what some Python cannot have, if that is what is wrong."""
    found: dict[str, list[str]] = {}
    ruled_out, needs = error.facts.get("ruled-out"), error.facts.get("requirements")
    if isinstance(ruled_out, list) and any(ruling["reason"] == "python" for ruling in ruled_out):
        for need in needs if isinstance(needs, list) else ():
            found.setdefault(need["member"], []).append(need["table"])
    return found


async def _building(means: Means, reading: Reading, toolchain: Toolchain) -> Toolchain:
    """Ask backends that are not to be isolated in the environment of the workspace, when there is one."""
    if not reading.tool.not_isolated:
        return toolchain

    def find() -> VirtualEnvironment | None:
        path = environment_path(means, reading.workspace)
        return load_environment(path, means.interpreters)

    found = await anyio.to_thread.run_sync(find)
    if found is None:
        return toolchain
    shared = BuildEnvironment(python=found.python, path=found.scripts, isolated=False)
    return toolchain.on(await toolchain.interpreter(), shared)
