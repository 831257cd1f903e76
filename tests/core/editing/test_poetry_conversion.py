"""Poetry projects in the standard form: what is read before and after is the same, and nothing is lost."""

from __future__ import annotations

import tomllib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from interlock.core.editing.poetry_conversion import convert_poetry
from interlock.core.manifests.manifest import IncludeGroup, Manifest, SourceRule
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.core.sources.source import Member
from interlock.core.toml.document import format_key, format_value

HEAD = '[tool.poetry]\nname = "My.App"\nversion = "1.2.0"\n'
BUILD = '[build-system]\nrequires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"\n'


def parse(text: str, path: str = ".") -> Manifest:
    return parse_manifest(text.encode(), path=path, file="pyproject.toml")


def convert(text: str, path: str = ".") -> str:
    return convert_poetry(text.encode(), parse(text, path), "pyproject.toml").decode()


def _plain(requirement: Requirement | IncludeGroup) -> object:
    if isinstance(requirement, IncludeGroup):
        return requirement
    return msgspec.structs.replace(requirement, specifier=str(SpecifierSet(requirement.specifier)))


def meaning(manifest: Manifest) -> dict[str, object]:
    """All of a manifest that decides what is resolved, installed and built."""
    defaults = manifest.default_groups
    if defaults is None:
        defaults = tuple(group for group in manifest.groups if group == "dev")
    elif defaults == ("all",):
        defaults = tuple(group for group in manifest.groups if group not in manifest.optional_groups)
    return {
        # Every project of the standard form has a version.
        "name": (manifest.name, manifest.display_name, manifest.version or "0"),
        "python": SpecifierSet(manifest.requires_python),
        "dependencies": [_plain(item) for item in manifest.dependencies],
        "extras": {extra: [_plain(item) for item in items] for extra, items in manifest.extras.items()},
        "groups": {group: [_plain(item) for item in items] for group, items in manifest.groups.items()},
        "defaults": sorted(defaults),
        "scripts": (manifest.scripts, manifest.entry_points),
        "build": (manifest.build_system, manifest.package),
        "sources": manifest.sources,
        # The default index is asked whether or not it is named.
        "indexes": [index for index in manifest.settings.indexes if index.url],
    }


def same(text: str, path: str = ".") -> tuple[str, dict[str, Any]]:
    """Convert, and check that nothing has another meaning; the new text and what is in it."""
    after = convert(text, path)
    assert meaning(parse(after, path)) == meaning(parse(text, path)), after
    assert parse(after, path).warnings == ()
    return after, tomllib.loads(after)


def test_the_whole_of_a_project() -> None:
    text = (
        HEAD
        + 'description = "Sells \\"things\\""\nreadme = "README.md"\nlicense = "MIT"\nkeywords = ["a", "b"]\n'
        + 'classifiers = ["Topic :: Office"]\nmaintainers = ["Ann Other <ann@example.test>"]\n'
        + 'repository = "https://git.test/app"\n'
        + '[tool.poetry.urls]\n"Bug Tracker" = "https://bugs.test/"\n'
        + '[tool.poetry.dependencies]\npython = ">=3.9,<4"\nRequests = { version = "^2.13", extras = ["socks"] }\n'
        + 'two = [{ version = "<2", python = "<3.10" }, { version = ">=2", markers = "python_version >= \'3.10\'" }]\n'
        + '[tool.poetry.scripts]\nrun = "a:b"\n'
        + '[tool.poetry.plugins."app.plugins"]\none = "a.b:c"\n'
        + BUILD
    )
    after, values = same(text)
    project = values["project"]
    assert project["description"] == 'Sells "things"'
    assert project["readme"] == "README.md"
    assert project["license"] == "MIT"
    assert project["keywords"] == ["a", "b"]
    assert project["classifiers"] == ["Topic :: Office"]
    assert project["maintainers"] == [{"name": "Ann Other", "email": "ann@example.test"}]
    assert project["urls"] == {"Repository": "https://git.test/app", "Bug Tracker": "https://bugs.test/"}
    assert project["scripts"] == {"run": "a:b"}
    assert project["entry-points"] == {"app.plugins": {"one": "a.b:c"}}
    assert project["requires-python"] == ">=3.9,<4"
    assert project["dependencies"][0] == "Requests[socks]>=2.13,<3.0"
    assert "poetry" not in values.get("tool", {})
    assert after.endswith(BUILD)


def test_every_kind_of_source_moves_to_the_sources_table() -> None:
    text = (
        HEAD
        + '[tool.poetry.dependencies]\npython = "^3.11"\n'
        + 'branch = { git = "https://git.test/b.git", branch = "next", subdirectory = "python" }\n'
        + 'tag = { git = "https://git.test/t.git", tag = "v1" }\n'
        + 'plain = { git = "https://git.test/p.git" }\n'
        + 'link = { url = "https://files.test/link-1.0-py3-none-any.whl" }\n'
        + 'near = { path = "../near", develop = true }\n'
        + 'file = { path = "files/file-1.0.tar.gz" }\n'
        + 'inner = { version = "^1", source = "corp" }\n'
        + 'here = [{ path = "win", markers = "sys_platform == \'win32\'" },'
        + ' { version = ">=1", markers = "sys_platform != \'win32\'" }]\n'
        + '[tool.poetry.group.docs.dependencies]\ntheme = { path = "theme" }\n'
        + '[[tool.poetry.source]]\nname = "corp"\nurl = "https://corp.test/simple/"\npriority = "explicit"\n'
        + BUILD
    )
    for path in (".", "packages/app"):
        _, values = same(text, path)
        sources = values["tool"]["interlock"]["sources"]
        assert sources["branch"] == {"git": "https://git.test/b.git", "branch": "next", "subdirectory": "python"}
        assert sources["tag"] == {"git": "https://git.test/t.git", "tag": "v1"}
        assert sources["plain"] == {"git": "https://git.test/p.git"}
        assert sources["link"] == {"url": "https://files.test/link-1.0-py3-none-any.whl"}
        assert sources["inner"] == {"index": "corp"}
        assert sources["near"]["editable"] is True
        assert sources["here"]["marker"] == "sys_platform == 'win32'"
        assert sources["theme"]["group"] == "docs"
        assert values["tool"]["interlock"]["index"] == [
            {"name": "corp", "url": "https://corp.test/simple/", "explicit": True}
        ]


def test_groups_keep_their_includes_and_what_is_optional() -> None:
    text = (
        HEAD
        + '[tool.poetry.dependencies]\npython = "^3.11"\n'
        + '[tool.poetry.dev-dependencies]\nold = "*"\n'
        + '[tool.poetry.group.test.dependencies]\n# runs them\npytest = "^8"  # the runner\n'
        + '[tool.poetry.group.docs]\noptional = true\ninclude-groups = ["test"]\n'
        + '[tool.poetry.group.docs.dependencies]\nmkdocs = "*"\n'
        + BUILD
    )
    after, values = same(text)
    assert values["dependency-groups"] == {
        "dev": ["old"],
        "test": ["pytest>=8,<9"],
        "docs": [{"include-group": "test"}, "mkdocs"],
    }
    assert '    # runs them\n    "pytest>=8,<9",  # the runner\n' in after
    assert values["tool"]["interlock"]["default-groups"] == ["dev", "test"]


def test_all_groups_are_installed_as_poetry_did() -> None:
    text = (
        HEAD + '[tool.poetry.group.dev.dependencies]\na = "*"\n[tool.poetry.group.test.dependencies]\nb = "*"\n' + BUILD
    )
    _, values = same(text)
    assert values["tool"]["interlock"]["default-groups"] == "all"


def test_a_project_that_is_only_an_environment() -> None:
    text = '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = "^3.11"\na = "^1"\n'
    _, values = same(text)
    assert values["project"]["version"] == "0"
    assert values["tool"]["interlock"] == {"package": False}


def test_what_only_the_build_needs_stays_with_poetry() -> None:
    text = (
        HEAD
        + 'readme = ["README.md", "CHANGES.md"]\npackages = [{ include = "app", from = "src" }]\n'
        + 'include = ["data/*"]\n'
        + '[tool.poetry.scripts]\nrun = "a:b"\nshell = { reference = "bin/x.sh", type = "file" }\n'
        + BUILD
    )
    _, values = same(text)
    # poetry-core takes a readme of several files from its own table, where [project] says that it is dynamic.
    assert values["project"]["dynamic"] == ["readme"]
    assert values["tool"]["poetry"] == {
        "readme": ["README.md", "CHANGES.md"],
        "packages": [{"include": "app", "from": "src"}],
        "include": ["data/*"],
        "scripts": {"shell": {"reference": "bin/x.sh", "type": "file"}},
    }


def test_a_licence_that_is_no_expression_is_kept_as_text() -> None:
    """``license`` in ``[project]`` has to be an SPDX expression (PEP 639); Poetry takes any text."""
    _, values = same(HEAD + 'license = "Apache 2.0, more or less"\n' + BUILD)
    assert values["project"]["license"] == {"text": "Apache 2.0, more or less"}
    _, values = same(HEAD + 'license = "Apache-2.0 OR MIT"\n' + BUILD)
    assert values["project"]["license"] == "Apache-2.0 OR MIT"


def test_a_project_table_keeps_what_it_says_and_gains_what_it_left_to_poetry() -> None:
    """Poetry 2: fields of ``[project]`` that are dynamic are said by Poetry's own table."""
    text = (
        '[project]\nname = "app"\ndynamic = ["version", "dependencies", "requires-python", "classifiers"]\n'
        + '# what it needs\n[tool.poetry]\nversion = "2.0"\npackages = [{ include = "app" }]\n'
        + '[tool.poetry.dependencies]\npython = "^3.11"\n# the web\nflask = "^3"\n'
        + '[tool.poetry.group.test.dependencies]\npytest = "^8"\n'
        + BUILD
    )
    after, values = same(text)
    assert values["project"]["dependencies"] == ["flask>=3,<4"]
    assert values["project"]["requires-python"] == ">=3.11,<4.0"
    assert values["project"]["dynamic"] == ["classifiers"]
    assert values["project"]["version"] == "2.0"
    assert values["tool"]["poetry"] == {"packages": [{"include": "app"}]}
    assert "    # the web\n" in after


def test_a_project_table_gains_only_sources_and_groups() -> None:
    text = (
        '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["lib>=1"]  # all\n'
        + '[dependency-groups]\ndev = ["a"]\n'
        + '[tool.poetry]\nrequires-poetry = ">=2"\n[tool.poetry.dependencies]\nlib = { path = "../lib" }\n'
        + '[tool.poetry.group.docs.dependencies]\nb = "*"\n'
        + BUILD
    )
    after, values = same(text)
    assert (
        '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["lib>=1"]  # all\n'
        in after
    )
    assert values["dependency-groups"] == {"dev": ["a"], "docs": ["b"]}
    assert values["tool"]["interlock"]["sources"] == {"lib": {"path": "../lib"}}


def test_a_manifest_that_is_ours_already_is_left_alone() -> None:
    text = '[project]\nname = "app"\nversion = "1"\n[tool.interlock]\nenv = "member"\n' + BUILD
    assert convert(text) == text
    # Poetry's table is not read beside both of these, so nothing of it may be lost either.
    more = text + '[tool.poetry.group.test.dependencies]\npytest = "*"\n'
    assert convert(more) == more


def test_our_own_table_is_added_to() -> None:
    text = (
        HEAD
        + 'package-mode = false\n[tool.poetry.group.test.dependencies]\na = "*"\n[tool.interlock]\nenv = "member"\n'
    )
    _, values = same(text)
    assert values["tool"]["interlock"] == {"env": "member", "package": False, "default-groups": "all"}


def test_sources_and_indexes_of_ours_are_kept_and_not_said_twice() -> None:
    text = (
        HEAD
        + '[tool.poetry.dependencies]\npython = ">=3.11"\nlib = "*"\nother = { git = "https://x.test/o.git" }\n'
        + '[[tool.poetry.source]]\nname = "corp"\nurl = "https://corp.test/simple/"\npriority = "explicit"\n'
        + "[tool.interlock.sources]\nLib = { workspace = true }\n"
        + '[[tool.interlock.index]]\nname = "near"\nurl = "https://near.test/simple/"\n'
    )
    _, values = same(text)
    ours = values["tool"]["interlock"]
    assert ours["sources"] == {"Lib": {"workspace": True}, "other": {"git": "https://x.test/o.git"}}
    assert [index["name"] for index in ours["index"]] == ["near"]


def test_a_source_that_became_a_member_is_one_of_the_workspace() -> None:
    text = HEAD + '[tool.poetry.dependencies]\npython = ">=3.11"\nlib = { path = "../lib" }\n' + BUILD
    name = normalize_name("lib")
    manifest = msgspec.structs.replace(parse(text), sources={name: (SourceRule(source=Member(name)),)})
    values = tomllib.loads(convert_poetry(text.encode(), manifest, "pyproject.toml").decode())
    assert values["tool"]["interlock"]["sources"] == {"lib": {"workspace": True}}


def test_a_project_table_that_lacks_nothing_gains_nothing() -> None:
    text = '[project]\nname = "app"\nversion = "1"\n[tool.poetry]\nrequires-poetry = ">=2"\n' + BUILD
    converted, values = same(text)
    assert values["project"] == {"name": "app", "version": "1"}
    assert "interlock" not in converted


_NAMES = st.sampled_from(["a", "B_b", "c-c", "d.d", "e1"])
_CONSTRAINTS = st.sampled_from(["*", "^1.2", "~2", ">=1,<3", "1.*", "==1.0", "<2 || >=3,<4", "^0.3"])
_MARKERS = st.sampled_from(["sys_platform == 'win32'", "python_version < '3.12' or os_name == 'nt'"])


@st.composite
def _entries(draw: st.DrawFn) -> object:
    if draw(st.booleans()):
        return draw(_CONSTRAINTS)
    entry: dict[str, object] = {"version": draw(_CONSTRAINTS)}
    if draw(st.booleans()):
        entry["extras"] = draw(st.lists(st.sampled_from(["x", "y"]), min_size=1, unique=True))
    if draw(st.booleans()):
        entry["markers"] = draw(_MARKERS)
    if draw(st.booleans()):
        entry["python"] = draw(st.sampled_from(["^3.11", "<3.12"]))
    if draw(st.booleans()):
        entry["allow-prereleases"] = True
    return entry


@st.composite
def _projects(draw: st.DrawFn) -> str:
    def table(name: str) -> list[str]:
        entries = draw(st.dictionaries(_NAMES, _entries(), max_size=3))
        return [f"[tool.poetry.{name}]", *(f"{format_key(key)} = {format_value(e)}" for key, e in entries.items())]

    lines = [HEAD, *table("dependencies"), 'python = "^3.11"']
    if draw(st.booleans()):
        lines += ['opt = { version = "^1", optional = true }', "[tool.poetry.extras]", 'All-Of = ["opt"]']
    for group in draw(st.lists(st.sampled_from(["dev", "Test_It", "docs"]), unique=True)):
        if draw(st.booleans()):
            lines += [f"[tool.poetry.group.{group}]", "optional = true"]
        lines += table(f"group.{group}.dependencies")
    return "\n".join([*lines, BUILD])


@given(_projects())
def test_any_project_means_the_same_afterwards(text: str) -> None:
    after, values = same(text)
    assert "poetry" not in values.get("tool", {})
    assert convert(after) == after


def test_what_a_project_table_leaves_to_poetry_wholly_is_dynamic_no_more() -> None:
    text = (
        '[project]\nname = "a"\nversion = "1"\ndynamic = ["optional-dependencies"]\n[tool.poetry]\n'
        + '[tool.poetry.dependencies]\nb = { version = "*", optional = true }\n[tool.poetry.extras]\nx = ["b"]\n'
    )
    values = tomllib.loads(convert(text))
    assert values["project"] == {"name": "a", "version": "1", "optional-dependencies": {"x": ["b"]}}


@pytest.mark.parametrize(
    "tables",
    [
        '[tool.poetry.scripts]\nrun = "a:b"\n',
        "[tool.poetry.scripts]\n",
        'authors = ["Ann <ann@h.test>", "<@>"]\n',
        '[tool.poetry.dependencies]\nb = { url = "https://h.test/b-1.zip", subdirectory = "x" }\n',
        '[tool.poetry.dependencies]\nb = { url = "https://h.test/b-1.zip", extras = ["x"], optional = true }\n',
    ],
)
def test_odd_entries_mean_the_same_too(tables: str) -> None:
    same(HEAD + tables)


def test_an_author_without_a_form_is_kept_as_a_name() -> None:
    found = tomllib.loads(convert(HEAD + 'authors = ["Ann <"]\n' + BUILD))
    assert found["project"]["authors"] == [{"name": "Ann <"}]
