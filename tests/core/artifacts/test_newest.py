"""Which version of a package anybody should move to."""

from __future__ import annotations

import msgspec
import pytest

from interlock.core.artifacts.listing import Listing, encode_artifacts
from interlock.core.artifacts.newest import newest_version
from interlock.core.names import NormalizedName

RAW = encode_artifacts([])
PAGE = Listing(
    name=NormalizedName("a"),
    index="x",
    versions=("1.0", "1.1", "2.0", "3.0rc1"),
    files=(RAW, RAW, RAW, RAW),
    yanked=(2,),
    prereleases=(3,),
    first_upload=("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", ""),
)


@pytest.mark.parametrize(
    ("locked", "cutoff", "newest"),
    [
        ("1.0", "", "1.1"),
        ("1.0", "2024-06-01T00:00:00Z", "1.0"),
        ("1.0a1", "", "3.0rc1"),
        ("1.0a1", "2030-01-01T00:00:00Z", "1.1"),
        ("2.0", "", "2.0"),
        ("1.0", "2020-01-01T00:00:00Z", "1.0"),
    ],
)
def test_it_is_final_not_yanked_and_old_enough_and_never_before_what_is_locked(
    locked: str, cutoff: str, newest: str
) -> None:
    assert newest_version(PAGE, locked, cutoff) == newest


def test_what_tells_no_times_is_too_new_for_any_cutoff() -> None:
    timeless = msgspec.structs.replace(PAGE, first_upload=())
    assert newest_version(timeless, "1.0", "") == "1.1"
    assert newest_version(timeless, "1.0", "2030-01-01T00:00:00Z") == "1.0"
