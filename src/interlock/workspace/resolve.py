"""One resolution from problem to lock, over the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import anyio.to_thread

from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.members.asks import Origin
from interlock.core.names import NormalizedName
from interlock.core.relock.assemble import assemble
from interlock.core.resolver.conflicting_dependency import in_failure
from interlock.core.resolver.facts import Facts
from interlock.core.resolver.notices import notices
from interlock.core.resolver.old_picks import old_picks
from interlock.core.resolver.outcome import Solved, Unsolvable
from interlock.core.resolver.problem import Problem
from interlock.core.resolver.resolver import Resolver
from interlock.events import Finished, Started, Warned
from interlock.workspace.built_metadata import built_metadata
from interlock.workspace.facts import FactsDriver
from interlock.workspace.stated_index import StatedIndex, stated_metadata
from interlock.workspace.toolchain import Toolchain

__all__ = ["resolve", "resolve_at_once"]


async def resolve(
    toolchain: Toolchain,
    problem: Problem,
    *,
    inputs: ResolutionInputs | None = None,
    digests: Mapping[NormalizedName, Mapping[str, str]] | None = None,
    old: Lock | None = None,
    locate: Callable[[Origin], str] | None = None,
) -> Lock:
    """Solve a problem and write the answer down as a lock. ``locate`` says where a requirement is written.

    Raises :class:`~interlock.core.resolver.report.NoSolution` and what the index and builds raise.
    """
    resolver = Resolver(problem, Facts())
    outcome = await _solve(toolchain, resolver)
    if not isinstance(outcome, Solved):
        from interlock.core.resolver.report import Indexes, no_solution  # noqa: PLC0415

        refusal = in_failure(resolver, outcome)
        if refusal is not None:
            raise refusal
        settings = toolchain.context.settings
        indexes = Indexes(
            asked=tuple(index.name for index in settings.indexes if not index.explicit),
            explicit=tuple(index.name for index in settings.indexes if index.explicit),
            first_only=settings.index_strategy == "first-index",
        )
        raise await anyio.to_thread.run_sync(partial(no_solution, resolver, outcome, locate, indexes=indexes))
    _report_notices(toolchain, resolver, outcome, old, locate)
    return assemble(resolver, outcome.forks, inputs=inputs or ResolutionInputs(), digests=digests or {}, old=old)


async def resolve_at_once(toolchain: Toolchain, problem: Problem, facts: Facts) -> Lock | None:
    """The same from facts that are known, and only where everything that is tried first will do."""
    resolver = Resolver(problem, facts)
    outcome = await _solve(toolchain, resolver)
    if not isinstance(outcome, Solved) or resolver.setbacks:
        return None
    if notices(resolver, outcome.forks) or old_picks(resolver, outcome.forks):
        return None
    return assemble(resolver, outcome.forks, inputs=ResolutionInputs(), digests={})


def _report_notices(
    toolchain: Toolchain,
    resolver: Resolver,
    outcome: Solved,
    old: Lock | None,
    locate: Callable[[Origin], str] | None,
) -> None:
    before = frozenset((package.name, package.version) for package in (old.packages if old is not None else ()))
    for notice in (*notices(resolver, outcome.forks), *old_picks(resolver, outcome.forks, before, locate)):
        toolchain.context.reporter.report(Warned(notice.code, notice.message))


async def _solve(toolchain: Toolchain, resolver: Resolver) -> Solved | Unsolvable:
    reporter = toolchain.context.reporter
    index = StatedIndex(toolchain.client, stated_metadata(toolchain))
    driver = FactsDriver(resolver, index, partial(built_metadata, toolchain), reporter=reporter)
    reporter.report(Started("resolve"))
    try:
        return await driver.run()
    finally:
        reporter.report(Finished("resolve"))
