"""What a manifest may not say, by the words that it is told in; and what is read, but not honoured."""

from __future__ import annotations

import pytest

from interlock.core.manifests.manifest import Manifest
from interlock.core.manifests.parse import parse_manifest
from interlock.core.manifests.problems import BrokenToml, InvalidManifest
from interlock.core.settings.build_cache import NamedBuildCache
from interlock.core.sources.source import Directory, Member

PROJECT = '[project]\nname = "a"\nversion = "1"\n'
POETRY = '[tool.poetry]\nname = "a"\nversion = "1"\n'
OURS = PROJECT + "[tool.interlock]\n"
SOURCES = PROJECT + "[tool.interlock.sources]\n"
NEEDS = POETRY + "[tool.poetry.dependencies]\n"


def parse(text: str) -> Manifest:
    return parse_manifest(text.encode(), path=".", file="pyproject.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PROJECT + "description = 1\n[tool.interlock]\n", "`project.description` must be a string."),
        (PROJECT + "urls = 1\n[tool.interlock]\n", "`project.urls` must be a table."),
        (PROJECT + "[project.scripts]\nrun = 1\n", "`project.scripts.run` must be a string."),
        (PROJECT + "dependencies = [\"b ; python_version ~= '3'\"]\n", "has the marker of"),
        (PROJECT + '[project.optional-dependencies]\n"-" = []\n', "is not a valid name for an extra"),
        (SOURCES + '"-" = { path = "x" }\n', "is not a package name"),
        (SOURCES + 'B = { path = "x" }\nb = { path = "y" }\n', "has two entries"),
        (SOURCES + 'b = { path = "" }\n', "needs a path"),
        (SOURCES + 'b = { git = "" }\n', "needs the URL of a repository"),
        (SOURCES + "b = { git = 1 }\n", "needs the URL of a repository"),
        (SOURCES + "b = { workspace = 1 }\n", "workspace"),
        (SOURCES + 'b = { path = "x", marker = "python_version ~= \'3\'" }\n', "has the marker"),
        (OURS + "conflicts = [[1, 2]]\n", "has an item that is not a table"),
        (OURS + "config-settings = { x = 1 }\n", "must be a string or a list of strings"),
        (OURS + 'extra-build-dependencies = { "-" = [] }\n', "is not a package name"),
        (OURS + 'extra-build-dependencies = { b = ["!"] }\n', "has an invalid requirement"),
        (OURS + "limits = { page-size = -1 }\n", "must be a number of bytes or entries"),
        (OURS + "limits = { page-size = true }\n", "must be a number of bytes or entries"),
        (OURS + "limits = { pages = 1 }\n", "pages"),
        (OURS + "dependency-groups = { dev = 1 }\n", "must be a table"),
        (PROJECT + 'license = { file = "a", text = "b" }\n[tool.interlock]\n', "needs either `file` or `text`"),
        (PROJECT + 'readme = { content-type = "text/plain" }\n[tool.interlock]\n', "needs either `file` or `text`"),
        (PROJECT + "authors = [{}]\n[tool.interlock]\n", "has an entry with neither `name` nor `email`"),
        (PROJECT + '[project.entry-points."a b!"]\nx = "y"\n[tool.interlock]\n', "is not a valid name for a group"),
        (
            PROJECT + '[project.entry-points.a]\nx = "y z"\n[tool.interlock]\n',
            "not `module` or `module:object`",
        ),
        (PROJECT + '[build-system]\nrequires = []\nbackend-path = ["../x"]\n', "is outside of the project"),
        (NEEDS + '"-" = "*"\n', "is not a package name"),
        (NEEDS + 'b = "1 oops"\n', "version"),
        (NEEDS + 'b = { version = "*", python = "oops" }\n', "is not understood"),
        (NEEDS + 'python = "oops"\n', "is not understood"),
        (POETRY + "[tool.poetry.group.x]\n[tool.poetry.group]\n'-' = {}\n", "is not a group"),
        (POETRY + '[[tool.poetry.source]]\nname = "x"\n', "has an entry without `name` or `url`"),
    ],
)
def test_a_mistake_is_told_in_words(text: str, words: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        parse(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = " + "[" * 20_000, "nested too deeply"),
        ('[tool]\nx = [{ y = ["a\\u0000"] }]\n', "NUL"),
    ],
)
def test_what_no_reader_should_have_to_bear_is_broken(text: str, words: str) -> None:
    with pytest.raises((BrokenToml, InvalidManifest)) as caught:
        parse(text)
    assert words.lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PROJECT + '[tool.uv.sources]\nb = { path = "x", package = true }\n', "`package` is not honoured"),
        (POETRY + '[tool.poetry.extras]\nx = ["b"]\n', "names `b`, which is no dependency"),
        (
            PROJECT + '[tool.uv]\nextra-build-dependencies = { b = [{ requirement = "c", match-runtime = true }] }\n',
            "`match-runtime` is not honoured",
        ),
    ],
)
def test_what_is_read_and_not_honoured_is_told_once(text: str, words: str) -> None:
    assert [warning for warning in parse(text).warnings if words in warning] != []


def test_sources_may_name_a_member_by_its_path_and_poetrys_files() -> None:
    manifest = parse(SOURCES + 'b = { workspace = "lib" }\nc = { workspace = true }\n')
    assert [rules[0].source for rules in manifest.sources.values()] == [Directory("lib", editable=True), Member("c")]  # type: ignore[arg-type]
    found = parse(NEEDS + 'b = { file = "vendor/b" }\n')
    assert [rules[0].source for rules in found.sources.values()] == [Directory("vendor/b")]


def test_limits_are_read() -> None:
    assert parse(OURS + "limits = { page-size = 5 }\n").settings.limits == {"page-size": 5}


def test_scripts_of_poetry_are_those_that_are_entry_points() -> None:
    scripts = 'a = "m:f"\nb = { reference = "m:g", type = "console" }\nc = { reference = "x.sh", type = "file" }\n'
    found = parse(POETRY + "[tool.poetry.scripts]\n" + scripts + 'd = { callable = "m:h" }\n')
    assert found.scripts == {"a": "m:f", "b": "m:g", "d": "m:h"}


def test_poetrys_older_priorities_of_indexes() -> None:
    sources = "".join(
        f'[[tool.poetry.source]]\nname = "{name}"\nurl = "https://{name}.test/"\n{flag} = true\n'
        for name, flag in (("one", "secondary"), ("two", "default"))
    )
    found = parse(POETRY + sources).settings.indexes
    assert {index.name: index.default for index in found} == {"one": False, "two": True}


def test_a_group_of_both_tables_has_its_sources_from_poetrys() -> None:
    text = PROJECT + '[dependency-groups]\ndev = ["b"]\n[tool.poetry.group.dev.dependencies]\nb = { git = "x/y" }\n'
    manifest = parse(text)
    assert [rule.group for rules in manifest.sources.values() for rule in rules] == ["dev"]
    assert len(manifest.groups) == 1


def test_a_package_that_is_built_where_it_is_used_is_told_by_name_or_all_are() -> None:
    assert parse(OURS + 'no-build-isolation-package = ["b"]\n').settings.not_isolated.texts == ("b",)
    assert parse(OURS + "no-build-isolation = true\n").settings.not_isolated.every


def test_the_service_of_a_workspace_is_read_or_refused() -> None:
    service = OURS + "[tool.interlock.service]\n"
    assert parse(service + 'url = "https://locks.test"\n').settings.service == "https://locks.test"
    assert parse(service).settings.service == ""
    with pytest.raises(InvalidManifest, match=r"tool\.interlock\.service"):
        parse(service + 'url = "ftp://locks.test"\n')


def test_names_backends_and_readmes_are_looked_at() -> None:
    with pytest.raises(InvalidManifest, match="a name is made of letters"):
        parse('[project]\nname = "-a"\nversion = "1"\n[tool.interlock]\n')
    backend = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = [".", "build"]\n'
    found = parse(
        PROJECT + 'readme = { file = "README.md", content-type = "text/plain" }\n' + OURS[len(PROJECT) :] + backend
    )
    assert found.warnings == ()


def test_the_cache_of_a_workspace_is_read_or_refused() -> None:
    cache = OURS + "[tool.interlock.cache]\n"
    found = parse(cache + 'url = "https://locks.test/cache"\nmode = "readwrite"\n').settings.build_cache
    assert (found.url, found.mode) == ("https://locks.test/cache", "readwrite")
    assert parse(cache).settings.build_cache == NamedBuildCache()
    for wrong in ('url = "ftp://locks.test"\n', 'mode = "rw"\n', "url = 1\n", 'token = "secret"\n'):
        with pytest.raises(InvalidManifest, match=r"tool\.interlock\.cache"):
            parse(cache + wrong)
