"""What a workspace states of packages is believed, for the versions it is about; what backends compute is settled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.markers.diagram import parse_marker, restrict_extra
from interlock.core.metadata.by_extra import requirements_by_extra
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.stated import StatedMetadata
from interlock.core.metadata.static import settle_manifest, settle_metadata
from interlock.core.names import ExtraName, normalize_name
from interlock.core.requirements.parse import parse_requirement

A, B = normalize_name("a"), normalize_name("b")


def test_an_entry_counts_for_its_version_or_for_all_that_have_none() -> None:
    stated = StatedMetadata(
        [
            {"name": "A", "version": "1.0", "requires-dist": ["x"], "provides-extras": ["Fast_One"]},
            {"name": "a", "requires-python": ">=3.9, <4"},
            {"name": "a", "version": "1", "requires-dist": ["never"]},
        ]
    )
    first, other = stated.of(A, "1"), stated.of(A, "2.0")
    assert first is not None
    assert [requirement.name for requirement in first.requires] == ["x"]
    assert first.extras == ("fast-one",)
    assert other == Metadata(name=A, version="", requires_python="<4,>=3.9")
    assert stated.of(B, "1") is None
    assert repr(stated) == "<StatedMetadata of ['a']>"


def test_a_tree_whose_version_nobody_knows_has_the_only_one_that_is_stated() -> None:
    one = {"name": "a", "version": "1"}
    alone = StatedMetadata([one]).of_source(A)
    assert alone is not None
    assert alone.version == "1"
    assert StatedMetadata([one, {"name": "a", "version": "2"}]).of_source(A) is None
    assert StatedMetadata([{"name": "a"}]).of_source(A) is None
    assert StatedMetadata([one]).of_source(B) is None
    assert StatedMetadata([{"name": "a"}]).of(A, "7") is not None


_CONDITIONS = st.sampled_from(
    ["", "os_name == 'nt'", "extra == 'x'", "extra == 'y' and os_name == 'nt'", "extra != 'x'",
     "extra == 'x' or os_name == 'nt'", "extra == 'x' or extra == 'y'", "extra == 'x' and extra == 'y'"]
)  # fmt: skip


@given(st.lists(_CONDITIONS, max_size=4))
def test_with_at_most_one_extra_the_tables_say_what_the_metadata_says(conditions: list[str]) -> None:
    """A requirement under ``extra != 'x'`` holds without extras, and no table can take it back: it is left there."""
    requires = tuple(parse_requirement(f"p{at} ; {text}" if text else f"p{at}") for at, text in enumerate(conditions))
    metadata = Metadata(name=A, version="1", requires=requires, extras=(ExtraName("x"), ExtraName("y")))
    plain, extras = requirements_by_extra(metadata)
    for active in (None, ExtraName("x"), ExtraName("y")):
        chosen = frozenset() if active is None else frozenset((active,))
        tables = [*plain, *(extras[active] if active is not None else ())]
        for requirement in requires:
            said = restrict_extra(parse_marker(requirement.marker), chosen)
            alone = restrict_extra(parse_marker(requirement.marker), frozenset())
            written = [parse_marker(one.marker) for one in tables if one.name == requirement.name]
            found = parse_marker("os_name == 'a' and os_name == 'b'")
            for marker in written:
                found = found | marker
            assert found == said | alone


DYNAMIC = b"""\
[project]
name = "a"
dynamic = ["version", "dependencies", "optional-dependencies"]
"""


def test_a_manifest_is_settled_with_what_its_backend_computed() -> None:
    metadata = Metadata(
        name=A,
        version="1",
        requires=(parse_requirement("p>=1"), parse_requirement("q ; extra == 'x'")),
        extras=(ExtraName("x"),),
    )
    text = settle_manifest(DYNAMIC, metadata).decode()
    assert 'dependencies = ["p>=1"]' in text
    assert 'x = ["q"]' in text
    assert 'dynamic = ["version"]' in text
    some = settle_manifest(DYNAMIC.replace(b'"dependencies", ', b""), metadata).decode()
    assert "\ndependencies" not in some
    others = settle_manifest(DYNAMIC.replace(b', "optional-dependencies"', b""), metadata).decode()
    assert "optional" not in others


@pytest.mark.parametrize("text", [b'[project]\nname = "a"\n', b'[project]\nname = "a"\ndynamic = ["version"]\n'])
def test_a_manifest_that_leaves_nothing_open_stays_as_it_is(text: bytes) -> None:
    assert settle_manifest(text, Metadata(name=A, version="1")) is text


@pytest.mark.parametrize("end", [b"", b"\n\nDynamic: Requires-Dist\n", b"\n\r\nDynamic: Requires-Dist\r\n"])
def test_metadata_that_was_settled_says_so_in_its_head_alone(end: bytes) -> None:
    head = b"Metadata-Version: 2.2\nName: a\nDynamic: Requires-Dist\ndynamic : provides-extra\nDynamic: Summary"
    assert settle_metadata(head + end) == b"Metadata-Version: 2.2\nName: a\nDynamic: Summary" + end
