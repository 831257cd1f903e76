"""What came short or wrong is fetched once more: a proxy cut it, or a cache on the way has something old."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

__all__ = ["twice"]

T = TypeVar("T")
_PAST_CACHES = {"cache-control": "no-cache"}


async def twice(attempt: Callable[[Mapping[str, str]], Awaitable[T]], wrong: tuple[type[Exception], ...]) -> T:
    """What an attempt gives that takes headers; the second one's error is the one that is told."""
    try:
        return await attempt({})
    except wrong:
        return await attempt(_PAST_CACHES)
