"""Solving a question: the solver fed with what indexes and builds tell, and its outcome as an answer."""

from __future__ import annotations

from functools import partial

import anyio.to_thread

from interlock.core.metadata.stated import StatedMetadata
from interlock.core.relock.assemble import assemble
from interlock.core.relock.question import Answer, Question
from interlock.core.resolver.conflicting_dependency import in_failure
from interlock.core.resolver.facts import Facts
from interlock.core.resolver.failure import Failure
from interlock.core.resolver.notices import notices
from interlock.core.resolver.old_picks import old_picks
from interlock.core.resolver.outcome import Solved, Unsolvable
from interlock.core.resolver.resolver import Resolver
from interlock.events import Finished, Reporter, Started
from interlock.resolution.driver import BuildMetadata, FactsDriver, Index
from interlock.resolution.stated_index import StatedIndex

__all__ = ["answer", "solve"]


async def answer(question: Question, index: Index, build: BuildMetadata, reporter: Reporter) -> Answer | Failure:
    """Solve a problem and write the answer down.

    Raises :class:`~interlock.core.resolver.conflicting_dependency.ConflictingDependency` and what the index and builds
    raise.
    """
    resolver = Resolver(question.problem, Facts())
    stated = StatedIndex(index, StatedMetadata(question.stated))
    outcome = await solve(resolver, stated, build, reporter)
    if not isinstance(outcome, Solved):
        from interlock.core.resolver.report import explain  # noqa: PLC0415

        refusal = in_failure(resolver, outcome)
        if refusal is not None:
            raise refusal
        return await anyio.to_thread.run_sync(partial(explain, resolver, outcome, question.indexes))
    old = question.old
    before = frozenset((package.name, package.version) for package in (old.packages if old is not None else ()))
    return Answer(
        lock=assemble(resolver, outcome.forks, inputs=question.inputs, old=old),
        notices=(*notices(resolver, outcome.forks), *old_picks(resolver, outcome.forks, before)),
    )


async def solve(resolver: Resolver, index: Index, build: BuildMetadata, reporter: Reporter) -> Solved | Unsolvable:
    """Drive a resolver to its outcome. Raises what the index and builds raise."""
    driver = FactsDriver(resolver, index, build, reporter=reporter)
    reporter.report(Started("resolve"))
    try:
        return await driver.run()
    finally:
        reporter.report(Finished("resolve"))
