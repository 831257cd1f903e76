"""Answers that were found before, for as long as they would be found again.

Whoever solved a question looked at some packages, and looked some up in vain. An answer is remembered with what was
seen of each, so that it counts as long as the same would be seen now: pages that changed in what the question does not
see, as by a release after its cutoff, change nothing. A question is known by everything that decides its answer, the
resolution revision included; who may see which index is decided by looking again, each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import msgspec
from msgspec.structs import replace

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.core.relock.question import Answer, Question, plain_lock
from interlock.core.relock.revision import RESOLUTION_REVISION
from interlock.core.resolver.failure import Failure
from interlock.core.resolver.problem import Policy
from interlock.core.sources.source import Index as IndexSource
from interlock.events import Reporter
from interlock.index.outcomes import Absent, NeedsBuild, Unavailable
from interlock.store.entries import Entries
from interlock.store.layout import Bucket, Layout

if TYPE_CHECKING:
    from interlock.resolution.driver import BuildMetadata, Index

__all__ = ["Memo", "answer_or_recall", "question_key"]

_SECOND = len("YYYY-MM-DDTHH:MM:SS")
_ENCODER = msgspec.json.Encoder(order="deterministic")


class _Read(msgspec.Struct, frozen=True, array_like=True):
    """One package that was looked up."""

    name: NormalizedName
    index: str | None
    """The index it is pinned to; None where the order of the indexes decides."""
    seen: str
    """Digest of what was seen; empty when there was nothing."""


class _Remembered(msgspec.Struct, frozen=True):
    """One of the two is there."""

    answer: Answer | None
    failure: Failure | None
    reads: tuple[_Read, ...]


def question_key(question: Question, indexes: Sequence[IndexSource], strategy: str, facts: object = None) -> str:
    """64 hexadecimal digits for everything that decides an answer, besides what the indexes say.

    ``facts`` are what builds have told.
    """
    old = plain_lock(question.old) if question.old is not None else None
    question = replace(question, old=old, inputs=replace(question.inputs, trees={}))
    places = [(index.name, index.url, index.explicit, index.default, index.ignore_error_codes) for index in indexes]
    decides = [RESOLUTION_REVISION, question, places, strategy, facts]
    return hashlib.sha256(_ENCODER.encode(decides)).hexdigest()


class Memo:
    """What is remembered of one question, in the store."""

    def __init__(self, layout: Layout, key: str, policy: Policy) -> None:
        self._entries = Entries(layout, Bucket.ANSWERS, _Remembered)
        self._key = key
        self._policy = policy
        self.is_kept = False
        """Whether what came of the question is remembered."""

    def __repr__(self) -> str:
        return f"<Memo {self._key[:12]}>"

    async def recall(self, index: Index) -> Answer | Failure | None:
        """What came of it, if all that was seen then is seen now. Raises what the index raises."""
        found = await anyio.to_thread.run_sync(self._entries.load, self._key)
        if found is None:
            return None
        same = True
        async with anyio.create_task_group() as tasks:

            async def look(read: _Read) -> None:
                nonlocal same
                listing = await index.listing(read.name, read.index)
                if self._seen(read.name, listing, whole=found.failure is not None) != read.seen:
                    same = False
                    tasks.cancel_scope.cancel()

            for read in found.reads:
                tasks.start_soon(look, read)
        self.is_kept = same
        return (found.answer or found.failure) if same else None

    async def keep(
        self, made: Answer | Failure, looked_up: dict[tuple[NormalizedName, str | None], Listing | Absent]
    ) -> None:
        answer, failure = (made, None) if isinstance(made, Answer) else (None, made)

        def save() -> None:
            order = sorted(looked_up, key=lambda key: (key[0], key[1] or ""))
            reads = tuple(
                _Read(name, index, self._seen(name, looked_up[name, index], whole=failure is not None))
                for name, index in order
            )
            self._entries.save(self._key, _Remembered(answer, failure, reads))

        await anyio.to_thread.run_sync(save)
        self.is_kept = True

    def _seen(self, name: NormalizedName, listing: Listing | Absent, *, whole: bool) -> str:
        """The digest of what a question sees of a package: the files of versions from before its cutoff.

        ``whole``: an explanation speaks of all there are.
        """
        if isinstance(listing, Absent):
            return ""
        cutoff = "" if whole else self._policy.cutoff_of(name)[:_SECOND]
        uploads = listing.first_upload if cutoff else ()
        seen = [at for at in range(len(listing.versions)) if not uploads or uploads[at][:_SECOND] < cutoff]
        indexes = [listing.indexes[at] for at in seen] if listing.indexes else [listing.index]
        said = "\n".join((listing.status, *indexes, listing.digest_of(seen)))
        return hashlib.sha256(said.encode()).hexdigest()[:32]


class _RecordingIndex:
    """An index that notes what it was asked for, and whether the answers will be the same another time."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.looked_up: dict[tuple[NormalizedName, str | None], Listing | Absent] = {}
        self.is_lasting = True

    def __repr__(self) -> str:
        return f"<_RecordingIndex [{len(self.looked_up)}] before {self._index!r}>"

    async def listing(self, name: NormalizedName, index: str | None = None) -> Listing | Absent:
        found = self.looked_up[name, index] = await self._index.listing(name, index)
        if isinstance(found, Absent) and found.reason == "offline":
            self.is_lasting = False
        return found

    async def metadata(
        self, listing: Listing, position: int, artifacts: tuple[Artifact, ...] | None = None
    ) -> Metadata | NeedsBuild | Unavailable:
        found = await self._index.metadata(listing, position, artifacts)
        if isinstance(found, Unavailable):
            self.is_lasting = False
        return found

    async def built(
        self, build: BuildMetadata, name: NormalizedName, version: str, index: str, artifact: Artifact
    ) -> Metadata | Unavailable:
        """What a build tells is only known for this machine, today."""
        self.is_lasting = False
        return await build(name, version, index, artifact)


async def answer_or_recall(
    question: Question, index: Index, build: BuildMetadata, reporter: Reporter, memo: Memo, *, told: bool = False
) -> Answer | Failure:
    """Like :func:`~interlock.resolution.answer.answer`, from the memo where that still holds.

    ``told``: builds only repeat what is part of the question's key.
    """
    known = await memo.recall(index)
    if isinstance(known, Failure):
        return known
    if known is not None:
        # But for the digests of trees, which decide nothing, they are the same.
        return replace(known, lock=replace(known.lock, inputs=question.inputs))
    # The solver is loaded where it has something to do.
    from interlock.resolution.answer import answer  # noqa: PLC0415

    recording = _RecordingIndex(index)
    found = await answer(question, recording, build if told else partial(recording.built, build), reporter)
    if recording.is_lasting:
        await memo.keep(found, recording.looked_up)
    return found
