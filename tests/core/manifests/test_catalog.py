"""The catalog of a root, what members take of it, and what is wrong with either."""

from __future__ import annotations

import pytest

from interlock.core.manifests.catalog_ranges import filled, range_for
from interlock.core.manifests.manifest import CatalogTable, IncludeGroup, Manifest
from interlock.core.manifests.parse import parse_manifest
from interlock.core.manifests.problems import InvalidManifest
from interlock.core.names import NormalizedName, normalize_group
from interlock.core.requirements.requirement import format_requirement

HEAD = '[project]\nname = "a"\nversion = "1"\n'
A, B, C = map(NormalizedName, ("aa", "b-b", "cc"))


def parse(text: str, path: str = ".") -> Manifest:
    return parse_manifest((HEAD + text).encode(), path=path, file="pyproject.toml")


ROOT = parse(
    "[tool.interlock.catalog]\naa = '>=1'\n'B_b' = '<3,>=2'\n[tool.interlock.catalog.old]\naa = '<1'\ncc = '==4.*'\n"
).catalog


def test_the_root_has_ranges_by_catalog() -> None:
    assert CatalogTable(ranges={"": {A: ">=1", B: "<3,>=2"}, "old": {A: "<1", C: "==4.*"}}) == ROOT


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("", {A: "", B: "", C: ""}),
        ("catalog = false", {A: "", B: "", C: ""}),
        ("catalog = true", {A: ">=1", B: "<3,>=2", C: ""}),
        ("catalog = 'old'", {A: "<1", B: "<3,>=2", C: "==4.*"}),
        ("catalog = ['AA']", {A: ">=1", B: "", C: ""}),
        ("catalog = { aa = 'old', b-b = 'default', cc = 'none' }", {A: "<1", B: "<3,>=2", C: ""}),
    ],
)
def test_a_member_takes_what_it_says(said: str, taken: dict[NormalizedName, str]) -> None:
    member = parse(f"[tool.interlock]\n{said}\n", "packages/a").catalog
    assert {name: range_for(member, ROOT, name) for name in taken} == taken


def test_only_what_is_bare_is_filled() -> None:
    text = (
        "dependencies = ['aa', 'b-b>=9', 'cc @ https://h.test/cc-1.zip']\n"
        "[project.optional-dependencies]\nx = ['b-b ; os_name == \"nt\"']\n"
        "[dependency-groups]\ng = ['aa', { include-group = 'h' }]\nh = ['zz']\n"
    )
    manifest = parse(text)
    every = CatalogTable(every=True)
    found = filled(manifest, every, ROOT, frozenset())
    assert [format_requirement(item) for item in found.dependencies] == [
        "aa>=1",
        "b-b>=9",
        "cc @ https://h.test/cc-1.zip",
    ]
    assert [item.specifier for (item,) in found.extras.values()] == ["<3,>=2"]
    first, second = found.groups[normalize_group("g")]
    assert not isinstance(first, IncludeGroup)
    assert first.specifier == ">=1"
    assert isinstance(second, IncludeGroup)
    assert filled(manifest, every, ROOT, frozenset([A, B])) is manifest


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("[tool.interlock.catalog]\n'a b' = '>=1'\n", "is not a package name"),
        ("[tool.interlock.catalog]\naa = 'soon'\n", "has `soon`, which is no range of versions"),
        ("[tool.interlock.catalog]\naa = ''\n", "which is no range of versions"),
        ("[tool.interlock.catalog.old]\n'a b' = '>=1'\n", "is not a package name"),
        ("[tool.interlock]\ncatalog = 3\n", "catalog"),
    ],
)
def test_what_is_no_catalog_is_named(said: str, told: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        parse(said)
    assert told in caught.value.message


def test_imports_that_are_not_judged_are_names() -> None:
    assert parse("[tool.interlock.imports]\nignore = ['Pytest_Cov']\n").name == "a"
    with pytest.raises(InvalidManifest, match="ignore"):
        parse("[tool.interlock.imports]\nignore = ['a b']\n")
