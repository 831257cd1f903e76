"""One question from the bytes that came to the frames that go back: what a process that solves does with a job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
from msgspec.structs import replace

from interlock.core.lock.model import Lock
from interlock.core.relock.question import Answer, plain_lock
from interlock.core.resolver.failure import Failure
from interlock.errors import InterlockError, ResolutionError, ServiceError, first_reason
from interlock.events import Event
from interlock.index.auth import CredentialSources
from interlock.index.defaults import default_index_url
from interlock.index.upstream import Upstream, UpstreamOptions
from interlock.index.view import View, ViewOptions
from interlock.resolution.memo import Memo, answer_or_recall, question_key
from interlock.service.guarded_fetcher import GuardedFetcher
from interlock.service.jobs.client_builds import ClientBuilds, CountedIndex
from interlock.service.jobs.old_locks import OldLocks
from interlock.service.jobs.reserved import ReservingIndex
from interlock.service.jobs.work import Work, last_line
from interlock.service.protocol import (
    Conflict,
    Done,
    Failed,
    Frame,
    LockRequest,
    Needs,
    Progress,
    Unchanged,
    decode_request,
    encode,
)
from interlock.service.remote_error import described
from interlock.store.layout import Layout
from interlock.store.usage import using

__all__ = ["answer_work"]

Emit = Callable[[bytes], None]


class BadQuestion(ServiceError):
    """What was asked is no question, though the body has the form of one."""

    code = "bad-question"


async def answer_work(work: Work, emit: Emit) -> None:
    """Write every frame of a job, the last one included."""
    layout = Layout(Path(work.store), work.limits)
    try:
        request = decode_request(work.request)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        emit(encode(Failed(described(BadQuestion(f"The question cannot be read: {error}.")))))
        return
    old_locks = OldLocks(layout)
    old = None
    if request.old:
        old = old_locks.take(work.old, request.old) if work.old else old_locks.find(request.old)
        if old is None:
            emit(encode(Needs(old=True)))
            return
    async with using(layout):
        last, fresh_until = await _last_frame(work, request, layout, old, emit)
    if isinstance(last, Done):
        old_locks.keep(plain_lock(last.answer.lock))
    emit(last_line(encode(last), fresh_until))


async def _last_frame(
    work: Work, request: LockRequest, layout: Layout, old: Lock | None, emit: Emit
) -> tuple[Frame, float]:
    upstream = Upstream(
        fetcher=GuardedFetcher(
            work.network, [*work.hosts, *(index.url or default_index_url() for index in work.indexes)]
        ),
        layout=layout,
        options=UpstreamOptions(offline=work.offline, per_host=work.per_host),
        credentials=CredentialSources(named=work.credentials),
    )
    reporter = _Frames(emit)
    options = ViewOptions(now=work.now, strategy=request.strategy)
    view = View(upstream, work.indexes, options=options, reporter=reporter)
    index = CountedIndex(ReservingIndex(view, work.reserved) if work.reserved else view)
    found: Answer | Failure | None = None
    fresh_until = 0.0
    try:
        with anyio.CancelScope() as scope:
            builds = ClientBuilds(request.facts, index, scope)
            question = replace(request.question, old=old)
            key = question_key(question, work.indexes, request.strategy, request.facts)
            memo = Memo(layout, key, question.problem.policy)
            found = await answer_or_recall(question, index, builds, reporter, memo, told=True)
            fresh_until = view.fresh_until if memo.is_kept else 0.0
    except (InterlockError, BaseExceptionGroup) as failure:
        error = first_reason(failure)
        if not isinstance(error, InterlockError):
            raise
        told = described(error)
        return Conflict(error=told) if isinstance(error, ResolutionError) else Failed(told), 0.0
    finally:
        await upstream.close()
    return (_frame(found, old) if found is not None else Needs(builds=builds.missing)), fresh_until


def _frame(found: Answer | Failure, old: Lock | None) -> Frame:
    if isinstance(found, Failure):
        return Conflict(found)
    # What the lock was made from is the question's, and no news to who asked it.
    if old is not None and plain_lock(found.lock) == replace(old, inputs=replace(found.lock.inputs, trees={})):
        return Unchanged(found.notices)
    return Done(found)


class _Frames:
    """Events as frames."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def __repr__(self) -> str:
        return "<_Frames>"

    def report(self, event: Event, /) -> None:
        self._emit(encode(Progress(event)))
