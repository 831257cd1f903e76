"""The quick answer is given when nothing changed, and never when something did."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.cli.surroundings import make_context, read_flags, read_surroundings
from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Member
from interlock.envs.environments import load_environment
from interlock.events import SILENT
from interlock.ops.stamps import stamps_of
from interlock.workspace.discovery import discover
from interlock.workspace.fresh.environments import stamp_in_sync
from interlock.workspace.fresh.unchanged import ALL_IN_SYNC, ANEW, FRESH, IN_SYNC, is_fresh, stamp_path
from tests.cli.conftest import Run

CATALOG = "packages/catalog/pyproject.toml"


@pytest.fixture
def shop(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A locked workspace that has a stamp, as the process's directory."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "PIP_CONFIG_FILE", "UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(workspace)
    past = time.time() - 60
    for path in workspace.rglob("pyproject.toml"):
        os.utime(path, (past, past))
    assert run("lock").code == 0
    assert is_fresh(os.environ, str(workspace)) == "0 silent"
    return workspace


def test_answers_without_reading_the_workspace(shop: Path, run: Run) -> None:
    slow = run("lock", "--check", "-q")
    quick = run("lock", "--check")
    assert (slow.code, quick.code) == (0, 0)
    assert quick.err == "interlock.lock is up to date (0 packages).\n"
    assert run("lock").err == quick.err


def test_a_touched_manifest_with_the_same_bytes_is_no_change(shop: Path) -> None:
    (shop / CATALOG).touch()
    assert is_fresh(os.environ, str(shop)) is not None


def _edit(shop: Path) -> None:
    file = shop / CATALOG
    file.write_text(file.read_text() + "dependencies = []\n")


def _add(shop: Path) -> None:
    (shop / "packages" / "basket").mkdir()
    (shop / "packages" / "basket" / "pyproject.toml").write_text('[project]\nname = "basket"\nversion = "1"\n')


def _remove(shop: Path) -> None:
    (shop / "apps" / "web" / "pyproject.toml").unlink()


def _empty(shop: Path) -> None:
    (shop / "packages" / "empty").mkdir()
    (shop / "packages" / "empty" / "code.py").write_text("")


def _root(shop: Path) -> None:
    file = shop / "pyproject.toml"
    file.write_text(file.read_text() + "[tool.interlock]\nconstraint-dependencies = ['a<2']\n")


def _lock(shop: Path) -> None:
    file = shop / "interlock.lock"
    file.write_text(file.read_text().replace('"catalog"', '"catalogue"'))


def _unlock(shop: Path) -> None:
    (shop / "interlock.lock").unlink()


def _above(shop: Path) -> None:
    (shop.parent / "pyproject.toml").write_text('[tool.interlock.workspace]\nmembers = ["shop"]\n')


def _user(shop: Path) -> None:
    folder = shop.parent / "home" / ".config" / "interlock"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('index-strategy = "unsafe-best-match"\n')


def _pip(shop: Path) -> None:
    folder = shop.parent / "home" / ".config" / "pip"
    folder.mkdir(parents=True)
    (folder / "pip.conf").write_text("[global]\nindex-url = https://index.test/simple/\n")


@pytest.mark.parametrize("change", [_edit, _add, _remove, _empty, _root, _lock, _unlock, _above, _user, _pip])
def test_any_change_calls_for_a_closer_look(shop: Path, change: Callable[[Path], None]) -> None:
    change(shop)
    assert is_fresh(os.environ, str(shop)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INTERLOCK_PRERELEASE", "allow"),
        ("INTERLOCK_NO_CACHE", "1"),
        ("UV_DEFAULT_INDEX", "https://index.test/simple/"),
        ("PIP_INDEX_URL", "https://index.test/simple/"),
        ("HOME", "/nowhere"),
    ],
)
def test_a_variable_calls_for_a_closer_look(shop: Path, name: str, value: str) -> None:
    assert is_fresh({**os.environ, name: value}, str(shop)) is None


def test_a_member_has_a_stamp_of_its_own(shop: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    assert is_fresh(os.environ, str(shop / "apps" / "web")) is None
    monkeypatch.chdir(shop / "apps" / "web")
    os.utime(shop / "interlock.lock", (1, 1))
    assert run("lock", "--check").code == 0
    assert is_fresh(os.environ, str(shop / "apps" / "web")) == "0 silent"


def test_a_file_that_just_changed_leaves_it_open_what_was_read(shop: Path, run: Run) -> None:
    _root(shop)
    future = time.time() + 60
    os.utime(shop / "pyproject.toml", (future, future))
    assert run("lock").code == 0
    assert is_fresh(os.environ, str(shop)) is None


def test_flags_leave_no_stamp(shop: Path, run: Run) -> None:
    _edit(shop)
    assert run("lock", "--prerelease", "allow").code == 0
    assert is_fresh(os.environ, str(shop)) is None


def test_a_stale_lock_is_still_told(shop: Path, run: Run) -> None:
    file = shop / CATALOG
    file.write_text(file.read_text().replace(">=3.11", ">=3.12"))
    assert run("lock", "--check").code == 3


def test_a_damaged_stamp_is_none(shop: Path, run: Run) -> None:
    for question in (FRESH, ANEW):
        stamp = Path(stamp_path(os.environ["INTERLOCK_CACHE_DIR"], str(shop), question))
        assert stamp.is_file()
        stamp.write_bytes(b"\xff\n\n")
    assert run("lock", "--check").code == 0


def _settle(*places: Path) -> None:
    """Make it a while ago that something changed; folders that just changed are not trusted."""
    past = time.time() - 60
    for place in places:
        os.utime(place, (past, past))


@pytest.fixture
def synced(shop: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """The same with an environment that is in sync; its members are not installed themselves."""
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    for file in (shop / CATALOG, shop / "apps" / "web" / "pyproject.toml"):
        file.write_text(file.read_text() + "[tool.interlock]\npackage = false\n")
        _settle(file)
    assert run("sync").code == 0
    site = next((shop / ".venv").glob("lib/python*/site-packages"))
    _settle(site, shop / ".venv" / "pyvenv.cfg", shop / "interlock.lock")
    assert is_fresh(os.environ, str(shop), IN_SYNC) is None
    return shop


def _stamp(synced: Path, run: Run) -> None:
    """Ask for what is there, within the test: pytest tells tests their own names in a variable."""
    assert run("sync", "--all-packages").err == ".venv is in sync (0 packages).\n"
    assert run("sync").err == ".venv is in sync (0 packages).\n"
    for question in (IN_SYNC, ALL_IN_SYNC):
        assert is_fresh(os.environ, str(synced), question) == ".venv is in sync (0 packages)."


def test_an_environment_in_sync_is_told_without_reading_the_lock(synced: Path, run: Run) -> None:
    _stamp(synced, run)
    assert run("sync", "--locked").err == ".venv is in sync (0 packages).\n"
    assert run("sync", "--inexact").err == ".venv is in sync (0 packages).\n"


def _install(synced: Path) -> None:
    next((synced / ".venv").glob("lib/python*/site-packages")).joinpath("a-1.0.dist-info").mkdir()


def _other_python(synced: Path) -> None:
    (synced / ".venv" / "pyvenv.cfg").write_text("home = /nowhere\n")


def _interrupt(synced: Path) -> None:
    (synced / ".venv" / ".interlock" / "work").mkdir()


def _pin(synced: Path) -> None:
    (synced / ".python-version").write_text("3.11\n")


@pytest.mark.parametrize("change", [_edit, _add, _root, _lock, _user, _install, _other_python, _interrupt, _pin])
def test_any_change_of_an_environment_calls_for_a_closer_look(
    synced: Path, run: Run, change: Callable[[Path], None]
) -> None:
    _stamp(synced, run)
    change(synced)
    assert is_fresh(os.environ, str(synced), IN_SYNC) is None


def test_any_variable_may_matter_to_an_environment(synced: Path, run: Run) -> None:
    _stamp(synced, run)
    assert is_fresh({**os.environ, "CFLAGS": "-O0"}, str(synced), IN_SYNC) is None
    assert is_fresh({**os.environ, "SHLVL": "9"}, str(synced), IN_SYNC) is not None


def _folder(tree: Path) -> None:
    (tree / "catalog").mkdir()


def _script(tree: Path) -> None:
    (tree / "setup.py").write_text("")


def _module(tree: Path) -> None:
    (tree / "src" / "code.py").write_text("")


@pytest.mark.parametrize("change", [_folder, _script, _module])
def test_folders_of_an_editable_tree_are_looked_at(synced: Path, change: Callable[[Path], None]) -> None:
    tree = synced / "packages" / "catalog"
    (tree / "src").mkdir()
    _settle(tree, tree / "src")
    context = make_context(read_flags(Namespace()), read_surroundings(os.environ), SILENT)
    workspace = discover(synced, layout=context.means.layout)
    context = context.within(workspace.settings)
    environment = load_environment(synced / ".venv", context.means.interpreters)
    assert environment is not None
    catalog = NormalizedName("catalog")
    wanted = (Wanted(name=catalog, version="1.2", source=Member(catalog), editable=True),)
    question = "sync of a test"
    stamp_in_sync(stamps_of(context), workspace, environment, wanted, kept=1, question=question)
    assert is_fresh(os.environ, str(synced), question) == ".venv is in sync (1 package)."
    change(tree)
    assert is_fresh(os.environ, str(synced), question) is None


def test_a_tree_that_is_not_editable_takes_a_closer_look(synced: Path) -> None:
    context = make_context(read_flags(Namespace()), read_surroundings(os.environ), SILENT)
    workspace = discover(synced, layout=context.means.layout)
    context = context.within(workspace.settings)
    environment = load_environment(synced / ".venv", context.means.interpreters)
    assert environment is not None
    catalog = NormalizedName("catalog")
    wanted = (Wanted(name=catalog, version="1.2", source=Member(catalog), editable=False),)
    stamp_in_sync(stamps_of(context), workspace, environment, wanted, kept=1, question="sync of a test")
    assert is_fresh(os.environ, str(synced), "sync of a test") is None
