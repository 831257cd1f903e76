"""What a service answers is looked at before it is believed: like any lock that is read, and for being to the point."""

from __future__ import annotations

from msgspec.structs import replace

from interlock.core.lock.codec import encode_lock
from interlock.core.lock.graph import Graph
from interlock.core.lock.model import Lock
from interlock.core.relock.question import Question
from interlock.core.sources.source import Member, Registry, Source
from interlock.errors import InterlockError
from interlock.workspace.lockfile import read_lock

__all__ = ["BadAnswer", "checked"]

_ANY_HASH = "0" * 64


class BadAnswer(Exception):
    """A lock that is not what was asked for; says why."""


def checked(question: Question, lock: Lock) -> None:
    """Raises :class:`BadAnswer` for a lock that contradicts itself or does not belong to the question."""
    try:
        again = read_lock(encode_lock(_with_hashes(lock)), "the lock")
        _follow(again)
    except InterlockError as error:
        raise BadAnswer(error.message.splitlines()[0].rstrip(".")) from error
    if _members(question) != tuple(
        (member.name, member.path, member.package, *member.pythons, set(member.extras), set(member.groups))
        for member in lock.members
    ):
        raise BadAnswer("it is about other members")
    if lock.inputs != question.inputs:
        raise BadAnswer("it was made with other settings")
    strange = next((package for package in lock.packages if not _is_meant(package.source, question)), None)
    if strange is not None:
        raise BadAnswer(f"it takes {strange.name} from where nobody said")


def _with_hashes(lock: Lock) -> Lock:
    """Files whose index tells no hash get theirs later."""
    packages = tuple(
        replace(package, artifacts=tuple(replace(file, sha256=file.sha256 or _ANY_HASH) for file in package.artifacts))
        for package in lock.packages
    )
    return replace(lock, packages=packages)


def _follow(lock: Lock) -> None:
    """Every edge leads to a package or a member; raises :class:`~interlock.core.lock.codec.LockCorrupt`."""
    graph = Graph(lock)
    for target in graph.targets():
        for edge in target.every():
            graph.target(edge)


def _members(question: Question) -> tuple[object, ...]:
    return tuple(
        (member.name, member.path, member.package, *member.pythons, set(member.extras), set(member.groups))
        for member in question.problem.members
    )


def _is_meant(source: Source, question: Question) -> bool:
    if isinstance(source, Registry):
        return source.index in {*question.indexes.asked, *question.indexes.explicit}
    if isinstance(source, Member):
        return False
    return any(package.source == source for package in question.problem.direct)
