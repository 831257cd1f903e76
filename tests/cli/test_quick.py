"""The quick answer is given when nothing changed, and never when something did."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.workspace.unchanged import is_fresh
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
    (stamp,) = Path(os.environ["INTERLOCK_CACHE_DIR"]).glob("workspaces-v1/fresh-*")
    stamp.write_bytes(b"\xff\n\n")
    assert run("lock", "--check").code == 0
