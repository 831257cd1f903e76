"""Versions in order: as packaging orders them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from interlock.core.versions.order import in_order

_NUMBER = st.sampled_from(["0", "1", "2", "9", "10", "01"])


@st.composite
def _versions(draw: st.DrawFn) -> str:
    text = ".".join(draw(st.lists(_NUMBER, min_size=1, max_size=4)))
    if draw(st.integers(0, 9)) == 0:
        text = f"{draw(_NUMBER)}!{text}"
    for suffix in ("a", "b", "rc", ".post", ".dev"):
        if draw(st.integers(0, 4)) == 0:
            text += suffix + draw(_NUMBER)
            if suffix in {"a", "b"}:
                break
    if draw(st.integers(0, 5)) == 0:
        text += "+" + draw(st.sampled_from(["cpu", "1", "2", "10", "cu118", "1.local", "local.1", "abc.def"]))
    return text


@given(st.lists(st.one_of(_versions(), st.just("not a version")), max_size=12))
def test_order_is_that_of_packaging(texts: list[str]) -> None:
    valid = []
    for text in texts:
        try:
            Version(text)
        except ValueError:
            continue
        valid.append(text)
    ordered, invalid = in_order(texts)
    assert [Version(found.version) for found in ordered] == sorted({Version(text) for text in valid})
    assert sorted(text for found in ordered for text in found.texts) == sorted(valid)
    assert sorted([*valid, *invalid]) == sorted(texts)
    for found in ordered:
        assert found.version == str(Version(found.texts[0]))
        assert found.is_prerelease == Version(found.version).is_prerelease
        assert len({Version(text) for text in found.texts}) == 1
