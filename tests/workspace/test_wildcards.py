"""Wildcards against the plain meaning of each, and against patterns that are made to be slow."""

from __future__ import annotations

from functools import cache
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.workspace.wildcards import compile_parts

_PART = st.text("ab*?", min_size=1, max_size=5).filter(lambda part: part != "**")
_PATTERN = st.lists(_PART | st.just("**"), min_size=1, max_size=5)
_PATH = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)


def _means(parts: list[str], path: str, *, crossing: bool) -> bool:
    """What the documentation says, tried in every way."""
    tokens: list[str] = []
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        tokens += (["rest"] if last else ["levels"]) if part == "**" else [*part, *([] if last else ["/"])]

    @cache
    def holds(token: int, at: int) -> bool:
        if token == len(tokens):
            return at == len(path)
        kind = tokens[token]
        if kind == "rest":
            return True
        if kind == "levels":
            cuts = [at, *(cut + 1 for cut in range(at, len(path)) if path[cut] == "/" and cut > at)]
            return any(holds(token + 1, cut) for cut in cuts)
        if kind == "*":
            end = len(path) if crossing else (path + "/").index("/", at)
            return any(holds(token + 1, cut) for cut in range(at, end + 1))
        if at == len(path):
            return False
        return (path[at] != "/" if kind == "?" else path[at] == kind) and holds(token + 1, at + 1)

    return holds(0, 0)


@given(_PATTERN, _PATH, st.booleans())
def test_a_pattern_matches_what_it_says(parts: list[str], path: str, crossing: bool) -> None:
    assert bool(compile_parts(parts, crossing=crossing).fullmatch(path)) == _means(parts, path, crossing=crossing)


@pytest.mark.parametrize("crossing", [False, True])
def test_many_stars_cost_no_more_than_one(crossing: bool) -> None:
    start = process_time()
    assert not compile_parts(["*a" * 40 + "b"], crossing=crossing).fullmatch("a" * 4_000)
    assert not compile_parts(["**", *["*a*", "**"] * 20, "b"], crossing=crossing).fullmatch("a/" * 500 + "c")
    assert process_time() - start < 1


@pytest.mark.parametrize(
    ("part", "matched", "not_matched"),
    [("[ab]c", "ac", "cc"), ("[!ab]c", "cc", "ac"), ("[a-c]", "b", "d"), ("[z-a]", "[z-a]", "b"), ("[[]", "[", "x"),
     ("[", "[", "a"), ("a]", "a]", "a"), ("[^a]", "b", "a"), ("[!]", "[!]", "a")],
)  # fmt: skip
def test_sets_of_characters(part: str, matched: str, not_matched: str) -> None:
    assert compile_parts([part]).fullmatch(matched)
    assert not compile_parts([part]).fullmatch(not_matched)
