"""Poetry's dialect: read as it stands, alone and as an addition to ``[project]``."""

from __future__ import annotations

import pytest

from interlock.core.manifests.manifest import IncludeGroup, Manifest, SourceRule
from interlock.core.manifests.parse import parse_manifest
from interlock.core.manifests.problems import InvalidManifest
from interlock.core.names import normalize_group, normalize_name
from interlock.core.requirements.requirement import format_requirement
from interlock.core.sources.source import Directory, File, Git, Index, Registry, Url
from interlock.core.versions.poetry_constraint import InvalidConstraint, platform_marker, python_marker, specifier_of

BUILD = '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
HEAD = '[tool.poetry]\nname = "My.App"\nversion = "1.2.0"\n'


def parse(text: str, path: str = ".") -> Manifest:
    return parse_manifest(text.encode(), path=path, file="pyproject.toml" if path == "." else f"{path}/pyproject.toml")


def asked(manifest: Manifest) -> list[str]:
    return [format_requirement(requirement) for requirement in manifest.dependencies]


@pytest.mark.parametrize(
    ("constraint", "specifier"),
    [
        ("^1.2.3", ">=1.2.3,<2.0.0"),
        ("^0.2.3", ">=0.2.3,<0.3.0"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0.0", ">=0.0,<0.1"),
        ("^0", ">=0,<1"),
        ("^2!1.4", ">=2!1.4,<2!2.0"),
        ("~1", ">=1,<2"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1.2.3", ">=1.2.3,<1.3.0"),
        ("~=1.4.5", "~=1.4.5"),
        ("1.*", "==1.*"),
        ("*", ""),
        ("1.2", "==1.2"),
        ("=1.2", "==1.2"),
        (">= 1.2, < 2", ">=1.2,<2"),
        (">=1.2 <2", ">=1.2,<2"),
        (">=1,!=1.5", ">=1,!=1.5"),
        ("<2 || >=2", ""),
        (">=1,<2 || >=2,<3", ">=1,<3"),
        ("^1.0 || ^3.0", ">=1.0,<4.0,!=2.0.*,!=2.1.*,!=2.2.*,!=2.3.*,!=2.4.*,!=2.5.*,!=2.6.*,!=2.7.*,!=2.8.*,!=2.9.*"),
        ("~2.7 || ^3.2", ">=2.7,<4.0,!=2.8.*,!=2.9.*,!=3.0.*,!=3.1.*"),
    ],
)
def test_constraints(constraint: str, specifier: str) -> None:
    assert specifier_of(constraint) == specifier


@pytest.mark.parametrize("constraint", ["^x", "latest", "1.2 foo", "^"])
def test_what_is_no_constraint(constraint: str) -> None:
    with pytest.raises(InvalidConstraint):
        specifier_of(constraint)


@pytest.mark.parametrize(
    ("constraint", "marker"),
    [
        ("^3.8", "python_version >= '3.8' and python_version < '4.0'"),
        ("3.8.*", "python_version == '3.8'"),
        (">=3.9.1", "python_full_version >= '3.9.1'"),
        ("<3.9 || >=3.12", "python_version < '3.9' or python_version >= '3.12'"),
    ],
)
def test_python_as_a_marker(constraint: str, marker: str) -> None:
    assert python_marker(constraint) == marker
    assert platform_marker("win32") == "sys_platform == 'win32'"


def test_a_project_of_its_own() -> None:
    manifest = parse(
        HEAD
        + '[tool.poetry.dependencies]\npython = "^3.9"\nRequests = "^2.13"\nany = "*"\n'
        + 'pre = { version = "^1", allow-prereleases = true }\n'
        + 'final = { version = "^1", allow-prereleases = false }\n'
        + 'full = { version = "~1.2", extras = ["b", "a"], python = "<3.11", platform = "linux",'
        + " markers = \"os_name == 'x'\" }\n"
        + 'two = [{ version = "<2", python = "<3.10" }, { version = ">=2", python = ">=3.10" }]\n'
        + 'opt = { version = ">=1", optional = true }\n'
        + '[tool.poetry.extras]\nMore = ["opt", "any"]\n'
        + '[tool.poetry.scripts]\nrun = "a:b"\nshell = { reference = "bin/x.sh", type = "file" }\n'
        + BUILD
    )
    assert (manifest.name, manifest.display_name, manifest.version) == ("my-app", "My.App", "1.2.0")
    assert (manifest.requires_python, manifest.dialect, manifest.package) == ("<4.0,>=3.9", "poetry", True)
    assert asked(manifest) == [
        "requests<3.0,>=2.13",
        "any",
        "pre<2,>=0.dev0,>=1",
        "final<2,>=1",
        'full[a,b]<1.3,>=1.2 ; os_name == "x" and python_version < "3.11" and sys_platform == "linux"',
        'two<2 ; python_version < "3.10"',
        'two>=2 ; python_version >= "3.10"',
    ]
    assert {extra: [item.name for item in items] for extra, items in manifest.extras.items()} == {
        "more": ["opt", "any"]
    }
    assert manifest.only_finals == {"final"}
    assert manifest.scripts == {"run": "a:b"}
    assert manifest.warnings == ()


def test_groups_that_are_the_same_when_normalised() -> None:
    with pytest.raises(InvalidManifest, match=r"dev-tools` is the same group as `Dev_Tools`"):
        parse(HEAD + "[tool.poetry.group.Dev_Tools.dependencies]\n[tool.poetry.group.dev-tools.dependencies]\n")


def test_groups() -> None:
    manifest = parse(
        HEAD
        + '[tool.poetry.dev-dependencies]\nold = "*"\n'
        + '[tool.poetry.group.test.dependencies]\npytest = "^8"\n'
        + '[tool.poetry.group.docs]\noptional = true\ninclude-groups = ["test"]\n'
        + '[tool.poetry.group.docs.dependencies]\nmkdocs = "*"\n'
        + BUILD
    )
    assert list(manifest.groups) == ["dev", "test", "docs"]
    assert manifest.groups[normalize_group("docs")][0] == IncludeGroup(normalize_group("test"))
    assert manifest.optional_groups == {"docs"}
    assert manifest.default_groups == ("all",)


def test_where_dependencies_come_from() -> None:
    manifest = parse(
        HEAD
        + "[tool.poetry.dependencies]\n"
        + 'g = { git = "https://git.test/g.git", branch = "main", subdirectory = "x" }\n'
        + 's = { git = "git@git.test:o/s.git", tag = "v1" }\n'
        + 'd = { path = "../d", develop = true }\nw = { path = "w-1.0-py3-none-any.whl" }\n'
        + 'u = { url = "https://files.test/u-1.0.zip" }\ni = { version = "^1", source = "inner" }\n'
        + 't = [{ version = "1", source = "cpu", markers = "sys_platform == \'darwin\'" },'
        + ' { version = "1", source = "gpu", markers = "sys_platform != \'darwin\'" }]\n'
        + BUILD,
        path="packages/app",
    )

    def rules(name: str) -> tuple[SourceRule, ...]:
        return manifest.sources[normalize_name(name)]

    assert rules("g")[0].source == Git(url="https://git.test/g.git", reference="branch:main", subdirectory="x")
    assert rules("s")[0].source == Git(url="ssh://git@git.test/o/s.git", reference="tag:v1")
    assert rules("d")[0] == SourceRule(source=Directory(path="packages/d", editable=True), editable=True)
    assert rules("w")[0].source == File(path="packages/app/w-1.0-py3-none-any.whl")
    assert rules("u")[0].source == Url("https://files.test/u-1.0.zip")
    assert rules("i")[0].source == Registry("inner")
    assert [(rule.source, rule.marker) for rule in rules("t")] == [
        (Registry("cpu"), 'sys_platform == "darwin"'),
        (Registry("gpu"), 'sys_platform != "darwin"'),
    ]


@pytest.mark.parametrize(
    ("sources", "order"),
    [
        ([], []),
        ([("a", "primary")], [("a", True, False)]),
        ([("a", "primary"), ("b", "primary")], [("a", False, False), ("b", True, False)]),
        ([("a", "supplemental")], [("pypi", True, False), ("a", False, False)]),
        ([("a", "explicit")], [("pypi", True, False), ("a", False, True)]),
        ([("pypi", "primary"), ("a", "primary")], [("pypi", True, False), ("a", False, False)]),
    ],
)
def test_priorities(sources: list[tuple[str, str]], order: list[tuple[str, bool, bool]]) -> None:
    text = "".join(
        f'[[tool.poetry.source]]\nname = "{name}"\npriority = "{priority}"\n'
        + ("" if name == "pypi" else f'url = "https://{name}.test/simple/"\n')
        for name, priority in sources
    )
    indexes: tuple[Index, ...] = parse(HEAD + text + BUILD).settings.indexes
    assert [(index.name, index.default, index.explicit) for index in indexes] == order


def test_it_adds_to_a_standard_project_for_locking_alone() -> None:
    manifest = parse(
        '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["lib>=1", "web"]\n'
        '[dependency-groups]\ntest = ["pytest"]\n'
        '[tool.poetry.dependencies]\nlib = { path = "../lib", develop = true }\nother = "^1"\n'
        '[tool.poetry.group.docs.dependencies]\nmkdocs = "*"\n' + BUILD
    )
    assert asked(manifest) == ["lib>=1", "web"]
    assert manifest.sources[normalize_name("lib")][0].source == Directory(path="../lib", editable=True)
    assert sorted(manifest.groups) == ["docs", "test"]
    assert manifest.dialect == "poetry"


def test_what_a_standard_project_leaves_to_it() -> None:
    manifest = parse(
        '[project]\nname = "a"\ndynamic = ["version", "dependencies", "requires-python", "readme"]\n'
        '[tool.poetry]\nversion = "3"\n[tool.poetry.dependencies]\npython = "^3.10"\nlib = "^1"\n' + BUILD
    )
    assert asked(manifest) == ["lib<2,>=1"]
    assert manifest.requires_python == "<4.0,>=3.10"
    assert manifest.dynamic == {"readme"}


def test_a_project_that_is_only_an_environment() -> None:
    manifest = parse('[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\nlib = "^1"\n', path="apps/web")
    assert (manifest.name, manifest.package, asked(manifest)) == ("web", False, ["lib<2,>=1"])


def test_another_tools_table_beside_a_standard_project_counts_instead() -> None:
    manifest = parse(
        '[project]\nname = "a"\nversion = "1"\n[tool.uv]\n[tool.poetry.group.docs.dependencies]\nmkdocs = "*"\n'
    )
    assert (manifest.dialect, manifest.groups) == ("uv", {})


def test_our_table_makes_a_poetry_project_a_workspace_root() -> None:
    manifest = parse(HEAD + BUILD + '[tool.interlock.workspace]\nmembers = ["libs/*"]\n')
    assert manifest.name == "my-app"
    assert manifest.workspace is not None
    assert manifest.dialect == "interlock"


def test_mistakes_are_named() -> None:
    with pytest.raises(InvalidManifest) as caught:
        parse('[tool.poetry]\n[tool.poetry.dependencies]\na = "^x"\nb = 3\n')
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {"tool.poetry.name", "tool.poetry.dependencies.a.version", "tool.poetry.dependencies.b"}
    assert "honoured" in parse(HEAD + '[tool.poetry.dependencies]\na = { vresion = "1" }\n').warnings[0]


def test_a_source_that_a_group_repeats_is_kept_once() -> None:
    text = (
        '[tool.poetry]\nname = "a"\nversion = "1"\n[tool.poetry.dependencies]\nlib = { path = "../lib" }\n'
        '[tool.poetry.group.dev.dependencies]\nlib = { path = "../lib" }\n'
    )
    manifest = parse_manifest(text.encode(), path="apps/a", file="apps/a/pyproject.toml")
    (rules,) = manifest.sources.values()
    assert [(rule.group, str(rule.source.path)) for rule in rules if isinstance(rule.source, Directory)] == [
        (None, "apps/lib")
    ]
