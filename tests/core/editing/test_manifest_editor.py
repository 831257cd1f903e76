"""The standard tables of a manifest changed in their text: what is put is what is read, and the rest stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.editing.manifest_editor import ManifestEditor, Target
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import normalize_extra, normalize_group, normalize_name
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.core.toml.array import insert

MANIFEST = """\
# ours
[project]
name = "app"
version = "1"
dependencies = [
    "Alpha>=1",  # first
    "delta ; os_name == 'nt'",
    "delta>=2 ; os_name != 'nt'",
    "zeta",
]

[project.optional-dependencies]
Fast-One = ["beta"]

[dependency-groups]
dev = ["pytest", { include-group = "lint" }]
lint = ["ruff"]

[tool.interlock.sources]
Alpha = { git = "https://h.test/a" }
"""
SOURCES = ("tool", "interlock", "sources")
TARGETS = [
    Target(),
    Target("extra", "fast_one"),
    Target("extra", "new"),
    Target("group", "Dev"),
    Target("group", "new"),
]


def editor(text: str = MANIFEST) -> ManifestEditor:
    return ManifestEditor(text.encode(), "pyproject.toml", sources=SOURCES)


def listed(edited: ManifestEditor, target: Target) -> list[Requirement]:
    """What the manifest's reader finds there."""
    manifest = parse_manifest(edited.data, path=".", file="pyproject.toml")
    if target.kind == "extra":
        return list(manifest.extras.get(normalize_extra(target.name), ()))
    if target.kind == "group":
        entries = manifest.groups.get(normalize_group(target.name), ())
        return [entry for entry in entries if isinstance(entry, Requirement)]
    return list(manifest.dependencies)


_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(TARGETS),
        st.sampled_from(["alpha", "Beta", "delta", "new", "zeta", "pytest"]),
        st.sampled_from([None, "", ">=3", " ; os_name == 'nt'"]),
    ),
    max_size=6,
)


@given(_CHANGES)
def test_any_changes_are_read_as_they_were_made(changes: list[tuple[Target, str, str | None]]) -> None:
    edited = editor()
    for target, name, rest in changes:
        before = listed(edited, target)
        others = [one for one in before if one.name != normalize_name(name)]
        if rest is None:
            assert edited.remove(target, normalize_name(name)) is (others != before)
            assert listed(edited, target) == others
            continue
        wanted = parse_requirement(name + rest)
        same = [one for one in before if one.name == wanted.name]
        edited.put(target, wanted, name + rest)
        if len(same) > 1:
            others += [one for one in same if one.marker != wanted.marker]
        assert sorted(map(str, listed(edited, target))) == sorted(map(str, [*others, wanted]))
        assert edited.requirements(target) == tuple(listed(edited, target))
    assert edited.data.startswith(b"# ours\n")


@pytest.mark.parametrize(
    ("target", "text", "line"),
    [
        (Target(), "alpha>=2", '    "alpha>=2",  # first\n'),
        (Target(), "delta>=3 ; os_name != 'nt'", "    \"delta>=3 ; os_name != 'nt'\",\n"),
        (Target(), "epsilon", '"delta>=2 ; os_name != \'nt\'",\n    "epsilon",\n    "zeta",\n'),
        (Target("group", "dev"), "aa", 'dev = ["pytest", { include-group = "lint" }, "aa"]\n'),
        (Target("extra", "fast-one"), "aa", 'Fast-One = ["beta", "aa"]\n'),
        (Target("group", "docs"), "mkdocs", 'docs = [\n    "mkdocs",\n]\n'),
    ],
)
def test_a_requirement_stands_where_a_reader_would_look_for_it(target: Target, text: str, line: str) -> None:
    edited = editor()
    edited.put(target, parse_requirement(text), text)
    assert line in edited.data.decode()


def test_a_list_that_is_no_list_and_entries_that_are_no_requirements_are_left_out() -> None:
    edited = editor('[project]\nname = "a"\ndependencies = ["!", "b", 1]\noptional-dependencies.x = []\n')
    assert [one.name for one in edited.requirements(Target())] == ["b"]
    assert edited.targets() == (Target(), Target("extra", "x"))
    assert editor("").targets() == (Target(),)
    assert [str(target) for target in editor().targets()] == [
        "dependencies",
        "extra Fast-One",
        "group dev",
        "group lint",
    ]
    dotted = editor('[project]\nname = "a"\nversion = "1"\n[dependency-groups]\n')
    dotted.put(Target("group", "x"), parse_requirement("b"), "b")
    assert listed(dotted, Target("group", "x")) == [parse_requirement("b")]


def test_sources_are_found_by_any_spelling() -> None:
    edited = editor()
    assert edited.source(normalize_name("ALPHA")) == ("Alpha", {"git": "https://h.test/a"})
    assert edited.source(normalize_name("beta")) is None
    edited.set_source("alpha", {"path": "a"})
    edited.set_source("beta", {"index": "own"})
    assert b'Alpha = { path = "a" }\nbeta = { index = "own" }\n' in edited.data
    assert edited.remove_source(normalize_name("alpha"))
    assert not edited.remove_source(normalize_name("alpha"))
    assert not editor("").remove_source(normalize_name("alpha"))


def test_any_list_can_be_changed_and_begins_empty() -> None:
    edited = editor()
    for value in ("'b'", "'a'"):
        edited.edit_list(("tool", "x", "names"), lambda text, value=value: insert(text, 0, value))  # type: ignore[misc]
    assert b"names = [\n    'a',\n    'b',\n]" in edited.data
