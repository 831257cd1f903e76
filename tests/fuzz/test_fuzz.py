"""Every reader of foreign input refuses what it cannot use, soon, and says so as the product does.

A short round here; ``.ci/nightly`` makes a long one of it. What was found once stays in ``FOUND``.
"""

from __future__ import annotations

import re
import tracemalloc
from contextlib import suppress
from itertools import product
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import REFUSALS, SEEDS, TARGETS
from tests.wheels import dense_wheel, make_wheel

LONGEST = 60_000
MOST_MEMORY = 64 << 20
TOKENS = (
    b"\0", b" ", b"\n", b"\r", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xc2\xb2", b"(", b")", b"[", b"]",
    b"{", b"}",
    b'"', b"'", b"9" * 30, b"9" * 5000, b"-1", b"1e999", b"..", b"/", b"\\", b"::", b"@", b"#", b"%zz", b"null", b"[]",
    b"{}", b";", b",", b"==", b"===", b"~=", b".*", b"*", b"\\u0000", b"A" * 300, b"<!--", b"&#", b" and ", b" not in ",
)  # fmt: skip
OTHERS = (
    b"1", b"-1", b"nan", b"1e400", b"true", b"null", b"2020-01-01", b"9999-12-31T23:59:59-23:00", b'""', b'"x"', b"[]",
    b"[1]", b"[[]]", b"[{}]", b"{}", b"{a = 1}", b'{"a": 1}', b"9" * 20, b'"\\u0000"', b'"\\ud800"',
)  # fmt: skip
"""Values in the place of others: numbers for texts, lists for tables."""
_TO_REFUSE = {"sdist-zip", "user-settings", "variables"}
"""Targets whose seeds are near to what is right, and wrong."""
_VALUE = re.compile(rb'[=:] *("[^"\n]*"|[^\n,]+)')
FOUND = (
    *(("wheel", dense_wheel(name)) for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")),
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
    ("sdist-zip", make_wheel("a", "1.0", files={"a" * 256: ""}).data),
    ("wheel", make_wheel("a", "1.0", files={"a" * 256: ""}).data),
    ("poetry-constraint", b">=1" + b"\n" * 50_000 + b"2"),
    ("wheel-name", b"a-1.0-" + b"-".join(b".".join(b"t%d" % at for at in range(3_000)) for _ in range(3)) + b".whl"),
    ("poetry-lock", b'[[package]]\nname = "b"\nversion = "1"\ngroups = [[]]\nmarkers = {}\n'),
    ("pipfile", b"requires = []\n"),
    ("pipfile", b"source = 1\n"),
    ("pipfile", b"[packages]\na = {extras = 1}\n"),
    ("variables", b"INTERLOCK_EXCLUDE_NEWER=9999-12-31T23:59:59-23:00\n"),
    ("variables", b"INTERLOCK_EXCLUDE_NEWER=0001-01-01T00:00:00+01:00\n"),
    ("variables", b"INTERLOCK_HTTP_TIMEOUT=1e300\n"),
    ("user-settings", b"http-timeout = nan\n"),
    ("user-settings", b"http-timeout = inf\n"),
    ("user-settings", b"http-retries = -1\n"),
    ("user-settings", b"concurrent-builds = 0\n"),
    ("user-settings", b'cache-dir = "\\u0000"\n'),
    ("user-settings", b'[[index]]\nname = "i"\nurl = "\\u0000"\n'),
)


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A seed after a few changes: bytes, cuts, copies, and pieces that have meant trouble before."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 5)):
            case 0:
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del data[at : at + draw(st.integers(1, 20))]
            case 2:
                data[at:at] = draw(st.sampled_from(TOKENS)) * draw(st.sampled_from((1, 1, 2, 50, 500)))
            case 3 if values := list(_VALUE.finditer(data)):
                value = draw(st.sampled_from(values))
                data[value.start(1) : value.end(1)] = draw(st.sampled_from(OTHERS))
            case 4:
                data[at:at] = bytes(data[draw(st.integers(0, at)) : at])[:200]
            case _:
                del data[at:]
    return bytes(data[:LONGEST])


def check(target: str, data: bytes) -> None:
    # A machine that others use takes its time for nothing now and then; what is slow is slow each time.
    assert any(_seconds(target, data) < 1 for _ in range(3))


def _seconds(target: str, data: bytes) -> float:
    start = process_time()
    try:
        TARGETS[target](data)
    except REFUSALS as error:
        assert str(error)
    return process_time() - start


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
def test_damaged_input_is_read_or_refused(target: str, data: st.DataObject) -> None:
    check(target, data.draw(damaged(SEEDS[target])))


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.binary(max_size=400))
def test_any_input_is_read_or_refused(target: str, data: bytes) -> None:
    check(target, data)


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_is_large_in_memory(target: str) -> None:
    """Every token as often as it fits, alone and at the end of a seed, and what was found once."""
    inputs = [data for found, data in FOUND if found == target]
    for token, begin in product(TOKENS, (SEEDS[target][0], b"")):
        inputs.append(begin + token * ((LONGEST - len(begin)) // len(token)))
    tracemalloc.start()
    try:
        for data in inputs:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with suppress(*REFUSALS):
                TARGETS[target](data)
            assert tracemalloc.get_traced_memory()[1] - before < MOST_MEMORY, data[:200]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("target", "data"), FOUND, ids=[f"{target}-{at}" for at, (target, _) in enumerate(FOUND)])
def test_what_was_found_once_is_refused(target: str, data: bytes) -> None:
    check(target, data)


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_target_begins_from_is_of_its_kind(target: str) -> None:
    assert SEEDS[target]
    for seed in SEEDS[target] if target not in _TO_REFUSE else ():
        TARGETS[target](seed)
