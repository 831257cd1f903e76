"""Claims on the wire: who is about to build something tells a service, so that others wait for what comes of it.

``POST /v1/claims`` is answered with a stream of frames, JSON to a line, that lasts as long as the client works: its
name, then what has become free of that it waits for, and a beat in between. With the stream all of its claims end, so
who is gone keeps nobody waiting. ``POST /v1/claims/{session}`` takes a claim and ends one. A claim saves work and
decides nothing: who was not heard, or waited for nothing, builds.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "BEAT_EVERY",
    "CLAIMS",
    "MOST_CLAIMS",
    "Beat",
    "ClaimAnswer",
    "ClaimFrame",
    "ClaimRequest",
    "Freed",
    "Opened",
]

CLAIMS = "/v1/claims"
BEAT_EVERY = 0.25
"""Seconds."""
MOST_CLAIMS = 10_000
"""Of one session."""


class Opened(msgspec.Struct, frozen=True, tag_field="type", tag="opened"):
    """The first frame."""

    session: str


class Freed(msgspec.Struct, frozen=True, tag_field="type", tag="freed"):
    """What others had claimed that was waited for: it is in the cache now, or nobody builds it any more."""

    keys: tuple[str, ...]


class Beat(msgspec.Struct, frozen=True, tag_field="type", tag="beat"):
    """Somebody is there."""


ClaimFrame = Opened | Freed | Beat


class ClaimRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    key: str
    """64 hexadecimal digits that stand for what is built."""
    ends: bool = False
    """Whether it is built, or given up."""


class ClaimAnswer(msgspec.Struct, frozen=True):
    yours: bool
    """Whether to build it; else a frame tells when to look again."""
