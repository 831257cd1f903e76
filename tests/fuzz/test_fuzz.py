"""Every reader of foreign input refuses what it cannot use, soon, and says so as the product does.

A short round here; ``.ci/nightly`` makes a long one of it. What was found once stays in ``FOUND``.
"""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import REFUSALS, SEEDS, TARGETS

LONGEST = 60_000
TOKENS = (
    b"\0", b" ", b"\n", b"\r", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xc2\xb2", b"(", b")", b"[", b"]",
    b"{", b"}",
    b'"', b"'", b"9" * 30, b"9" * 5000, b"-1", b"1e999", b"..", b"/", b"\\", b"::", b"@", b"#", b"%zz", b"null", b"[]",
    b"{}", b";", b",", b"==", b"===", b"~=", b".*", b"*", b"\\u0000", b"A" * 300, b"<!--", b"&#", b" and ", b" not in ",
)  # fmt: skip
FOUND = (
    ("requirement", b"a (>=" + b"9" * 5001 + b"2 "),
    ("requirement", b"a>=" + b"9" * 5001 + b"; os_name == 'nt'"),
    ("requirements-file", b"c @ https://[][]h.test/c.whl\n"),
    ("specifier", b">=1,!=" + b"9" * 10_000 + b"1.5.*,===x"),
    ("specifier", b"~=" + b"9" * 10_000 + b".1"),
    ("sdist-zip", SEEDS["sdist-zip"][0][:-12] + b"\xff\0\0\0\x04\x02\0\0\0\0\0\0"),
    ("requirement", b"bar" + b" " * 150 + b"@"),
    ("page-html", b"<html>" + b"<!--" * 10_000),
    ("git-url", b"https://" + b":" * 50_000),
    ("git-url", b"http://[/a"),
)


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A seed after a few changes: bytes, cuts, copies, and pieces that have meant trouble before."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 4)):
            case 0:
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del data[at : at + draw(st.integers(1, 20))]
            case 2:
                data[at:at] = draw(st.sampled_from(TOKENS)) * draw(st.sampled_from((1, 1, 2, 50, 500)))
            case 3:
                data[at:at] = bytes(data[draw(st.integers(0, at)) : at])[:200]
            case _:
                del data[at:]
    return bytes(data[:LONGEST])


def check(target: str, data: bytes) -> None:
    start = process_time()
    try:
        TARGETS[target](data)
    except REFUSALS as error:
        assert str(error)
    assert process_time() - start < 1


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
def test_damaged_input_is_read_or_refused(target: str, data: st.DataObject) -> None:
    check(target, data.draw(damaged(SEEDS[target])))


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.binary(max_size=400))
def test_any_input_is_read_or_refused(target: str, data: bytes) -> None:
    check(target, data)


@pytest.mark.parametrize(("target", "data"), FOUND, ids=[f"{target}-{at}" for at, (target, _) in enumerate(FOUND)])
def test_what_was_found_once_is_refused(target: str, data: bytes) -> None:
    check(target, data)


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_target_begins_from_is_of_its_kind(target: str) -> None:
    assert SEEDS[target]
    if target not in {"sdist-zip", "foreign-lock"}:
        for seed in SEEDS[target]:
            TARGETS[target](seed)
