"""Questions about packages of an index on loopback, as a client would send them."""

from __future__ import annotations

from pathlib import Path

from interlock.core.lock.model import Lock
from interlock.core.members.asks import Ask, MemberAsks, Origin
from interlock.core.names import NormalizedName
from interlock.core.relock.question import Question, plain_lock
from interlock.core.requirements.parse import parse_requirement
from interlock.core.resolver.problem import Preference, Problem
from interlock.core.sources.source import Index
from interlock.service.jobs.work import Work
from interlock.service.protocol import Fact, LockRequest, digest_of, encode
from tests.index_server import IndexServer

__all__ = ["NOW", "question", "request", "work"]

NOW = 1_780_000_000.0


def question(*requires: str, old: Lock | None = None) -> Question:
    """What one member asks for; of an old lock the versions are kept."""
    app = NormalizedName("app")
    asks = tuple(
        Ask(requirement=parse_requirement(text), origin=Origin(member=app, text=text, path="app")) for text in requires
    )
    member = MemberAsks(name=app, path="app", version="1.0", requires_python=">=3.11", dependencies=asks)
    preferences: dict[NormalizedName, tuple[Preference, ...]] = {
        package.name: (Preference(package.version, package.source, package.markers),)
        for package in (old.packages if old is not None else ())
    }
    return Question(problem=Problem(members=(member,), preferences=preferences))


def request(server: IndexServer, *requires: str, old: Lock | None = None, facts: tuple[Fact, ...] = ()) -> bytes:
    return encode(
        LockRequest(
            question=question(*requires, old=old),
            indexes=(Index(name="corp", url=server.url),),
            old=digest_of(encode(plain_lock(old))) if old is not None else "",
            facts=facts,
        )
    )


def work(
    server: IndexServer, store: Path, *requires: str, old: Lock | None = None, facts: tuple[Fact, ...] = ()
) -> Work:
    return Work(
        request=request(server, *requires, old=old, facts=facts),
        store=str(store),
        now=NOW,
        indexes=(Index(name="corp", url=server.url),),
    )
