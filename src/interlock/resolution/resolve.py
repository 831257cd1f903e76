"""One resolution from problem to lock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import anyio.to_thread

from interlock.core.lock.model import Lock
from interlock.core.relock.question import Answer, Question
from interlock.core.resolver.failure import Failure, no_solution
from interlock.core.resolver.indexes import Indexes
from interlock.core.resolver.placed import Locate, placed
from interlock.core.resolver.problem import Problem
from interlock.events import Reporter, Warned
from interlock.resolution.built_metadata import built_metadata
from interlock.resolution.memo import Memo, answer_or_recall, question_key
from interlock.toolchain.toolchain import Toolchain

__all__ = ["Resolve", "ResolvingHere", "indexes_of", "lock_of", "resolve", "resolve_here"]

Resolve = Callable[[Toolchain, Question], Awaitable[Answer | Failure]]
"""Whoever answers: this process, or another one that was asked."""


class ResolvingHere:
    """Answers with the tools of this command, or as before where nothing has changed since."""

    def __init__(self) -> None:
        self.is_kept = False
        """Whether the last answer is remembered: whoever sees the same pages would get it again."""

    def __repr__(self) -> str:
        return f"<ResolvingHere is_kept={self.is_kept}>"

    async def __call__(self, toolchain: Toolchain, question: Question) -> Answer | Failure:
        strategy = toolchain.means.settings.resolving.index_strategy
        memo = Memo(toolchain.layout, question_key(question, toolchain.indexes, strategy), question.problem.policy)
        build = partial(built_metadata, toolchain)
        found = await answer_or_recall(question, toolchain.client, build, toolchain.means.reporter, memo)
        self.is_kept = memo.is_kept
        return found


async def resolve_here(toolchain: Toolchain, question: Question) -> Answer | Failure:
    """The same for one question."""
    return await ResolvingHere()(toolchain, question)


async def lock_of(found: Answer | Failure, reporter: Reporter, *, locate: Locate | None = None) -> Lock:
    """The lock of an answer, once it is told what is odd about it.

    Raises :class:`~interlock.core.resolver.failure.NoSolution` where there is none. ``locate`` may read manifests.
    """
    if isinstance(found, Failure):
        raise await anyio.to_thread.run_sync(no_solution, found, locate)
    place = locate or (lambda _: "")
    said = await anyio.to_thread.run_sync(
        lambda: sorted((notice.code, placed(notice.text, place)) for notice in found.notices)
    )
    for code, message in said:
        reporter.report(Warned(code, message))
    return found.lock


async def resolve(toolchain: Toolchain, problem: Problem, *, locate: Locate | None = None) -> Lock:
    """Solve a problem that is no workspace's. ``locate`` says where a requirement is written.

    Raises :class:`~interlock.core.resolver.failure.NoSolution` and what the index and builds raise.
    """
    question = Question(
        problem=problem, indexes=indexes_of(toolchain), stated=toolchain.options.tool.dependency_metadata
    )
    return await lock_of(await resolve_here(toolchain, question), toolchain.means.reporter, locate=locate)


def indexes_of(toolchain: Toolchain) -> Indexes:
    """The indexes that a command asks, by name."""
    return Indexes(
        asked=tuple(index.name for index in toolchain.indexes if not index.explicit),
        explicit=tuple(index.name for index in toolchain.indexes if index.explicit),
        first_only=toolchain.means.settings.resolving.index_strategy == "first-index",
    )
