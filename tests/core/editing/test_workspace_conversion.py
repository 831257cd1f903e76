"""Projects of one repository as members of one workspace."""

from __future__ import annotations

import pytest

from interlock.core.editing.workspace_conversion import Gathered, gather, workspace_root
from interlock.core.manifests.manifest import SourceRule
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Directory, Index, Member, Registry
from tests.core.lock.locks import item

A, B = NormalizedName("a"), NormalizedName("b")


def gathered(**texts: str) -> Gathered:
    """Poetry projects by directory, each given by what stands in its tables after the name."""
    found = {}
    for path, text in texts.items():
        data = f'[tool.poetry]\nname = "{path}"\nversion = "1"\n{text}'.encode()
        found[path] = parse_manifest(data, path=path, file=f"{path}/pyproject.toml")
    return gather(found)


def index(name: str, url: str, priority: str = "") -> str:
    kind = f'priority = "{priority}"\n' if priority else ""
    return f'[[tool.poetry.source]]\nname = "{name}"\nurl = "{url}"\n{kind}'


def test_what_leads_to_a_project_of_the_repository_leads_to_the_member() -> None:
    found = gathered(a='[tool.poetry.dependencies]\nb = { path = "../b" }\nc = { path = "../elsewhere" }\n', b="")
    assert found.manifests["a"].sources[B] == (SourceRule(source=Member(B)),)
    assert found.manifests["a"].sources[NormalizedName("c")][0].source == Directory("elsewhere")
    assert found.notes == ()


@pytest.mark.parametrize(
    "tables",
    [
        '[tool.poetry.dependencies]\nb = "^1"\n',
        '[tool.poetry.dependencies]\nb = [{ path = "../b", python = "<3.12" }, { version = "*", python = ">=3.12" }]\n',
        '[tool.poetry.group.dev.dependencies]\nb = { url = "https://h.test/b-1.zip" }\n',
    ],
)
def test_what_led_elsewhere_and_leads_to_the_member_now_is_said(tables: str) -> None:
    found = gathered(a=tables, b="")
    assert found.manifests["a"].sources[B] == (SourceRule(source=Member(B)),)
    assert found.notes == (
        "a/pyproject.toml: `b` is the member in b now, and no more what its source or an index has by that name.",
    )


def test_an_optional_dependency_leads_to_the_member_too() -> None:
    tables = '[tool.poetry.dependencies]\nb = { path = "../b", optional = true }\n[tool.poetry.extras]\nx = ["b"]\n'
    assert gathered(a=tables, b="").manifests["a"].sources[B] == (SourceRule(source=Member(B)),)


def test_indexes_become_those_of_the_root_each_once() -> None:
    pinned = '[tool.poetry.dependencies]\np = { version = "*", source = "own" }\n'
    found = gathered(
        a=pinned + index("own", "https://own.test/", "explicit"),
        b=pinned + index("own", "https://other.test/", "explicit"),
        c=pinned + index("own", "https://own.test/", "explicit") + index("more", "https://more.test/"),
    )
    assert [(one.name, one.url, one.explicit) for one in found.indexes] == [
        ("own", "https://own.test/", True),
        ("own-b", "https://other.test/", True),
        ("more", "https://more.test/", False),
    ]
    sources = {path: manifest.sources[NormalizedName("p")][0].source for path, manifest in found.manifests.items()}
    assert sources == {"a": Registry("own"), "b": Registry("own-b"), "c": Registry("own")}
    assert found.notes == (
        "b/pyproject.toml: its index `own` is another one than that of others; now own-b.",
        "c/pyproject.toml: its index `more` is asked for all members now.",
    )
    assert all(manifest.settings.indexes == () for manifest in found.manifests.values())


def test_there_is_one_default_index_for_all() -> None:
    found = gathered(
        a=index("one", "https://one.test/", "primary"),
        b=index("two", "https://two.test/", "primary"),
        c=index("pypi", ""),
    )
    defaults = [one.name for one in found.indexes if one.default]
    assert len(defaults) <= 1
    assert [one.name for one in found.indexes] == ["one", "two"]


def test_what_is_not_in_the_form_of_poetry_keeps_its_own_sources() -> None:
    text = b'[project]\nname = "a"\nversion = "1"\ndependencies = ["b"]\n[tool.uv.sources]\nb = { path = "../b" }\n'
    manifest = parse_manifest(text, path="a", file="a/pyproject.toml")
    assert gather({"a": manifest}) == Gathered(manifests={"a": manifest})


ROOT = b'[project]\nname = "root"\nversion = "1"\n'
INDEXES = (
    Index(name="one", url="https://one.test/", default=True),
    Index(name="two", url="https://two.test/", explicit=True),
)
CONFLICTS = ((item("a"), item("b", group="g"), item("b", extra="x")),)


@pytest.mark.parametrize(("data", "dialect"), [(ROOT, "interlock"), (ROOT + b"[tool.uv]\n", "uv"), (b"", "interlock")])
def test_the_root_says_who_belongs_to_it(data: bytes, dialect: str) -> None:
    made = workspace_root(data, ["b", "a"], INDEXES, CONFLICTS)
    manifest = parse_manifest(made, path=".", file="pyproject.toml")
    assert manifest.dialect == dialect
    assert b'members = [\n    "a",\n    "b",\n]' in made
    assert set(manifest.settings.indexes) == set(INDEXES)
    assert manifest.settings.conflicts == CONFLICTS
    assert (b'env = "member"' in made) is (dialect == "interlock")
    plain = workspace_root(data, ["a"], ())
    assert b"conflicts" not in plain
    assert b"index" not in plain
