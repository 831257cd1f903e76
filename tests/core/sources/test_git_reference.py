from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.sources.git_reference import KINDS, GitReference, read_reference


@given(st.sampled_from(KINDS), st.text(min_size=1))
def test_a_reference_is_read_back_as_it_is_written(kind: str, name: str) -> None:
    reference = read_reference(f"{kind}:{name}")
    assert isinstance(reference, GitReference)
    assert (reference.kind, reference.name, str(reference)) == (kind, name, f"{kind}:{name}")


@pytest.mark.parametrize("text", ["", "main", "branch", "branch:", "commit:abc", "Branch:main", ":main"])
def test_everything_else_is_none(text: str) -> None:
    assert read_reference(text) is None
