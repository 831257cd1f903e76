"""Version order, against ``packaging``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from interlock.core.markers.releases import full_split, key_text, minor_split, platform_key, version_key

_numbers = st.integers(0, 12).map(str)
_versions = st.builds(
    lambda epoch, release, pre, post, dev, local: epoch + ".".join(release) + pre + post + dev + local,
    st.sampled_from(["", "", "", "1!"]),
    st.lists(_numbers, min_size=1, max_size=4),
    st.sampled_from(["", "", "a1", "b2", "rc1", "-alpha.3", "_c"]),
    st.sampled_from(["", "", ".post1", "-2", "r3"]),
    st.sampled_from(["", "", ".dev0", "-dev4"]),
    st.sampled_from(["", "", "+cu118", "+1.b-2"]),
)


@given(_versions, _versions)
def test_keys_order_like_versions(left: str, right: str) -> None:
    a, b = version_key(left), version_key(right)
    assert a is not None
    assert b is not None
    assert (a < b) == (Version(left) < Version(right))
    assert (a == b) == (Version(left) == Version(right))
    assert Version(key_text(a)) == Version(left)


@given(st.text(alphabet="0123456789.abrcdevpost+-_! *", max_size=10))
def test_texts_that_are_no_version_have_no_key(text: str) -> None:
    try:
        Version(text)
    except InvalidVersion:
        assert version_key(text) is None
    else:
        assert version_key(text) is not None


@pytest.mark.parametrize(
    ("operator", "text"), [("~=", "3"), (">=", "3.*"), ("==", "x"), ("==", "x.*"), ("in", "3.8"), ("~=", "3.8.*")]
)
def test_what_is_no_version_comparison_splits_nothing(operator: str, text: str) -> None:
    assert full_split(operator, text) is None
    assert minor_split(operator, text) is None


def test_kernels_are_placed_by_their_leading_number() -> None:
    exact, later = platform_key("5.10.0"), platform_key("5.10.0-generic")
    assert exact < later < platform_key("5.10.1")
    assert platform_key("#1 SMP") < platform_key("0")
