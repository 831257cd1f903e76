"""Sets that exclude each other and sets that fit together, from conflicts pair by pair."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from interlock.core.manifests.manifest import ConflictItem
from interlock.core.members.conflict_sets import exclusive_sets, joint_sets
from interlock.core.names import normalize_extra, normalize_name

A, B, C, D = (ConflictItem(normalize_name(name)) for name in "abcd")
A_GPU = ConflictItem(A.member, normalize_extra("gpu"))


def test_pairs_that_are_all_in_conflict_become_one_set() -> None:
    assert exclusive_sets([(A, B), (C, A), (B, C)]) == ((A, B, C),)
    assert exclusive_sets([(A, B), (C, D)]) == ((A, B), (C, D))
    assert exclusive_sets([(A, B), (B, C)]) == ((A, B), (B, C))
    assert exclusive_sets([]) == ()


def test_what_can_be_together() -> None:
    assert joint_sets([(A, B, C)]) == ((A,), (B,), (C,))
    assert joint_sets([(A, B), (B, C)]) == ((A, C), (B,))
    assert joint_sets([(A, B), (C, D)]) == ((A, C), (A, D), (B, C), (B, D))
    assert joint_sets([(A, A_GPU)]) == ((A,), (A_GPU,))
    assert joint_sets([]) == ()


_PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] != pair[1]), max_size=12)


@given(_PAIRS)
def test_both_are_right_and_the_largest(pairs: list[tuple[int, int]]) -> None:
    """By trying every subset."""
    items = [ConflictItem(normalize_name(f"m{number}")) for number in range(7)]
    given_pairs = [(items[one], items[other]) for one, other in pairs]
    edges = {frozenset(pair) for pair in given_pairs}
    named = sorted({item for pair in given_pairs for item in pair}, key=lambda item: item.order)
    subsets = [set(chosen) for size in range(1, 8) for chosen in combinations(named, size)]
    for found, wanted in ((exclusive_sets(given_pairs), True), (joint_sets(given_pairs), False)):
        fitting = [
            subset
            for subset in subsets
            if all(
                (frozenset(pair) in edges) == wanted
                for pair in combinations(sorted(subset, key=lambda item: item.order), 2)
            )
        ]
        largest = {frozenset(subset) for subset in fitting if not any(subset < other for other in fitting)}
        assert {frozenset(chosen) for chosen in found} == largest
        assert len(found) == len(set(found))
