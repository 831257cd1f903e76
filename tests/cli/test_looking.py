"""why, outdated, check, licenses, info, about and debug."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.wheels import make_wheel


@pytest.fixture
def packages() -> Registry:
    found = registry(
        flask={"3.0": ["jinja>=3,<4", "click"]},
        jinja={"3.0": ["safe>=2"]},
        safe={"2.0": []},
        click={"8.0": ["safe; python_version >= '3'"]},
        unused={"1.0": []},
    )
    found.add(
        make_wheel(
            "plain",
            "1.0",
            metadata="Metadata-Version: 2.4\nName: plain\nVersion: 1.0\nLicense-Expression: AGPL-3.0-only\n",
        )
    )
    return found


@pytest.fixture
def shop(
    workspace: Path,
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    run: Run,
) -> Path:
    server = index(packages)
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(workspace))
    web = workspace / "apps/web/pyproject.toml"
    web.write_text(
        '[project]\nname = "web"\nversion = "3.0"\nrequires-python = ">=3.11"\ndependencies = ["flask", "plain"]\n'
        '[dependency-groups]\ndev = ["safe"]\n'
    )
    catalog = workspace / "packages/catalog/pyproject.toml"
    catalog.write_text(catalog.read_text() + 'dependencies = ["click"]\n')
    assert run("lock").code == 0
    return workspace


def test_why_shows_every_path_of_every_member(run: Run, shop: Path) -> None:
    result = run("why", "safe")
    assert result.code == 0, result.err
    assert result.out.splitlines() == [
        "catalog",
        "  click 8.0 -> safe 2.0",
        "web",
        "  safe 2.0 (group dev)",
        "  flask 3.0 -> click 8.0 -> safe 2.0",
        "  flask 3.0 -> jinja 3.0 -> safe 2.0",
    ]
    only = run("why", "safe", "--package", "catalog", "--json").json()
    assert [[step["name"] for step in path["steps"]] for path in only["paths"]] == [["catalog", "click", "safe"]]
    assert run("why", "unused").code == 1
    assert run("why").code == 2


def test_extras_that_name_their_own_package_are_followed_but_not_shown(
    run: Run, shop: Path, packages: Registry
) -> None:
    packages.add(make_wheel("etils", "1.0", extras={"path": ["etils[base]", "click"], "base": ["jinja"]}))
    web = shop / "apps/web/pyproject.toml"
    web.write_text(web.read_text().replace('"flask"', '"etils[path]"'))
    assert run("lock").code == 0
    assert run("tree", "--package", "web", "--no-dev").out.splitlines()[1:6] == [
        "├── etils[path] 1.0",
        "│   ├── jinja 3.0 (extra base)",
        "│   │   └── safe 2.0",
        "│   └── click 8.0 (extra path)",
        "│       └── safe 2.0",
    ]
    assert run("tree", "--invert", "etils").out.splitlines() == ["etils 1.0", "└── web"]


def test_outdated_tells_what_an_update_brings_from_what_there_is(run: Run, shop: Path, packages: Registry) -> None:
    assert run("outdated").out == ""
    packages.wheel("jinja", "3.1", "safe>=2")
    packages.wheel("jinja", "4.0", "safe>=2")
    packages.wheel("jinja", "5.0a1", "safe>=2")
    packages.wheel("click", "9.0")
    result = run("outdated")
    assert result.code == 0, result.err
    assert [line.split() for line in result.out.splitlines()] == [
        ["package", "locked", "compatible", "latest", "members"],
        ["click", "8.0", "9.0", "9.0", "catalog,", "web"],
        ["jinja", "3.0", "3.1", "4.0", "web"],
    ]
    assert [line["name"] for line in run("outdated", "--package", "catalog", "--json").json()["packages"]] == ["click"]
    assert "safe" in run("show", "--latest").out
    assert "safe" not in run("show", "-o").out
    one = run("show", "--latest", "jinja").out.splitlines()
    assert [line.split()[0] for line in one] == ["package", "jinja"]
    assert run("show", "-o", "flask").err == "Everything is up to date.\n"
    assert "Did you mean `jinja`?" in run("show", "-l", "jinga").err
    assert run("outdated", "--exit-code").code == 1


def test_a_name_that_is_not_locked_is_answered_with_the_right_one(run: Run, shop: Path) -> None:
    near = run("update", "flsk").err
    assert "Did you mean `flask`?" in near
    assert "interlock add" not in near
    more = run("update", "flask@^3")
    assert (more.code, "`interlock add 'flask@^3'` changes what is asked for" in more.err) == (2, True)
    assert "Add it with `interlock add nothing-like-it`." in run("update", "nothing-like-it").err


def test_check_finds_mistakes(run: Run, shop: Path) -> None:
    good = run("check", "--lock", "--strict")
    assert (good.code, good.err) == (0, "All set!\n"), good.out
    web = shop / "apps/web/pyproject.toml"
    web.write_text(
        web.read_text().replace(
            'version = "3.0"',
            'version = "3.0"\nreadme = "GONE.md"\nlicense = "MIT"\nlicense-files = ["NO*"]\n'
            'classifiers = ["License :: OSI Approved :: MIT License"]',
        )
    )
    bad = run("check")
    codes = {line.partition("]")[0].partition("[")[2] for line in bad.out.splitlines()}
    assert bad.code == 1
    assert {"readme", "license", "license-files"} <= codes
    web.write_text('[project]\nname = "web"\nversion = "3.0"\n[tool.interlock.tasks]\nx = 3\n')
    assert "error[bad-task]: apps/web/pyproject.toml" in run("check").out
    web.write_text('[project]\nname = "web"\nversion = "3.0"\ndependencies = ["flask"]\n')
    document = run("check", "--json").json()
    assert {finding["code"] for finding in document["findings"]} == {
        "requires-python",
        "narrowed-python",
        "lock-outdated",
    }
    annotated = run("check", "--format", "github").out.splitlines()
    assert "::warning file=apps/web/pyproject.toml,title=requires-python::" in "\n".join(annotated)
    assert annotated[-1].startswith("::error file=interlock.lock,title=lock-outdated::interlock.lock does not match")
    assert "%0A" in annotated[-1]
    web.write_text("[project\n")
    assert run("check").out.startswith("error[broken-toml]")


def test_check_looks_at_classifiers_and_sources(run: Run, shop: Path) -> None:
    web = shop / "apps/web/pyproject.toml"
    text = web.read_text()
    web.write_text(
        text.replace(
            'version = "3.0"',
            'version = "3.0"\nclassifiers = ["Programing Language :: Python", "Typing :: Typed", '
            '"Natural Language :: Ukranian", "Private :: Do Not Upload"]',
        )
    )
    found = [line for line in run("check").out.splitlines() if "[classifiers]" in line]
    assert found == [
        "warning[classifiers]: apps/web/pyproject.toml: `Programing Language :: Python` is not a classifier "
        "that indexes know. Did you mean `Programming Language :: Python`?",
        "warning[classifiers]: apps/web/pyproject.toml: the classifier `Natural Language :: Ukranian` is deprecated. "
        "Write `Natural Language :: Ukrainian`.",
    ]
    web.write_text(text + '[tool.interlock.sources]\nflask = { index = "nowhere" }\n')
    assert "error[unknown-source-index]" in run("check").out


def test_warnings_count_with_strict_alone(run: Run, shop: Path) -> None:
    catalog = shop / "packages/catalog/pyproject.toml"
    catalog.write_text(catalog.read_text() + "[tool.uv]\nexclude-newer = '2030-01-01'\n")
    assert run("check").code == 0
    assert run("check", "--strict").code == 1


def test_show_says_what_packages_are_and_which_are_not_installed(run: Run, shop: Path, packages: Registry) -> None:
    text = "Metadata-Version: 2.4\nName: told\nVersion: 1.0\nSummary: Says a\n  thing or two\n"
    packages.add(make_wheel("told", "1.0", metadata=text))
    assert run("add", "--package", "web", "--no-sync", "told").code == 0
    assert "told   1.0\n" in run("show").out
    assert run("sync", "--all-packages").code == 0
    for place in ("web", "catalog"):
        assert "told   1.0  Says a thing or two\n" in run("-C", shop, "show").out, place
    assert "description  Says a thing or two\n" in run("show", "told").out
    (document,) = run("show", "told", "--json").json()["packages"]
    assert document["description"] == "Says a thing or two"
    assert run("sync", "--package", "catalog").code == 0
    lines = run("show").out.splitlines()
    assert "told   (!)  1.0" in lines
    assert "click       8.0" in lines
    listed = {line["name"]: line["installed"] for line in run("show", "-f", "json").json()["packages"]}
    assert (listed["told"], listed["click"]) == (False, True)


def test_names_that_are_not_locked_are_answered_with_near_ones(run: Run, shop: Path) -> None:
    for line in ("show flsk", "tree flsk", "show --tree flsk"):
        result = run(*line.split())
        assert (result.code, result.out) == (1, ""), line
        assert result.err == "error[not-in-lock]: `flsk` is not in the lock. Did you mean `flask`?\n", line


def test_check_counts_in_words_and_needs_a_project(run: Run, shop: Path, tmp_path: Path) -> None:
    manifest = shop / "apps/web/pyproject.toml"
    manifest.write_text(manifest.read_text() + '[project.scripts]\nserve = "web"\n')
    assert run("check").err.endswith("1 error, 0 warnings.\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    nowhere = run("-C", empty, "check")
    assert nowhere.err.startswith("error[no-project]: There is no `pyproject.toml` in ")
    assert nowhere.err.endswith("hint: Create a project with `interlock init`.\n")


def test_licenses(run: Run, shop: Path) -> None:
    assert run("licenses").code == 1
    assert run("sync", "--all-packages").code == 0
    result = run("licenses")
    assert "plain  1.0  AGPL-3.0-only\n" in result.out
    denied = run("licenses", "--deny", "agpl")
    assert denied.code == 1
    assert "plain is under AGPL-3.0-only, which is not allowed (web)." in denied.err


def test_info(run: Run, shop: Path) -> None:
    assert "needs     jinja<4,>=3, click\n" in run("info", "Flask").out
    assert run("search", "flask", "--json").json()["versions"] == ["3.0"]
    assert run("info", "nope").err.startswith("error[package-unknown]")
    assert run("info", "never-asked-for", "--offline").err.startswith("error[offline]: The page of `never-asked-for`")


def test_about_and_debug(run: Run, shop: Path) -> None:
    assert run("about", "--json").json()["members"] == 2
    assert run("debug", "info").out.startswith("interlock")
    before = (shop / "interlock.lock").read_bytes()
    assert run("debug", "resolve").out.startswith("click  8.0")
    assert run("debug", "resolve", "jinja", "--tree").out == "debug\n└── jinja 3.0\n    └── safe 2.0\n"
    assert run("debug", "resolve", "click", "--python", ">=3.12", "--json").code == 0
    assert (shop / "interlock.lock").read_bytes() == before
    assert "py3-none-any" in run("debug", "tags").out


def test_show_as_json_in_poetrys_spelling(run: Run, shop: Path) -> None:
    names = [package["name"] for package in run("show", "--format", "json", "-a").json()["packages"]]
    assert names == ["click", "flask", "jinja", "plain", "safe"]
