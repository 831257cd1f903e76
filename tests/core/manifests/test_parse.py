from __future__ import annotations

import msgspec
import pytest

from interlock.core.manifests.manifest import IncludeGroup, Manifest
from interlock.core.manifests.parse import parse_manifest
from interlock.core.manifests.problems import BrokenToml, InvalidManifest
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import Requirement

PROJECT = '[project]\nname = "A_b"\nversion = "1.0"\n'


def parse(text: str, path: str = ".") -> Manifest:
    file = "pyproject.toml" if path == "." else f"{path}/pyproject.toml"
    return parse_manifest(text.encode(), path=path, file=file)


def problems(text: str, path: str = ".") -> list[tuple[str, int | None]]:
    with pytest.raises(InvalidManifest) as caught:
        parse(text, path)
    return [(problem.key, problem.line) for problem in caught.value.problems]


def test_standard_tables_are_read() -> None:
    manifest = parse(
        PROJECT
        + """
requires-python = ">=3.9,<4"
dependencies = ["Foo.Bar[B, a] >= 1, < 2 ; python_version < '3.12'"]
[project.optional-dependencies]
Big_Extra = ["x"]
[project.scripts]
run = "pkg.cli:main"
[project.entry-points."pkg.plugins"]
one = "pkg.plugin"
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[dependency-groups]
Lint_All = ["ruff", {include-group = "TYPES"}]
types = ["mypy"]
"""
    )
    assert manifest.name == "a-b"
    assert manifest.display_name == "A_b"
    assert manifest.requires_python == "<4,>=3.9"
    wanted = Requirement(
        name=manifest.dependencies[0].name,
        specifier="<2,>=1",
        marker='python_version < "3.12"',
        extras=manifest.dependencies[0].extras,
    )
    assert manifest.dependencies == (wanted,)
    assert wanted.name == "foo-bar"
    assert wanted.extras == ("a", "b")
    assert list(manifest.extras) == ["big-extra"]
    assert manifest.entry_points == {"pkg.plugins": {"one": "pkg.plugin"}}
    assert {key: len(entries) for key, entries in manifest.groups.items()} == {"lint-all": 2, "types": 1}
    assert isinstance(manifest.groups[next(iter(manifest.groups))][1], IncludeGroup)
    assert manifest.package
    assert manifest.dialect == "standard"


def test_a_manifest_survives_the_cache_encoding() -> None:
    manifest = parse(
        PROJECT + 'dependencies = ["x"]\n'
        '[dependency-groups]\na = ["y", {include-group = "b"}]\n'
        '[tool.uv]\nconflicts = [[{extra="p"}, {group="q"}]]\n'
        '[tool.uv.sources]\nx = {git = "https://h.test/x", tag="v1"}\n'
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(manifest), type=Manifest) == manifest


def test_broken_toml_names_line_and_column() -> None:
    with pytest.raises(BrokenToml) as caught:
        parse('[project]\nname = "x\n')
    assert (caught.value.line, caught.value.column) == (2, 10) or caught.value.line == 2
    assert str(caught.value).startswith("pyproject.toml:2:")


def test_a_file_that_is_not_utf8_names_the_line() -> None:
    with pytest.raises(BrokenToml) as caught:
        parse_manifest(b'[project]\nname = "\xff"\n', path=".", file="pyproject.toml")
    assert caught.value.line == 2


def test_a_byte_order_mark_and_crlf_are_read() -> None:
    manifest = parse_manifest(b"\xef\xbb\xbf" + PROJECT.replace("\n", "\r\n").encode(), path=".", file="p")
    assert manifest.name == "a-b"


def test_all_problems_are_reported_at_once() -> None:
    text = """[project]
version = "one"
requires-python = "three"
dependencies = [
    "fine",
    "not a requirement",
    "x; python_versio < '3'",
]
[project.optional-dependencies]
a_b = []
A-b = []
"""
    assert problems(text) == [
        ("project.name", 1),
        ("project.version", 2),
        ("project.requires-python", 3),
        ("project.dependencies", 6),
        ("project.dependencies", 7),
        ("project.optional-dependencies.A-b", 11),
    ]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('dependancies = ["x"]', "project.dependancies"),
        ('optional_dependencies = {a = ["x"]}', "project.optional_dependencies"),
        ('dependencies = "x"', "project.dependencies"),
        ('dependencies = ["x>>1"]', "project.dependencies"),
        ('dynamic = ["name"]', "project.dynamic"),
        ('dynamic = ["version"]', "project.dynamic"),
        ('dynamic = ["nonsense"]', "project.dynamic"),
        ('scripts = {x = "no colon"}', "project.scripts"),
        ('scripts = {"../x" = "a:b"}', "project.scripts"),
        ('entry-points = {console_scripts = {x = "a:b"}}', "project.entry-points.console_scripts"),
    ],
)
def test_what_matters_for_resolving_is_an_error(line: str, key: str) -> None:
    assert [found for found, _ in problems(PROJECT + line + "\n")] == [key]


def test_an_unknown_key_comes_with_a_suggestion() -> None:
    with pytest.raises(InvalidManifest, match="Did you mean `dependencies`") as caught:
        parse(PROJECT + "dependancies = []\n")
    assert "pyproject.toml:4" in str(caught.value)


BACKEND_ONLY = [
    ('license = "Not A License!"', "project.license"),
    ('license = {text = "x"}\nlicense-files = ["L*"]', "project.license"),
    ('license-files = ["../LICENSE"]', "project.license-files"),
    ('authors = ["Ann <ann@x.test>"]', "project.authors"),
    ("readme = {content-type = 'text/plain'}", "project.readme"),
    ("homepage = 'https://x.test'", "project.homepage"),
    ('description = "two\\nlines"', "project.description"),
    ("keywords = 'a'", "project.keywords"),
]


@pytest.mark.parametrize(("line", "key"), BACKEND_ONLY)
def test_what_only_a_backend_reads_is_a_warning_elsewhere(line: str, key: str) -> None:
    manifest = parse(PROJECT + line + "\n")
    assert [key in warning for warning in manifest.warnings] == [True]


@pytest.mark.parametrize(("line", "key"), BACKEND_ONLY)
def test_what_only_a_backend_reads_is_an_error_in_our_dialect(line: str, key: str) -> None:
    assert [found for found, _ in problems(PROJECT + line + "\n[tool.interlock]\n")] == [key]


def test_a_field_may_be_static_and_dynamic_when_it_is_a_list() -> None:
    manifest = parse(PROJECT + 'dependencies = ["x"]\ndynamic = ["dependencies"]\n')
    assert manifest.dynamic == {"dependencies"}
    assert len(manifest.dependencies) == 1


def test_a_missing_version_has_to_be_dynamic() -> None:
    assert problems('[project]\nname = "a"\n') == [("project.version", 1)]
    assert parse('[project]\nname = "a"\ndynamic = ["version"]\n').version is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[build-system]\nbuild-backend = 'x'\n", "build-system.requires"),
        ("[build-system]\nrequires = ['x y']\n", "build-system.requires"),
        ("[build-system]\nrequires = []\nbuild_backend = 'x'\n", "build-system.build_backend"),
        ("[build-system]\nrequires = []\nbackend-path = ['../x']\n", "build-system.backend-path"),
        ("[build-system]\nrequires = []\nbuild-backend = 'a b'\n", "build-system.build-backend"),
    ],
)
def test_problems_of_the_build_system(text: str, key: str) -> None:
    assert [found for found, _ in problems(PROJECT + text)] == [key]


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("", False),
        ("[build-system]\nrequires = []\n", True),
        ("[tool.uv]\npackage = true\n", True),
        ("[build-system]\nrequires = []\n[tool.uv]\npackage = false\n", False),
    ],
)
def test_a_project_is_a_package_when_it_has_a_build_system(text: str, package: bool) -> None:
    manifest = parse(PROJECT + text)
    assert manifest.package is package
    assert (manifest.build_system is not None) is (package or "build-system" in text)


def test_without_a_project_the_root_is_virtual() -> None:
    manifest = parse("[tool.uv.workspace]\nmembers = ['packages/*']\n")
    assert manifest.name is None
    assert not manifest.package
    assert manifest.workspace is not None


def test_our_table_hides_uvs() -> None:
    manifest = parse(PROJECT + "[tool.uv]\nresolution = 'lowest'\nnonsense = 1\n[tool.interlock]\nenv = 'member'\n")
    assert manifest.dialect == "interlock"
    assert manifest.settings.resolution == "highest"
    assert manifest.settings.env == "member"
    assert manifest.warnings == ()


def test_an_unknown_key_in_our_table_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(InvalidManifest, match="Did you mean `sources`"):
        parse(PROJECT + "[tool.interlock]\nsource = {}\n")


def test_tables_for_later_commands_are_kept() -> None:
    manifest = parse(PROJECT + "[tool.interlock.tasks]\ntest = 'pytest'\n")
    assert manifest.kept == {"tasks": {"test": "pytest"}}


def test_uv_keys_that_are_not_honoured_are_warned_of() -> None:
    manifest = parse(PROJECT + "[tool.uv]\ntorch-backend = 'auto'\nfuture-key = 1\npip = {}\n")
    assert len(manifest.warnings) == 2
    assert all("not honoured" in warning for warning in manifest.warnings)


def test_settings_of_a_member_that_count_in_the_root_only_are_warned_of() -> None:
    text = PROJECT + "[tool.uv]\nconstraint-dependencies = ['x<2']\noverride-dependencies = ['y']\n"
    assert parse(text).warnings == ()
    assert [w.partition(":")[0] for w in parse(text, "packages/a").warnings] == ["packages/a/pyproject.toml"] * 2


def test_legacy_development_dependencies_join_the_group() -> None:
    manifest = parse(PROJECT + "[dependency-groups]\ndev = ['a']\n[tool.uv]\ndev-dependencies = ['b']\n")
    assert list(manifest.groups.values()) == [(parse_requirement("a"), parse_requirement("b"))]


def test_groups_are_not_judged_before_they_are_used() -> None:
    manifest = parse(PROJECT + "[dependency-groups]\nbad = ['no way!']\nodd = [{set = 1}]\nnone = 3\nfine = ['x']\n")
    assert set(manifest.group_problems) == {"bad", "odd", "none"}
    assert list(manifest.groups) == ["fine"]


def test_default_groups() -> None:
    assert parse(PROJECT).default_groups is None
    assert parse(PROJECT + "[tool.uv]\ndefault-groups = 'all'\n").default_groups == ("all",)
    assert parse(PROJECT + "[tool.uv]\ndefault-groups = ['A_b']\n").default_groups == ("a-b",)


def test_a_workspace_pattern_has_to_be_relative() -> None:
    assert problems("[tool.uv.workspace]\nmembers = ['/abs/*']\n") == [("tool.uv.workspace.members", 2)]
    assert problems("[tool.uv.workspace]\nmember = []\n") == [("tool.uv.workspace.member", 2)]


@pytest.mark.parametrize(("table", "tool"), [("uv", "uv"), ("interlock", "interlock"), ("black", "interlock")])
def test_settings_are_written_where_those_are_that_count(table: str, tool: str) -> None:
    manifest = parse_manifest(f"[tool.{table}]\n".encode(), path=".", file="pyproject.toml")
    assert manifest.tool_table == ("tool", tool)
