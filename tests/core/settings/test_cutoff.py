"""Cutoffs as people write them: moments, days and windows that count back from the beginning of today."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from interlock.core.settings.cutoff import resolve_cutoff
from interlock.core.settings.variables import InvalidSetting

NOW = datetime(2026, 3, 10, 12, 30, 15, 99, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "cutoff", "span"),
    [
        ("", "", ""),
        ("2026-03-01", "2026-03-02T00:00:00Z", ""),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", ""),
        ("2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00Z", ""),
        ("7 days", "2026-03-03T00:00:00Z", "7 days"),
        ("1 week ago", "2026-03-03T00:00:00Z", "1 week ago"),
        ("24h", "2026-03-09T00:00:00Z", "24h"),
        ("P1W", "2026-03-03T00:00:00Z", "P1W"),
        ("P1DT12H", "2026-03-08T12:00:00Z", "P1DT12H"),
        ("PT1H1M1S", "2026-03-09T22:58:59Z", "PT1H1M1S"),
    ],
)
def test_a_cutoff_is_a_moment_in_utc_and_the_window_it_was_written_as(text: str, cutoff: str, span: str) -> None:
    assert resolve_cutoff(text, NOW) == (cutoff, span)


@pytest.mark.parametrize(
    "text",
    ["soon", "2026-13-01", "P", "2026-03-01T10:00:00", "9999999999999 weeks", "-3 days", "PT",
     "0001-01-01T00:00:00+12:00"],
)  # fmt: skip
def test_what_is_neither_a_time_nor_a_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidSetting, match="neither a point in time nor a duration"):
        resolve_cutoff(text, NOW)
