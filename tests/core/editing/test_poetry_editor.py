"""Poetry's own tables changed in their text: what is written is what Poetry's dialect reads back."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.editing.manifest_editor import ManifestEditor, Target
from interlock.core.editing.mixed_editor import MixedEditor
from interlock.core.editing.open_manifest import open_manifest
from interlock.core.editing.poetry_editor import PoetryEditor, SeveralEntries
from interlock.core.manifests.manifest import Manifest
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import ExtraName, normalize_group, normalize_name
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import format_requirement

MANIFEST = """\
# ours
[tool.poetry]
name = "app"
version = "1"

[tool.poetry.dependencies]
python = "^3.11"
Flask = "^3.0"  # the web
opt = { version = "^1", optional = true }

[tool.poetry.extras]
more = ["opt", "flask"]

[tool.poetry.group.Test.dependencies]
# runs the tests
pytest = "^8"
"""
SOURCES = ("tool", "interlock", "sources")


def editor(text: str = MANIFEST) -> PoetryEditor:
    found = open_manifest(text.encode(), "pyproject.toml", sources=SOURCES)
    assert isinstance(found, PoetryEditor)
    return found


def read(edited: ManifestEditor) -> Manifest:
    return parse_manifest(edited.data, path=".", file="pyproject.toml")


def put(edited: ManifestEditor, target: Target, text: str) -> None:
    edited.put(target, parse_requirement(text), text)


def asked(manifest: Manifest) -> list[str]:
    return [format_requirement(requirement) for requirement in manifest.dependencies]


def test_the_dialect_of_the_file_decides_the_editor() -> None:
    standard = open_manifest(
        b'[project]\nname = "a"\n[tool.poetry]\npackages = []\n', "pyproject.toml", sources=SOURCES
    )
    assert type(standard) is MixedEditor
    assert type(open_manifest(b"", "pyproject.toml", sources=SOURCES)) is ManifestEditor
    assert editor().targets() == (Target(), Target("group", "Test"))
    old = editor('[tool.poetry]\nname = "a"\n[tool.poetry.dev-dependencies]\nx = "*"\n')
    assert old.targets() == (Target(), Target("group", "dev"))


def test_a_version_is_changed_in_place() -> None:
    edited = editor()
    put(edited, Target(), "flask>=3.1,<4")
    assert edited.data.decode() == MANIFEST.replace('Flask = "^3.0"  # the web', 'Flask = "<4,>=3.1"  # the web')
    assert asked(read(edited)) == ["flask<4,>=3.1"]


def test_a_new_one_is_written_as_poetry_writes_it() -> None:
    edited = editor()
    put(edited, Target(), "Rich")
    put(edited, Target(), "httpx[http2,socks]>=0.28 ; python_version < '3.13'")
    values = tomllib.loads(edited.data.decode())["tool"]["poetry"]["dependencies"]
    assert values["Rich"] == "*"
    assert values["httpx"] == {
        "version": ">=0.28",
        "extras": ["http2", "socks"],
        "markers": "python_version < '3.13'",
    }
    assert asked(read(edited)) == ["flask<4.0,>=3.0", "rich", 'httpx[http2,socks]>=0.28 ; python_version < "3.13"']


def test_an_extra_lists_an_optional_dependency() -> None:
    edited = editor()
    put(edited, Target("extra", "fast"), "speedups>=2")
    manifest = read(edited)
    assert [item.name for item in manifest.extras[ExtraName("fast")]] == ["speedups"]
    assert "speedups>=2" not in asked(manifest)
    put(edited, Target("extra", "fast"), "speedups>=3")
    assert tomllib.loads(edited.data.decode())["tool"]["poetry"]["extras"]["fast"] == ["speedups"]


@pytest.mark.parametrize("name", ["test", "Test", "TEST"])
def test_groups_are_found_whatever_their_case(name: str) -> None:
    edited = editor()
    put(edited, Target("group", name), "coverage>=7")
    assert [item.name for item in edited.requirements(Target("group", name))] == ["pytest", "coverage"]
    assert read(edited).groups[normalize_group("test")] == edited.requirements(Target("group", name))


def test_a_new_group_and_the_old_table_of_development_dependencies() -> None:
    edited = editor()
    put(edited, Target("group", "docs"), "mkdocs")
    assert [item.name for item in edited.requirements(Target("group", "docs"))] == ["mkdocs"]
    old = editor('[tool.poetry]\nname = "a"\n[tool.poetry.dev-dependencies]\nx = "*"\n')
    put(old, Target("group", "dev"), "y>=1")
    assert tomllib.loads(old.data.decode())["tool"]["poetry"]["dev-dependencies"] == {"x": "*", "y": ">=1"}


def test_what_is_removed_leaves_the_extras_too() -> None:
    edited = editor()
    assert edited.remove(Target(), normalize_name("Opt"))
    assert edited.remove(Target(), normalize_name("flask"))
    manifest = read(edited)
    assert asked(manifest) == []
    assert manifest.extras == {ExtraName("more"): ()}
    assert manifest.warnings == ()
    assert "# runs the tests" in edited.data.decode()
    assert not edited.remove(Target(), normalize_name("flask"))
    assert not edited.remove(Target("group", "none"), normalize_name("pytest"))


def test_requirements_that_cannot_be_read_as_versions_are_listed_all_the_same() -> None:
    edited = editor(
        '[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\npython = "^3"\nodd = "what ever"\n'
        + 'near = { path = "../near" }\nmany = [{ version = "1" }]\n"not a name!" = "*"\n'
    )
    assert [format_requirement(item) for item in edited.requirements(Target())] == ["odd", "near", "many"]
    assert edited.requirements(Target("group", "none")) == ()


def test_sources_stand_with_the_dependency() -> None:
    edited = editor()
    edited.set_source("flask", {"git": "https://git.test/flask.git", "rev": "main"})
    edited.set_source("PyTest", {"index": "corp"})
    edited.set_source("opt", {"path": "../opt", "editable": True})
    values = tomllib.loads(edited.data.decode())["tool"]["poetry"]
    assert values["dependencies"]["Flask"] == {"git": "https://git.test/flask.git", "rev": "main"}
    assert values["dependencies"]["opt"] == {"optional": True, "path": "../opt", "develop": True}
    assert values["group"]["Test"]["dependencies"]["pytest"] == {"version": "^8", "source": "corp"}


def test_a_member_is_named_in_our_own_table() -> None:
    edited = editor()
    put(edited, Target(), "lib")
    edited.set_source("lib", {"workspace": True})
    values = tomllib.loads(edited.data.decode())["tool"]
    assert values["interlock"]["sources"] == {"lib": {"workspace": True}}
    assert values["poetry"]["dependencies"]["lib"] == "*"


_TEXTS = st.builds(
    lambda name, extras, specifier, marker: f"{name}{extras}{specifier}{marker}",
    st.sampled_from(["new", "Other_One", "x.y"]),
    st.sampled_from(["", "[a]", "[b,a]"]),
    st.sampled_from(["", ">=1", "==1.*", ">=1,!=1.5,<2", "~=1.4", "==1.0"]),
    st.sampled_from(["", " ; sys_platform == 'win32'", " ; python_version < '3.12' or os_name == \"nt\""]),
)


@given(_TEXTS, st.sampled_from([Target(), Target("group", "Test"), Target("group", "new")]))
def test_what_is_put_is_what_is_read_and_removing_it_restores_the_meaning(text: str, target: Target) -> None:
    edited = editor()
    before = read(edited)
    put(edited, target, text)
    manifest = read(edited)
    entries = manifest.dependencies if target.kind == "dependencies" else manifest.groups[normalize_group(target.name)]
    assert entries[-1] == parse_requirement(text)
    assert edited.remove(target, parse_requirement(text).name)
    after = read(edited)
    assert after.dependencies == before.dependencies
    assert {key: value for key, value in after.groups.items() if value} == before.groups


MIXED = """\
[project]
name = "app"
version = "1"
dependencies = ["flask"]

[dependency-groups]
lint = ["ruff"]

[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
markdown = "^3"

[tool.poetry.group.lint.dependencies]
ruff = { source = "inner" }
"""


def test_a_group_of_a_standard_project_is_changed_where_it_stands() -> None:
    edited = open_manifest(MIXED.encode(), "pyproject.toml", sources=SOURCES)
    docs, lint = Target("group", "docs"), Target("group", "lint")
    assert edited.targets() == (Target(), lint, docs)
    put(edited, docs, "jinja2>=3,<4")
    put(edited, lint, "mypy")
    put(edited, Target(), "attrs")
    put(edited, Target("group", "new"), "rich")
    edited.set_source("jinja2", {"git": "https://git.test/j.git"})
    edited.set_source("attrs", {"index": "inner"})
    found = tomllib.loads(edited.data.decode())
    assert found["project"]["dependencies"] == ["flask", "attrs"]
    assert found["dependency-groups"] == {"lint": ["ruff", "mypy"], "new": ["rich"]}
    assert found["tool"]["poetry"]["group"] == {
        "docs": {"optional": True, "dependencies": {"markdown": "^3", "jinja2": {"git": "https://git.test/j.git"}}},
        "lint": {"dependencies": {"ruff": {"source": "inner"}}},
    }
    assert found["tool"]["interlock"]["sources"] == {"attrs": {"index": "inner"}}
    assert edited.remove(docs, normalize_name("markdown"))
    assert not edited.remove(docs, normalize_name("flask"))
    assert [item.name for item in edited.requirements(docs)] == ["jinja2"]


def test_dynamic_dependencies_are_changed_in_poetrys_table() -> None:
    text = (
        '[project]\nname = "app"\nversion = "1"\ndynamic = ["dependencies"]\n'
        '[tool.poetry.dependencies]\npython = "^3.11"\nflask = "^3"\n'
    )
    edited = open_manifest(text.encode(), "pyproject.toml", sources=SOURCES)
    put(edited, Target(), "attrs>=23")
    assert asked(read(edited)) == ["flask<4,>=3", "attrs>=23"]
    assert edited.data.decode() == text + 'attrs = ">=23"\n'


def test_a_table_with_a_header_of_its_own_keeps_it() -> None:
    edited = editor('[tool.poetry]\nname = "a"\n[tool.poetry.dependencies.flask]\ngit = "x"\noptional = true # may\n')
    put(edited, Target(), "flask>=3")
    assert edited.data.decode().endswith('[tool.poetry.dependencies.flask]\noptional = true # may\nversion = ">=3"\n')


def test_what_is_written_once_for_each_environment_is_not_guessed_at() -> None:
    several = 'b = [{ version = "1" }, { version = "2" }]\n'
    edited = editor('[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\n' + several)
    with pytest.raises(SeveralEntries, match="`b` has several entries"):
        put(edited, Target(), "b>=3")


def test_a_group_without_anything_is_still_a_group() -> None:
    edited = editor('[tool.poetry]\nname = "a"\nversion = "1"\n[tool.poetry.group]\nx.dependencies.b = "*"\n')
    assert edited.remove(Target("group", "x"), normalize_name("b"))
    assert read(edited).groups == {normalize_group("x"): ()}
