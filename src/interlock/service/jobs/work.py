"""What a process that solves is given: everything, so that it keeps nothing from one job to the next."""

from __future__ import annotations

import msgspec

from interlock.core.settings.limits import Limits
from interlock.core.sources.source import Index
from interlock.index.fetcher import FetchOptions

__all__ = ["Reserved", "Work", "is_last", "last_line", "read_last"]

_GOING_ON = (b'{"type":"progress"', b'{"type":"beat"')


class Reserved(msgspec.Struct, frozen=True):
    """Names of packages that come from one index and are asked for nowhere else."""

    pattern: str
    """Of normalised names, as :mod:`fnmatch` reads it."""
    index: str
    """By the name that the client has for it; empty when it is none of the client's."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One question, and the means to answer it. Sent as msgpack to a process of the same installation."""

    request: bytes
    """A :class:`~interlock.service.protocol.LockRequest` in JSON, as it came."""
    old: bytes = b""
    """The old lock that the request names, where the client sent it along."""
    store: str
    """Directory of the store, which all processes share."""
    now: float
    """Seconds since the epoch; decides which cached pages are fresh."""
    indexes: tuple[Index, ...] = ()
    """Where the client's indexes are for this service: by the names that the client has for them, in its order."""
    reserved: tuple[Reserved, ...] = ()
    credentials: dict[str, tuple[str, str]] = {}
    """Upstream logins, by these names."""
    hosts: tuple[str, ...] = ()
    """``https://HOST`` of further places that files may be at although they are private."""
    network: FetchOptions = FetchOptions()
    limits: Limits = Limits()
    offline: bool = False
    """Whether only what is stored is looked at."""
    per_host: int = 50
    """Most requests to one host at a time."""

    def __repr__(self) -> str:
        return f"<Work of {len(self.request)} bytes for {[index.name for index in self.indexes]}>"


def last_line(frame: bytes, fresh_until: float) -> bytes:
    """The last line that a process writes for a job: the frame, and until when it is the answer without any work."""
    return b"@%.3f %s" % (fresh_until, frame)


def read_last(line: bytes) -> tuple[bytes, float]:
    """The opposite."""
    if not line.startswith(b"@"):
        return line, 0.0
    head, _, frame = line[1:].partition(b" ")
    return frame, float(head)


def is_last(line: bytes) -> bool:
    """Whether a frame says what came of a job."""
    return not line.startswith(_GOING_ON)
