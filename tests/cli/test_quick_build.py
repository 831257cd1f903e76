"""A build that was done already is told without loading what builds, and never when something changed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.workspace.fresh.unchanged import ALL_BUILT, BUILT, is_fresh
from tests.cli.conftest import Run
from tests.release_trees import BACKEND, member
from tests.wheels import make_wheel

BESIDE = '[build-system]\nrequires = ["plain-backend"]\nbuild-backend = "plain_backend"\n'


@pytest.fixture
def shop(trees: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """Two members that were built a while ago by a backend that does not live in their trees."""
    wheel = make_wheel("plain-backend", "1.0", files={"plain_backend.py": BACKEND})
    links = tmp_path / "links"
    links.mkdir()
    (links / wheel.filename).write_bytes(wheel.data)
    monkeypatch.delenv("INTERLOCK_DIRECTORY")
    monkeypatch.setenv("INTERLOCK_FIND_LINKS", str(links))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "PIP_CONFIG_FILE", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(trees)
    for name in ("catalog", "web"):
        tree = member(trees, name)
        (tree / "backend.py").unlink()
        manifest = tree / "pyproject.toml"
        manifest.write_text(BESIDE + manifest.read_text().partition("\n\n")[2])
        (tree / "src" / "link.py").symlink_to("../../../shared.py")
    (trees / "shared.py").write_text("")
    assert run("build").code == 0
    _settle(trees)
    return trees


def _settle(base: Path) -> None:
    """Make it a while ago that anything changed: what just did is not trusted."""
    past = time.time() - 60
    for path in (base, *base.rglob("*")):
        os.utime(path, (past, past))


def _stamp(shop: Path, run: Run) -> str:
    """Ask for what is there, within the test: pytest tells tests their own names in a variable."""
    found = run("build").err
    assert is_fresh(os.environ, str(shop), BUILT)
    return str(found)


def _without_seconds(text: str) -> str:
    return text.rpartition(" in ")[0]


def test_says_the_same_as_a_closer_look(shop: Path, run: Run) -> None:
    assert is_fresh(os.environ, str(shop), BUILT) is None
    slow = _without_seconds(_stamp(shop, run))
    assert slow.startswith("Unchanged dist/catalog-1.0.tar.gz (")
    assert slow.endswith("\nBuilt 0 members, 2 unchanged")
    assert slow == _without_seconds(run("build").err)
    assert is_fresh(os.environ, str(shop), ALL_BUILT) is None
    assert slow == _without_seconds(run("build", "--all-packages").err)
    assert is_fresh(os.environ, str(shop), ALL_BUILT)
    assert slow == _without_seconds(run("build", "--all-packages").err)


def test_nothing_that_builds_is_loaded(shop: Path, run: Run, spawn: Run) -> None:
    for _ in range(2):
        assert spawn("build", cwd=shop).code == 0
    code = "import sys; from interlock.cli.main import main; main(['build']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=shop, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "interlock.cli.quick" in loaded
    assert not {"anyio", "msgspec", "packaging", "interlock.build.frontend", "interlock.settings"} & loaded


def _source(shop: Path) -> None:
    (shop / "packages" / "web" / "src" / "web.py").write_text("NAME = 'wed'\n")


def _new_file(shop: Path) -> None:
    (shop / "packages" / "web" / "src" / "more.py").write_text("")


def _same_times(shop: Path) -> None:
    """What an unpacked archive looks like: another content, an older time."""
    file = shop / "packages" / "web" / "src" / "web.py"
    file.write_text(file.read_text().replace("web", "wed"))
    os.utime(file, (1, 1))


def _gone(shop: Path) -> None:
    (shop / "packages" / "web" / "src" / "web.py").unlink()


def _executable(shop: Path) -> None:
    (shop / "packages" / "web" / "src" / "web.py").chmod(0o755)


def _linked(shop: Path) -> None:
    (shop / "shared.py").write_text("SHARED = 1\n")


def _ignored(shop: Path) -> None:
    (shop / ".gitignore").write_text("*.txt\n")


def _repository(shop: Path) -> None:
    subprocess.run(["git", "init", "-q", "packages"], cwd=shop, check=True)


def _manifest(shop: Path) -> None:
    file = shop / "packages" / "web" / "pyproject.toml"
    file.write_text(file.read_text().replace("1.0", "1.1"))


def _member(shop: Path) -> None:
    member(shop, "basket")


def _policy(shop: Path) -> None:
    file = shop / "pyproject.toml"
    file.write_text(file.read_text() + "[tool.interlock]\ninternal-bounds = 'exact'\n")


def _pin(shop: Path) -> None:
    (shop / ".python-version").write_text("3.11\n")


def _damaged(shop: Path) -> None:
    (shop / "dist" / "web-1.0.tar.gz").write_bytes(b"")


def _removed(shop: Path) -> None:
    (shop / "dist" / "web-1.0-py3-none-any.whl").unlink()


@pytest.mark.parametrize(
    "change",
    [
        _source,
        _new_file,
        _same_times,
        _gone,
        _executable,
        _linked,
        _ignored,
        _repository,
        _manifest,
        _member,
        _policy,
        _pin,
        _damaged,
        _removed,
    ],
)
def test_any_change_calls_for_a_closer_look(shop: Path, run: Run, change: Callable[[Path], None]) -> None:
    _stamp(shop, run)
    change(shop)
    assert is_fresh(os.environ, str(shop), BUILT) is None


def test_any_variable_may_matter_to_a_build(shop: Path, run: Run) -> None:
    _stamp(shop, run)
    assert is_fresh({**os.environ, "CFLAGS": "-O0"}, str(shop), BUILT) is None


def _flags(shop: Path, run: Run) -> None:
    run("build", "--wheel")


def _young(shop: Path, run: Run) -> None:
    (shop / "packages" / "web" / "src" / "web.py").touch()
    run("build")


def _built(shop: Path, run: Run) -> None:
    _source(shop)
    run("build")


def _part(shop: Path, run: Run) -> None:
    run("build", "--package", "web")


def _build_settled(shop: Path, run: Run) -> None:
    """Build what was changed, and ask once more when that is a while ago."""
    run("build")
    _settle(shop)
    run("build")


def _from_git(shop: Path, run: Run) -> None:
    file = shop / "packages" / "web" / "pyproject.toml"
    file.write_text(file.read_text() + "[tool.setuptools_scm]\n")
    _build_settled(shop, run)


def _with_keys(shop: Path, run: Run) -> None:
    file = shop / "packages" / "web" / "pyproject.toml"
    file.write_text(file.read_text() + "[tool.interlock]\ncache-keys = [{ file = 'src/**/*.c' }]\n")
    _build_settled(shop, run)


def _of_commit(shop: Path, run: Run) -> None:
    file = shop / "pyproject.toml"
    file.write_text(file.read_text() + "[tool.interlock.build]\nsource-date-epoch = 'commit'\n")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *arguments], cwd=shop, check=True, capture_output=True)
    _build_settled(shop, run)


@pytest.mark.parametrize("ask", [_flags, _young, _built, _part, _from_git, _with_keys, _of_commit])
def test_what_a_look_at_times_cannot_tell_leaves_no_stamp(
    shop: Path, run: Run, ask: Callable[[Path, Run], None]
) -> None:
    ask(shop, run)
    assert is_fresh(os.environ, str(shop), BUILT) is None
