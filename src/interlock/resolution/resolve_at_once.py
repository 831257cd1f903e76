"""A resolution of the little that is new, where the rest is known: taken only when nothing has to be tried twice."""

from __future__ import annotations

from functools import partial

from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.relock.assemble import assemble
from interlock.core.resolver.facts import Facts
from interlock.core.resolver.notices import notices
from interlock.core.resolver.old_picks import old_picks
from interlock.core.resolver.outcome import Solved
from interlock.core.resolver.problem import Problem
from interlock.core.resolver.resolver import Resolver
from interlock.resolution.answer import solve
from interlock.resolution.built_metadata import built_metadata
from interlock.resolution.stated_index import StatedIndex, stated_metadata
from interlock.toolchain.toolchain import Toolchain

__all__ = ["resolve_at_once"]


async def resolve_at_once(toolchain: Toolchain, problem: Problem, facts: Facts) -> Lock | None:
    """The lock from facts that are known, and only where everything that is tried first will do."""
    resolver = Resolver(problem, facts)
    index = StatedIndex(toolchain.client, stated_metadata(toolchain))
    outcome = await solve(resolver, index, partial(built_metadata, toolchain), toolchain.means.reporter)
    if not isinstance(outcome, Solved) or resolver.setbacks:
        return None
    if notices(resolver, outcome.forks) or old_picks(resolver, outcome.forks):
        return None
    return assemble(resolver, outcome.forks, inputs=ResolutionInputs())
