"""Hashes beside addresses: what is read is what was written, whatever stands around it."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from interlock.core.artifacts.published import read_artifacts
from interlock.core.sources.hashes import ALGORITHMS, as_text, in_fragment, pairs

_HASHES = st.dictionaries(st.sampled_from(sorted(ALGORITHMS)), st.text("0123456789abcdef", min_size=1), max_size=4)
_OTHERS = st.lists(st.sampled_from(["egg=a", "subdirectory=b/c", "", "crc32=00", "sha256", "shake_128=00"]), max_size=4)


@given(_HASHES, _OTHERS, st.randoms(use_true_random=False))
def test_what_a_fragment_tells_is_found_in_any_order(hashes: dict[str, str], others: list[str], order: object) -> None:
    parts = [*(f"{name.upper()}={digest.upper()}" for name, digest in hashes.items()), *others]
    order.shuffle(parts)  # type: ignore[attr-defined]
    assert dict(pairs(in_fragment("&".join(parts)))) == hashes


@given(_HASHES)
def test_the_text_is_canonical(hashes: dict[str, str]) -> None:
    text = as_text(hashes.items())
    assert in_fragment(text) == text == as_text(reversed(hashes.items()))


def test_every_algorithm_can_be_computed_and_is_read_from_pages() -> None:
    for algorithm in sorted(ALGORITHMS):
        digest = hashlib.new(algorithm, b"x").hexdigest()
        entry = f'{{"filename": "a-1.0.tar.gz", "url": "a", "hashes": {{"{algorithm}": "{digest}"}}}}'
        (artifact,) = read_artifacts(memoryview(entry.encode()), 0)
        assert (artifact.sha256 or artifact.hashes) == (digest if algorithm == "sha256" else f"{algorithm}={digest}")
