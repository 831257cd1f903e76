"""What clients and servers of ``POST /v1/locks`` say to each other.

The body of a request is an :class:`Envelope` in JSON, plain or with gzip. The answer is a stream of :class:`Frame`, one
JSON object to a line: first what happens, at least one a second, and as the last one what came of it. The digest of a
request is its name: the same bytes asked twice are one job.
"""

from __future__ import annotations

import hashlib

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.core.relock.question import Answer, Question
from interlock.core.relock.revision import RESOLUTION_REVISION
from interlock.core.resolver.failure import Failure
from interlock.core.resolver.notice import Notice
from interlock.core.settings.choices import IndexStrategy
from interlock.core.sources.source import Index
from interlock.events import Event
from interlock.service.remote_error import RemoteError

__all__ = [
    "BEAT_EVERY",
    "EVENTS",
    "FIRST_FRAME",
    "LAST_FRAMES",
    "LOCKS",
    "NDJSON",
    "SILENCE",
    "Beat",
    "Conflict",
    "Done",
    "Envelope",
    "Fact",
    "Failed",
    "Frame",
    "Head",
    "LockRequest",
    "Needed",
    "Needs",
    "Progress",
    "Unchanged",
    "decode_frame",
    "decode_request",
    "digest_of",
    "encode",
]

LOCKS = "/v1/locks"
NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"

BEAT_EVERY = 1.0
"""Seconds between two frames at most, whatever the job does meanwhile."""
FIRST_FRAME = 1.0
"""Seconds after which a client takes a service for gone that has said nothing yet."""
SILENCE = 3.0
"""The same between two frames."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What a client learned of a version by building it."""

    name: NormalizedName
    version: str
    index: str
    """By the name that the client has for it."""
    metadata: Metadata | None = None
    reason: str = ""
    """Why it has no metadata, when it has none."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a server looks at before anything else."""

    revision: int = RESOLUTION_REVISION
    indexes: tuple[Index, ...] = ()
    """Those of the client in its order and by its names, without any login."""
    strategy: IndexStrategy = "first-index"


class LockRequest(Head, frozen=True, kw_only=True):
    """Everything that decides an answer, besides what the indexes say."""

    question: Question
    """Without the old lock."""
    old: str = ""
    """The digest of the old lock; empty: there was none."""
    facts: tuple[Fact, ...] = ()


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and what a server may have to be told beside it."""

    request: msgspec.Raw
    """A :class:`LockRequest`; these bytes are what the digest is of."""
    old: msgspec.Raw = msgspec.Raw(b"null")
    """The old lock (:func:`~interlock.core.relock.question.plain_lock`), sent when it was asked for."""

    @property
    def old_bytes(self) -> bytes:
        """Empty when it was not sent."""
        data = bytes(self.old)
        return b"" if data == b"null" else data


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    event: Event


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """Nothing new; the job waits or works."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    answer: Answer


class Unchanged(msgspec.Struct, frozen=True, tag="unchanged"):
    """The old lock is the answer, with the settings of the question."""

    notices: tuple[Notice, ...] = ()


class Conflict(msgspec.Struct, frozen=True, tag="conflict"):
    """What is asked has no answer: the same would come of asking anywhere."""

    failure: Failure | None = None
    error: RemoteError | None = None
    """Another error of the resolution; one of the two is there."""


class Needed(msgspec.Struct, frozen=True, kw_only=True):
    """A source archive that has to be built to know what it requires."""

    name: NormalizedName
    version: str
    index: str
    artifact: Artifact


class Needs(msgspec.Struct, frozen=True, tag="needs"):
    """What the client has to do or to send before it asks again."""

    builds: tuple[Needed, ...] = ()
    """To be built in its own trust zone, and to be told as facts."""
    old: bool = False
    """The old lock is not known here."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The service could not answer; somebody else may."""

    error: RemoteError


Frame = Progress | Beat | Done | Unchanged | Conflict | Needs | Failed
LAST_FRAMES = (Done, Unchanged, Conflict, Needs, Failed)

_ENCODER = msgspec.json.Encoder(order="deterministic")
_FRAMES: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_REQUESTS = msgspec.json.Decoder(LockRequest)


def encode(value: object) -> bytes:
    """JSON on one line: the same value is always the same bytes."""
    return _ENCODER.encode(value)


def decode_frame(line: bytes) -> Frame:
    """Raises :class:`msgspec.DecodeError`."""
    return _FRAMES.decode(line)


def decode_request(data: bytes) -> LockRequest:
    """Raises :class:`msgspec.DecodeError`."""
    return _REQUESTS.decode(data)


def digest_of(data: bytes) -> str:
    """What a request or a lock is called: 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
