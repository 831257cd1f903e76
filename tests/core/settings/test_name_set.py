from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interlock.core.names import NormalizedName
from interlock.core.settings.name_set import EVERY, NO_NAMES, NameSet

NAMES = [NormalizedName(text) for text in ("a", "b", "0c")]
SETS = st.builds(NameSet, st.frozensets(st.sampled_from(NAMES)), st.booleans())


@given(SETS)
def test_a_set_is_read_back_as_it_is_written(names: NameSet) -> None:
    assert NameSet.from_texts(names.texts) == names
    assert list(names.texts) == sorted(names.texts)


@given(SETS)
def test_all_are_in_a_set_of_all(names: NameSet) -> None:
    assert [name for name in NAMES if name in names] == [name for name in NAMES if names.every or name in names.names]
    assert bool(names) == any(name in names for name in NAMES)


@given(SETS, SETS, st.sampled_from(NAMES))
def test_what_is_named_beats_what_is_meant_by_all(one: NameSet, other: NameSet, name: NormalizedName) -> None:
    rules = one.rules(name, against=other)
    if name in one.names:
        assert rules
    elif name in other.names:
        assert not rules
    else:
        assert rules == one.every


def test_nobody_and_everybody() -> None:
    assert (EVERY.texts, NO_NAMES.texts) == ((":all:",), ())
