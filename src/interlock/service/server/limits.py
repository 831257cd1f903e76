"""What the service takes from one request and from one token."""

from __future__ import annotations

import msgspec

__all__ = ["Limits"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    max_body_bytes: int = 32 << 20
    """Of a request, before and after it was decompressed; uploads of files have a limit of their own."""
    max_upload_bytes: int = 2 << 30
    max_action_bytes: int = 64 << 20
    """Of an action's result in the cache: ccache has whole object files there."""
    max_header_bytes: int = 64 << 10
    idle_seconds: int = 30
    """How long a client may send nothing of what it announced, or take nothing of its answer."""
    slowest_bytes_per_second: int = 1024
    """Of a request's body on average, once it has taken longer than ``idle_seconds``."""
    requests_per_second: int | None = None
    """Of one token, on average over ten seconds; None for as many as it sends."""
    concurrent_requests: int = 256
    """Of one token."""
    drain_seconds: int = 30
    """How long requests that are under way may still take when the service ends."""
