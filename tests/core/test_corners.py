"""Corners of core that seldom come about, a row or two for each."""

from __future__ import annotations

import codecs

import pytest

from interlock.core.artifacts.tags import implied_marker, parse_wheel_filename
from interlock.core.editing.requirement_wishes import BadRequirement, parse_wish
from interlock.core.editing.script_metadata import BadScript, parse_script
from interlock.core.editing.workspace_conversion import workspace_root
from interlock.core.lock.freshness import Stale
from interlock.core.lock.moves import Moves
from interlock.core.lock.pins import Pin
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.manifests.parse import parse_manifest
from interlock.core.members.asks import MemberAsks
from interlock.core.members.sides import Sides
from interlock.core.metadata.edit import edit_manifest, without_local_sources
from interlock.core.names import ExtraName, NormalizedName
from interlock.core.requirements.bounds import Edge
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.resolver.causes import leaves, steps
from interlock.core.resolver.facts import Known, Universe
from interlock.core.resolver.incompatibility import Derived, Incompatibility, RootCause
from interlock.core.resolver.placed import Places, placed
from interlock.core.resolver.problem import DirectPackage
from interlock.core.resolver.report_text import where_from
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Source, Url
from interlock.core.versions.bump import BadBump, bump
from interlock.core.versions.hull import requires_python_hull
from interlock.core.versions.version_list import VersionList

A, B = NormalizedName("a"), NormalizedName("b")


def test_a_build_number_without_an_end_is_no_wheel() -> None:
    for digits in (200, 5000):
        assert parse_wheel_filename(f"a-1.0-{'1' * digits}-py3-none-any.whl") is None
    assert parse_wheel_filename("a-1.0-1x-py3-none-any.whl") is not None


def test_tags_of_a_python_with_its_minor_version_apart_are_understood() -> None:
    assert implied_marker("a-1.0-pp310-pypy310_pp73-linux_x86_64.whl") != implied_marker("a-1.0-py3-none-any.whl")


def test_a_url_that_cannot_be_fetched_is_refused_without_its_login() -> None:
    with pytest.raises(BadRequirement, match="cannot be fetched") as caught:
        parse_wish("https://ann:secret@h.test:99999/a-1.0.zip")
    assert "secret" not in str(caught.value)


def test_an_encoding_that_does_not_come_back_is_refused() -> None:
    assert codecs.lookup("utf-7")
    with pytest.raises(BadScript, match="utf-7"):
        parse_script(b"# -*- coding: utf-7 -*-\n# +AGE-\n", "x.py")


def test_a_workspace_without_conflicts_has_no_list_of_them() -> None:
    text = workspace_root(b"", ["a"], ()).decode()
    assert "conflicts" not in text


def test_a_tree_that_says_something_else_is_told_by_its_place() -> None:
    assert str(Stale(member=None, key="trees", kind="changed", path="vendor/a")).startswith("vendor/a: ")


def test_what_is_declared_to_conflict_is_known() -> None:
    one, other = ConflictItem(A, ExtraName("x")), ConflictItem(A, ExtraName("y"))
    sides = Sides([(one, other)])
    assert one in sides
    assert ConflictItem(B) not in sides


def test_of_several_sources_those_that_lead_elsewhere_stay() -> None:
    text = b'[tool.uv.sources]\na = [{ path = "x", marker = "os_name == \'nt\'" }, { index = "own" }]\n'
    assert without_local_sources(text) == b'[tool.uv.sources]\na = [{ index = "own" }]\n'


def test_what_poetry_lists_in_another_way_is_left_as_it_is() -> None:
    text = b'[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nb = [{ version = "*" }]\n'
    manifest = parse_manifest(text.replace(b'"a"\n', b'"a"\nversion = "1"\n'), path=".", file="pyproject.toml")
    assert manifest.dependencies != ()
    assert edit_manifest(text, {B: Edge(specifier=">=1")}) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [("a @ ftp://h.test/a.zip", "that begins with `ftp://` is not supported"), ("a @ git+ftp://h.test/a", "`ftp://`")],
)
def test_a_url_of_another_kind_is_not_supported(text: str, words: str) -> None:
    with pytest.raises(InvalidRequirement, match=words):
        parse_requirement(text)


def test_a_reference_without_a_scheme_is_a_path() -> None:
    assert parse_requirement("a @ ./a-1.0.zip").url == "./a-1.0.zip"


def test_a_universe_knows_where_its_candidates_are_and_no_others() -> None:
    universe = Universe(A, [(Registry("x"), VersionList(("1.0",)), None, None)])
    assert universe.source(0) == Registry("x")
    assert universe.find("1.0", Registry("y")) is None
    with pytest.raises(IndexError):
        universe.segment(1)


def test_a_mark_that_nobody_made_is_text() -> None:
    assert placed(Places().pieces("a\0007\0b"), lambda _: "x") == "a\0007\0b"


def test_a_tree_of_a_repository_is_known_by_its_commit_and_folder() -> None:
    assert Git(url="u", commit="c", subdirectory="s", lfs=True).identity == "c:s:lfs"


def test_a_stable_version_takes_no_number() -> None:
    with pytest.raises(BadBump, match="takes no number"):
        bump("1.0", ["stable=1"])


def test_ranges_without_a_lower_bound_have_no_hull() -> None:
    assert requires_python_hull([">=3.11", "<4"]) == ""


def test_a_lock_that_is_fresh_will_do_unless_something_is_to_move() -> None:
    assert not Moves().are_asked_for
    assert Moves(everything=True).are_asked_for
    assert Moves(packages={A: ""}).are_asked_for
    assert Moves(pins=(Pin(name=A, version="1"),)).are_asked_for


def test_settings_are_written_where_the_project_has_them() -> None:
    for table, dialect in (
        ("", "interlock"),
        ("[tool.uv]\nmanaged = true\n", "uv"),
        ("[tool.interlock]\n", "interlock"),
    ):
        text = f'[project]\nname = "a"\nversion = "1"\n{table}'
        assert parse_manifest(text.encode(), path=".", file="pyproject.toml").tool_table == ("tool", dialect)


def test_what_a_project_asks_for_is_gone_over_whole() -> None:
    text = b"""[project]
name = "a"
version = "1"
dependencies = ["b"]
optional-dependencies.x = ["c"]
[dependency-groups]
g = ["d", { include-group = "h" }]
h = ["e"]
"""
    manifest = parse_manifest(text, path=".", file="pyproject.toml")
    assert [one.name for one in manifest.published()] == ["b", "c"]
    assert [one.name for one in manifest.every()] == ["b", "c", "d", "e"]


def test_a_release_with_its_minor_version_apart_is_one() -> None:
    assert implied_marker("a-1.0-cp3_12-none-any.whl") == implied_marker("a-1.0-cp312-none-any.whl")


def test_what_two_derivations_share_is_told_once() -> None:
    fact = Incompatibility([(0, 1)], RootCause())
    both = Incompatibility([], Derived(fact, fact))
    assert steps(both) == [both, fact]
    assert leaves(both) == [fact]


def test_a_tree_asks_for_what_its_manifest_does() -> None:
    asks = MemberAsks(name=A, path="a", requires_python=">=3.12")
    tree = DirectPackage(source=Git(url="https://h.test/a", commit="c" * 40), asks=asks, extras=(ExtraName("x"),))
    known = tree.known
    assert known == Known(extras=frozenset({ExtraName("x")}), requires_python=">=3.12")


def test_a_marker_nested_beyond_the_stack_is_refused_and_not_a_crash() -> None:
    depth = 100_000
    with pytest.raises(InvalidRequirement, match="is not a valid requirement"):
        parse_requirement(f"a ; {'(' * depth}os_name == 'nt'{')' * depth}")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Registry("corp"), "index `corp`"),
        (Git(url="https://h.test/a", commit="c" * 40), "git https://h.test/a (cccccccccc)"),
        (Url("https://h.test/a.zip"), "https://h.test/a.zip"),
        (File("a.zip"), "a.zip"),
        (Directory("a"), "a"),
        (Member(A), "the member a"),
    ],
)
def test_a_report_names_every_kind_of_source(source: Source, words: str) -> None:
    assert where_from(source) == words
