"""When to ask again, and after how long (RFC 9110, ``Retry-After``). Pure: the caller does the waiting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

__all__ = ["DOWN", "PASSING", "TROUBLE", "RetryPolicy", "pause_before", "retry_after"]

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may be gone at the next attempt."""
TROUBLE = frozenset({429, 503})
"""Statuses that say the host has too much to do."""
DOWN = frozenset({429, 502, 503, 504})
"""Statuses that say something of the host, and not only of what was asked for."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    retries: int = 3
    """Attempts after the first one."""
    first_pause: float = 0.25
    """Seconds; doubled each time."""
    longest_pause: float = 8.0
    patience: float = 60.0
    """Seconds of waiting, all pauses of one request together; a longer Retry-After is an error at once."""


def pause_before(policy: RetryPolicy, attempt: int, waited: float, asked: float | None) -> float | None:
    """Seconds to wait before attempt number ``attempt`` (the first one is 0), or None to give up.

    ``asked`` is what the server asked for, ``waited`` the pauses so far.
    """
    if attempt > policy.retries:
        return None
    pause = min(policy.first_pause * 2 ** (attempt - 1), policy.longest_pause)
    if asked is not None:
        pause = max(asked, 0.0)
    return pause if waited + pause <= policy.patience else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds a server asks to wait; a date counts from the server's own clock."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return float(text)
    until, now = _date(text), _date(headers.get("date", ""))
    if until is None or now is None:
        return None
    return max(0.0, (until - now).total_seconds())


_DATE = re.compile(r"[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _date(text: str) -> datetime | None:
    match = _DATE.fullmatch(text.strip())
    if match is None or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
    try:
        return datetime(year, _MONTHS.index(match[2]) + 1, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
