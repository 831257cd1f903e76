"""The commands about a lock, from the command line to what is printed, against an index on loopback."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.index_server import IndexServer
from tests.registry import Registry, registry

PYTHON = sys.executable


@pytest.fixture
def packages() -> Registry:
    return registry(
        flask={"3.0": ["jinja>=3", "click", "colorama; sys_platform == 'win32'"], "3.1": ["jinja>=3", "click"]},
        jinja={"3.0": ["safe>=2"], "3.1": ["safe>=2"]},
        safe={"2.0": [], "2.1": []},
        click={"8.0": ["colorama; sys_platform == 'win32'"]},
        colorama={"0.4": []},
        checker={"1.0": ["click"]},
    )


@pytest.fixture
def shop(
    workspace: Path, packages: Registry, index: Callable[..., IndexServer], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The workspace with packages of an index, which the environment names."""
    server = index(packages)
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", PYTHON)
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(workspace))
    (workspace / "apps" / "web" / "pyproject.toml").write_text(
        '[project]\nname = "web"\nversion = "3.0"\nrequires-python = ">=3.11"\n'
        'dependencies = ["catalog", "flask"]\n'
        '[project.optional-dependencies]\nextra = ["safe"]\n'
        '[dependency-groups]\ndev = ["checker"]\n'
        "[tool.interlock.sources]\ncatalog = { workspace = true }\n"
    )
    return workspace


@pytest.fixture
def locked(shop: Path, run: Run) -> Path:
    result = run("lock")
    assert result.code == 0, result.err
    return shop


def test_lock_says_what_it_did_and_then_that_there_is_nothing_to_do(run: Run, shop: Path) -> None:
    first = run("lock")
    assert (first.code, first.out) == (0, "")
    assert first.err.endswith("Locked 6 packages for 2 members.\n")
    assert (shop / "interlock.lock").is_file()
    assert run("lock") == (0, "", "interlock.lock is up to date (6 packages).\n")
    assert run("lock", "--check") == (0, "", "interlock.lock is up to date (6 packages).\n")


def test_lock_check_names_the_member_that_changed(run: Run, locked: Path) -> None:
    manifest = locked / "packages" / "catalog" / "pyproject.toml"
    manifest.write_text(manifest.read_text() + 'dependencies = ["click"]\n')
    result = run("lock", "--check", "--json")
    assert result.code == 3
    assert result.json()["error"]["code"] == "lock-outdated"
    assert "catalog" in result.json()["error"]["message"]
    assert run("sync", "--locked", "--dry-run").code == 3


def test_lock_without_a_lock_is_out_of_date(run: Run, shop: Path) -> None:
    assert run("lock", "--check") == (
        3,
        "",
        f"error[lock-missing]: There is no interlock.lock in {shop}.\n\nhint: Make it with `interlock lock`.\n",
    )
    assert run("tree").code == 3
    assert run("export").code == 3


def test_lock_dry_run_shows_changes_and_writes_nothing(run: Run, locked: Path, packages: Registry) -> None:
    before = (locked / "interlock.lock").read_bytes()
    packages.wheel("click", "8.1", "colorama; sys_platform == 'win32'")
    result = run("lock", "--upgrade-package", "click", "--dry-run")
    assert (result.code, result.out) == (0, "^ click 8.0 -> 8.1  (web)\n"), result.err
    assert result.err.endswith("interlock.lock would change (6 packages).\n")
    document = run("lock", "-P", "click", "--dry-run", "--json").json()
    assert (document["changed"], document["written"]) == (True, False)
    (change,) = document["changes"]["packages"]
    assert (change["name"], change["kind"], change["old"], change["new"]) == ("click", "upgraded", ["8.0"], ["8.1"])
    assert document["changes"]["affected"] == ["web"]
    assert (locked / "interlock.lock").read_bytes() == before
    assert run("lock", "-P", "click==").code == 2
    assert run("lock", "-P", "not/a/name").code == 2


def test_tree(run: Run, locked: Path) -> None:
    result = run("tree")
    assert result.code == 0, result.err
    assert result.out == (
        "catalog (packages/catalog)\n"
        "web (apps/web)\n"
        "├── catalog\n"
        "├── flask 3.1\n"
        "│   ├── click 8.0\n"
        "│   └── jinja 3.1\n"
        "│       └── safe 2.1\n"
        "└── checker 1.0 (group dev)\n"
        "    └── click 8.0\n"
    )


def test_tree_from_the_other_end_and_cut(run: Run, locked: Path) -> None:
    assert run("tree", "--invert", "safe").out == ("safe 2.1\n└── jinja 3.1\n    └── flask 3.1\n        └── web\n")
    assert (
        run("tree", "--depth", "1", "--package", "web", "--no-dev").out
        == "web (apps/web)\n├── catalog\n└── flask 3.1\n"
    )
    assert run("tree", "flask", "--prune", "click").out == "flask 3.1\n└── jinja 3.1\n    └── safe 2.1\n"
    assert run("tree", "--universal", "click").out == "click 8.0\n└── colorama 0.4 ; sys_platform == 'win32'\n"
    assert "safe 2.1 (extra extra)" in run("tree", "--extra", "extra").out
    assert run("show", "--why", "jinja").out.startswith("jinja 3.1\n└── flask 3.1")


def test_tree_as_a_document(run: Run, locked: Path) -> None:
    roots = run("tree", "--package", "web", "--only-dev", "--json").json()["roots"]
    (node,) = roots[0]["children"]
    assert (node["name"], node["version"], node["via"], node["kind"]) == ("checker", "1.0", "group dev", "package")


def test_tree_of_something_that_is_not_there(run: Run, locked: Path) -> None:
    assert run("tree", "nope") == (1, "", "error[not-in-lock]: `nope` is not in the lock.\n")
    assert run("tree", "colorama").err.startswith("error[not-in-lock]: `colorama` is locked, but nothing")


def test_show_lists_what_is_needed_here(run: Run, locked: Path) -> None:
    result = run("show")
    assert result.code == 0, result.err
    assert result.out == "checker  1.0\nclick    8.0\nflask    3.1\njinja    3.1\nsafe     2.1\n"
    assert run("show", "--top-level").out.split() == ["checker", "1.0", "flask", "3.1", "safe", "2.1"]
    assert "colorama  0.4  ; sys_platform == 'win32'\n" in run("show", "--all").out
    lines = run("show", "--package", "catalog", "--json").json()
    assert lines == {"packages": []}


def test_show_describes_one_package(run: Run, locked: Path) -> None:
    text = run("show", "JINJA").out
    assert text.startswith("name         jinja\nversion      3.1\n")
    assert "needed by    flask 3.1\n" in text
    assert "members      web\n" in text
    (document,) = run("show", "click", "--json").json()["packages"]
    assert document["needed_by"] == ["checker 1.0", "flask 3.1"]
    assert document["files"] == ["click-8.0-py3-none-any.whl"]
    assert run("show", "catalog").err.startswith("error[not-in-lock]: `catalog` is a member")


def test_a_stale_lock_is_shown_with_a_warning_unless_frozen(run: Run, locked: Path) -> None:
    manifest = locked / "packages" / "catalog" / "pyproject.toml"
    manifest.write_text(manifest.read_text() + 'dependencies = ["click"]\n')
    stale = run("tree")
    assert stale.code == 0
    assert stale.err.startswith("warning[lock-outdated]: interlock.lock does not match the manifests")
    assert run("tree", "--frozen").err == ""
    assert run("tree", "--locked").code == 3
    assert run("export").code == 3
    assert run("export", "--frozen", "--format", "requirements").code == 0


def test_export_requirements(run: Run, locked: Path, tmp_path: Path) -> None:
    result = run(
        "export", "--format", "requirements", "--no-hashes", "--no-annotate", "--no-header", "--no-emit-workspace"
    )
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].startswith("--index-url http://127.0.0.1:")
    assert "flask==3.1" in lines
    assert "colorama==0.4 ; sys_platform == 'win32'" in lines
    target = tmp_path / "out" / "requirements.txt"
    written = run("export", "-o", target, "--package", "web", "--no-dev")
    assert (written.code, written.out, written.err) == (0, "", f"Wrote {target}.\n")
    text = target.read_text()
    assert "--hash=sha256:" in text
    assert "checker" not in text
    before = target.stat().st_mtime_ns
    assert run("export", "-o", target, "--package", "web", "--no-dev").code == 0
    assert target.stat().st_mtime_ns == before


def test_export_pylock(run: Run, locked: Path) -> None:
    result = run("export")
    assert result.code == 0, result.err
    table = tomllib.loads(result.out)
    assert table["lock-version"] == "1.0"
    names = [package["name"] for package in table["packages"]]
    assert names == ["checker", "click", "colorama", "flask", "jinja", "safe"]
    flask = next(package for package in table["packages"] if package["name"] == "flask")
    assert flask["wheels"][0]["url"].startswith("http://127.0.0.1:")
    assert run("export", "--json").code == 2
    refused = run("export", "-f", "pylock", "--without-hashes")
    assert (refused.code, "say `-f requirements`" in refused.err) == (2, True)
    # As Poetry's users type it: only a requirements file can be without.
    assert "flask==3.1\n" in run("export", "--without-hashes", "--no-annotate").out
    assert "flask" not in run("export", "--no-emit-package", "flask").out


def test_sync_plans_then_applies_then_has_nothing_to_do(run: Run, locked: Path) -> None:
    planned = run("sync", "--all-packages", "--no-install-workspace", "--dry-run", "--json")
    assert planned.code == 0, planned.err
    (environment,) = planned.json()["environments"]
    assert [step["name"] for step in environment["install"]] == ["checker", "click", "flask", "jinja", "safe"]
    assert not (locked / ".venv").exists()
    line = ["sync", "--all-packages", "--no-install-workspace"]
    assert run(*line, "--check").code == 1
    done = run(*line)
    assert done.code == 0, done.err
    assert " + flask 3.1\n" in done.err
    assert done.err.endswith(f"Installed 5 packages in {locked / '.venv'}.\n")
    assert run(*line) == (0, "", ".venv is in sync (5 packages).\n")
    assert run(*line, "--check").code == 0
    assert run("sync", "--frozen", "--locked").code == 2


def test_sync_is_exact_and_install_adds(run: Run, locked: Path) -> None:
    base = ["--package", "web", "--no-install-workspace"]
    assert run("sync", *base).code == 0
    assert run("install", *base, "--no-dev").err == ".venv is in sync (5 packages).\n"
    pruned = run("sync", *base, "--no-dev")
    assert " - checker 1.0\n" in pruned.err
    assert pruned.err.endswith(f"Removed 1 package in {locked / '.venv'}.\n")
    assert run("install", *base).code == 0
    assert run("sync", *base, "--only-dev", "--inexact").err.startswith(".venv is in sync")


def test_run_forwards_arguments_output_and_exit_code(spawn: Run, run: Run, locked: Path) -> None:
    base = ["run", "--package", "web", "--no-install-workspace"]
    done = spawn(*base, "python", "-c", "import flask, sys; print(sys.argv[1:]); sys.exit(7)", "--frozen", "-x")
    assert (done.code, done.out) == (7, "['--frozen', '-x']\n"), done.err
    assert spawn(*base, "--no-sync", "-m", "json.tool", "--help").code == 0
    assert run("run").err.startswith("error[bad-value]: There is nothing to run.")


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("sync", "--no-install-package"),
        ("install", "--no-install-package"),
        ("sync", "--no-editable-package"),
        ("sync", "--reinstall-package"),
        ("sync", "--upgrade-package"),
        ("export", "--no-emit-package"),
        ("tree", "--prune"),
        ("lock", "--no-build-package"),
        ("lock", "--no-binary-package"),
        ("sync", "--no-sources-package"),
    ],
)
@pytest.mark.parametrize("text", ["my/web", "flask>3.0", "flask,_web"])
def test_what_can_be_no_name_of_a_package_is_refused(run: Run, shop: Path, command: str, flag: str, text: str) -> None:
    before = sorted(shop.rglob("*"))
    result = run(command, flag, text)
    assert result.code == 2
    assert result.err.startswith(f"error[invalid-name]: `{text.rpartition(',')[2]}` is not a name.")
    assert sorted(shop.rglob("*")) == before
