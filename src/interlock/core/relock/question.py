"""What is to be locked, and what came of it, as values: whoever holds a question can answer it, wherever that is."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.resolver.indexes import Indexes
from interlock.core.resolver.notice import Notice
from interlock.core.resolver.problem import Problem

__all__ = ["Answer", "Question", "plain_lock"]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what a lock holds, besides what packages say about themselves."""

    problem: Problem
    inputs: ResolutionInputs = ResolutionInputs()
    """The settings that the lock is made with."""
    old: Lock | None = None
    """The lock there was. What it says of files that are the same is kept, and nothing is said of what it held."""
    indexes: Indexes = Indexes()
    stated: tuple[dict[str, object], ...] = ()
    """What the workspace states of packages (``dependency-metadata``), to be believed instead of what they say."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    lock: Lock
    """Without the digests of its members' inputs, which decide nothing."""
    notices: tuple[Notice, ...] = ()
    """What is odd about it, though it stands."""


def plain_lock(lock: Lock) -> Lock:
    """What of an old lock has a part in making a new one: all but the digests of what it was made from."""
    members = tuple(replace(member, inputs={}) for member in lock.members)
    return replace(lock, members=members, inputs=replace(lock.inputs, trees={}))
