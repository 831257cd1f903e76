"""Asking a service for a lock, and doing without it.

A service is never required: whatever goes wrong with it, the command answers its question itself, with one warning, and
asks nobody again in the same run.
"""

from __future__ import annotations

import gzip
from functools import partial

import anyio
import msgspec
from msgspec.structs import replace

from interlock.core.relock.question import Answer, Question, plain_lock
from interlock.core.resolver.failure import Failure
from interlock.core.resolver.problem import Problem
from interlock.core.sources.addresses import parts_of
from interlock.core.sources.source import Index, Registry
from interlock.events import Warned
from interlock.index.fetcher import FetchFailed, Response
from interlock.index.outcomes import Unavailable
from interlock.index.transport import open_poster
from interlock.means import Means
from interlock.resolution.built_metadata import built_metadata
from interlock.resolution.resolve import resolve_here
from interlock.service.checked import BadAnswer, checked
from interlock.service.connection import MOST_WAITS, Connection, Unusable, patience, refusal, said
from interlock.service.frames import FrameReader, NoFrame
from interlock.service.protocol import (
    LOCKS,
    NDJSON,
    SILENCE,
    Conflict,
    Done,
    Envelope,
    Fact,
    Failed,
    Frame,
    LockRequest,
    Needed,
    Needs,
    Unchanged,
    digest_of,
    encode,
)
from interlock.service.remote_error import revived
from interlock.toolchain.toolchain import Toolchain

__all__ = ["RemoteResolver"]

_MOST_BYTES = 256 * 1024 * 1024
"""Of an answer."""
_MOST_ROUNDS = 20
"""How often one question is asked with more facts."""


class RemoteResolver:
    """A :data:`~interlock.resolution.resolve.Resolve` that has a service answer, or else answers itself."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._service = means.settings.service

    def __repr__(self) -> str:
        return f"<RemoteResolver {self._service.url}>"

    async def __call__(self, toolchain: Toolchain, question: Question) -> Answer | Failure:
        url, gone = self._service.url, self._means.gone
        indexes = _indexes(toolchain, question.problem)
        if url in gone or indexes is None:
            return await resolve_here(toolchain, question)
        try:
            return await self._answer(toolchain, question, indexes)
        except Unusable as error:
            gone.add(url)
            self._means.reporter.report(
                Warned("service-unused", f"The service {url} was not used: {error}. It was resolved here instead.")
            )
            return await resolve_here(toolchain, question)

    async def _answer(self, toolchain: Toolchain, question: Question, indexes: tuple[Index, ...]) -> Answer | Failure:
        old = plain_lock(question.old) if question.old is not None else None
        known = encode(old) if old is not None else b""
        question = replace(question, old=None, inputs=replace(question.inputs, trees={}))
        request = LockRequest(
            question=question,
            indexes=indexes,
            strategy=toolchain.means.settings.resolving.index_strategy,
            old=digest_of(known) if known else "",
        )
        sent = b"null"
        for _ in range(_MOST_ROUNDS):
            envelope = Envelope(request=msgspec.Raw(encode(request)), old=msgspec.Raw(sent))
            match await self._ask(envelope):
                case Done(answer):
                    return _believed(question, answer)
                case Unchanged(notices) if old is not None:
                    return Answer(lock=replace(old, inputs=question.inputs), notices=notices)
                case Conflict(failure, None) if failure is not None:
                    return failure
                case Conflict(_, error) if error is not None:
                    raise revived(error)
                case Needs(old=True) if known and sent != known:
                    sent = known
                case Needs(builds) if builds:
                    facts = await _build(toolchain, builds)
                    request = replace(request, facts=(*request.facts, *facts))
                case Failed(error):
                    raise Unusable(f"it failed ({said(error.message)})")
                case _:
                    raise Unusable("its answer makes no sense")
        raise Unusable("it asked for more and more")

    async def _ask(self, envelope: Envelope) -> Frame:
        for _ in range(MOST_WAITS):
            response, last = await self._post(envelope)
            if response.status == 200:
                if last is None:
                    raise Unusable("its answer broke off")
                return last
            if response.status != 429:
                raise Unusable(refusal(response))
            await anyio.sleep(patience(response))
        raise Unusable("it is busy")

    async def _post(self, envelope: Envelope) -> tuple[Response, Frame | None]:
        connection = Connection(self._means)
        body = gzip.compress(msgspec.json.encode(envelope), compresslevel=3, mtime=0)
        headers = {
            "accept": NDJSON,
            "content-type": "application/json",
            "content-encoding": "gzip",
            **connection.login,
        }
        poster, reader = open_poster(connection.options), FrameReader(self._means.reporter)
        response, why = None, ""
        async with anyio.create_task_group() as tasks:

            async def listen() -> None:
                await reader.silence()
                tasks.cancel_scope.cancel()

            tasks.start_soon(listen)
            try:
                response = await poster.post(f"{connection.base}{LOCKS}", headers, body, reader, most=_MOST_BYTES)
            except FetchFailed as error:
                why = error.reason
            except NoFrame:
                why = "its answer cannot be read"
            finally:
                with anyio.CancelScope(shield=True):
                    await poster.close()
            tasks.cancel_scope.cancel()
        if response is not None:
            return response, reader.last
        silence = f"said nothing for {SILENCE:.0f} seconds" if reader.began else "did not answer within a second"
        raise Unusable(why or f"it {silence}")


def _indexes(toolchain: Toolchain, problem: Problem) -> tuple[Index, ...] | None:
    """The indexes that are asked for anything; None when one is only here, so that nobody else can ask it."""
    found = []
    pinned = _pinned(problem)
    searched = toolchain.means.settings.resolving.indexes
    for index in toolchain.indexes:
        is_explicit = index.explicit or index not in searched
        if is_explicit and index.name not in pinned:
            continue
        if index.flat or (index.url and parts_of(index.url).scheme not in {"http", "https"}):
            return None
        found.append(
            Index(
                name=index.name,
                url=index.url,
                explicit=is_explicit,
                default=index.default,
                ignore_error_codes=index.ignore_error_codes,
            )
        )
    return tuple(found)


def _pinned(problem: Problem) -> set[str]:
    """The indexes that something is to come from."""
    tables = [*(member.every() for member in problem.members), *(one.asks.every() for one in problem.direct)]
    asks = (ask for table in (*tables, problem.limits.asks) for ask in table)
    return {ask.source.index for ask in asks if isinstance(ask.source, Registry)}


def _believed(question: Question, answer: Answer) -> Answer:
    """An answer that fits together and answers this question."""
    try:
        checked(question, answer.lock)
    except BadAnswer as error:
        raise Unusable(f"its answer cannot be used ({error})") from error
    return answer


async def _build(toolchain: Toolchain, builds: tuple[Needed, ...]) -> list[Fact]:
    """Learn by building what the service may not build."""
    found: list[Fact] = []

    async def learn(needed: Needed) -> None:
        told = await built_metadata(toolchain, needed.name, needed.version, needed.index, needed.artifact)
        fact = partial(Fact, name=needed.name, version=needed.version, index=needed.index)
        found.append(fact(reason=told.reason) if isinstance(told, Unavailable) else fact(metadata=told))

    async with anyio.create_task_group() as tasks:
        for needed in builds:
            tasks.start_soon(learn, needed)
    return sorted(found, key=lambda fact: (fact.name, fact.version, fact.index))
