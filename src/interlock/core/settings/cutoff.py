"""Cutoffs: the moment after which an upload does not exist for us (``exclude-newer``).

Written as an RFC 3339 timestamp, a date (that whole day counts, in UTC), an ISO 8601 duration (``P7D``, ``PT24H``) or
words (``7 days``, ``2 weeks``); a duration counts back from the beginning of today, in UTC, so that all who look on one
day see the same.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from interlock.core.settings.variables import InvalidSetting

__all__ = ["resolve_cutoff"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO = re.compile(
    r"[Pp](?:(?P<weeks>\d+)[Ww])?(?:(?P<days>\d+)[Dd])?"
    r"(?:[Tt](?:(?P<hours>\d+)[Hh])?(?:(?P<minutes>\d+)[Mm])?(?:(?P<seconds>\d+)[Ss])?)?"
)
_WORDS = re.compile(r"(\d+)\s*(weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?:\s+ago)?")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def resolve_cutoff(text: str, now: datetime) -> tuple[str, str]:
    """The cutoff as ``YYYY-MM-DDTHH:MM:SSZ``, and the relative window as written when there is one.

    Raises :class:`InvalidSetting` for anything else; empty text is no cutoff.

    >>> resolve_cutoff("2024-03-01", datetime(2026, 1, 1, tzinfo=UTC))
    ('2024-03-02T00:00:00Z', '')
    >>> resolve_cutoff("7 days", datetime(2026, 1, 8, 12, tzinfo=UTC))
    ('2026-01-01T00:00:00Z', '7 days')
    """
    written = text.strip()
    if not written:
        return "", ""
    try:
        if _DATE.fullmatch(written):
            moment = datetime.combine(date.fromisoformat(written), datetime.min.time(), UTC) + timedelta(days=1)
            return _format(moment), ""
        span = _span(written)
        if span is not None:
            today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            return _format(today - span), written
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is None:
            raise _invalid(written)
        # With its zone, a moment may lie before the first year or after the last one.
        return _format(moment), ""
    except (ValueError, OverflowError) as error:
        raise _invalid(written) from error


def _span(text: str) -> timedelta | None:
    match = _WORDS.fullmatch(text.lower())
    if match is not None:
        return timedelta(**{_UNITS[match[2][0]]: int(match[1])})
    match = _ISO.fullmatch(text)
    if match is not None and any(match.groupdict().values()):
        return timedelta(**{unit: int(amount) for unit, amount in match.groupdict().items() if amount})
    return None


def _format(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _invalid(text: str) -> InvalidSetting:
    return InvalidSetting(
        f"exclude-newer is `{text}`, which is neither a point in time nor a duration.",
        hint="Write a date (2026-03-01), a timestamp with a zone (2026-03-01T12:00:00Z) or a duration (7 days, P1W).",
    )
