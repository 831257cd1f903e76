"""Where there is no lock, the one that would be made anew is written if it is known; else it is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interlock.cli.locking_anew import locked_anew
from interlock.cli.render import Terminal
from interlock.store.locks import hold_sync
from interlock.workspace.fresh.anew import Anew, anew_path, lock_anew
from interlock.workspace.guards import workspace_guard
from tests.cli.conftest import Run
from tests.index_server import IndexServer
from tests.shop import Shop, flask_and_click, open_shop
from tests.wheels import make_wheel

SAID = "Locked 4 packages for 3 members.\n"
MACHINERY = {"anyio", "argparse", "asyncio", "msgspec", "packaging", "pyreqwest", "httpx", "tomllib"}
"""What finds a lock out; a lock that is known needs none of it."""

SOLVING = {
    "interlock.core.relock.assemble",
    "interlock.core.relock.edge_update",
    "interlock.core.resolver.candidates",
    "interlock.core.resolver.resolver",
    "interlock.core.resolver.solver",
    "interlock.index.fetch_httpx",
    "interlock.index.fetch_pyreqwest",
    "interlock.resolution.answer",
    "interlock.resolution.driver",
    "interlock.core.manifests.parse",
}
"""What resolves and asks; an answer that still holds needs none of it."""


@pytest.fixture
def shop(
    tmp_path: Path,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shop]:
    """A workspace whose index says for how long its pages are good, as the process's directory."""
    packages = flask_and_click()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "PIP_CONFIG_FILE", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    server = index(packages, cache_control="max-age=600")
    with open_shop(tmp_path, packages, server, monkeypatch, capsys) as opened:
        opened.member("catalog", "click")
        opened.member("web", "catalog", "flask")
        opened.write("pyproject.toml", '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n' + _ROOT)
        monkeypatch.chdir(opened.root)
        yield opened


_ROOT = '[tool.interlock]\npackage = false\n[tool.interlock.workspace]\nmembers = ["packages/*"]\n'


def _remember(shop: Shop, run: Run, *, said: str = SAID) -> bytes:
    """Lock, and once more where the pages have been there for a while; the lock is gone after it."""
    shop.lockfile.unlink(missing_ok=True)
    assert run("lock") == (0, "", said)
    data = shop.lockfile.read_bytes()
    shop.lockfile.unlink()
    _settle(shop)
    assert run("lock") == (0, "", said)
    assert shop.lockfile.read_bytes() == data
    shop.lockfile.unlink()
    return data


def _settle(shop: Shop) -> None:
    """Make it a while ago that pages were fetched; those that just changed are not trusted."""
    past = time.time() - 60
    for path in shop.cache.glob("pages-v5/*/*"):
        os.utime(path, (past, past))


def _known(shop: Shop, *, later: float = 0.0) -> Anew | None:
    return lock_anew(os.environ, str(shop.root), time.time() + later)


def test_a_lock_that_is_gone_comes_back_as_it_would_be_made(shop: Shop, run: Run) -> None:
    data = _remember(shop, run)
    found = _known(shop)
    assert found is not None
    assert (found.data, found.packages, found.members) == (data, 4, 3)
    with shop.index.counted():
        before = len(shop.index.paths())
        quick = run("lock")
        assert quick == (0, "", SAID)
        assert shop.lockfile.read_bytes() == data
        assert len(shop.index.paths()) == before
    assert run("lock").err == "interlock.lock is up to date (4 packages).\n"


def test_nothing_that_finds_a_lock_out_is_loaded(shop: Shop, run: Run) -> None:
    data = _remember(shop, run)
    code = (
        "import sys\nfrom interlock.cli.main import main\nmain(['lock'])\n"
        "print(*sys.modules, sep='\\n', file=sys.stdout)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=shop.root, capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert done.stderr == SAID
    assert shop.lockfile.read_bytes() == data
    assert not {name.partition(".")[0] for name in loaded} & MACHINERY
    rooms = {name.split(".")[1] for name in loaded if name.startswith("interlock.")}
    assert rooms == {"cli", "core", "errors", "store", "workspace"}


def test_an_answer_that_is_remembered_needs_no_solver_and_no_connection(shop: Shop, run: Run) -> None:
    """Where the command line, the clock or another checkout keep the quick answer away."""
    data = _remember(shop, run)
    code = (
        "import sys\nfrom interlock.cli.main import main\nmain(['lock', '-q'])\n"
        "print(*sys.modules, sep='\\n', file=sys.stdout)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=shop.root, capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert shop.lockfile.read_bytes() == data
    assert "interlock.resolution.memo" in loaded
    assert not loaded & SOLVING
    assert not {name.partition(".")[0] for name in loaded} & {"pyreqwest", "httpx", "tomllib"}
    assert "packaging.markers" not in loaded


def test_it_is_known_for_as_long_as_no_page_would_be_asked_for(shop: Shop, run: Run) -> None:
    _remember(shop, run)
    assert _known(shop, later=60) is not None or time.time() % 86_400 > 86_300
    assert _known(shop, later=601) is None
    assert _known(shop, later=-3600) is None


def test_pages_that_have_to_be_asked_for_each_time_leave_nothing(
    shop: Shop, run: Run, index: Callable[..., IndexServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", index(shop.packages, cache_control="max-age=0").url)
    _remember(shop, run)
    assert _known(shop) is None


def _edit(shop: Shop) -> None:
    file = shop.manifest("catalog")
    file.write_text(file.read_text() + "\n")


def _add(shop: Shop) -> None:
    shop.member("basket")


def _remove(shop: Shop) -> None:
    shop.manifest("web").unlink()


def _lock(shop: Shop) -> None:
    shop.lockfile.write_text("{}")


def _link(shop: Shop) -> None:
    shop.lockfile.symlink_to("elsewhere")


def _user(shop: Shop) -> None:
    folder = shop.root.parent / "home" / ".config" / "interlock"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('index-strategy = "unsafe-best-match"\n')


def _logins(shop: Shop) -> None:
    folder = shop.root.parent / "home" / ".config" / "interlock"
    folder.mkdir(parents=True)
    (folder / "auth.toml").write_text("")


def _netrc(shop: Shop) -> None:
    (shop.root.parent / "home").mkdir(exist_ok=True)
    (shop.root.parent / "home" / ".netrc").write_text("machine 127.0.0.1 login ann password secret\n")


def _page(shop: Shop) -> None:
    (page,) = shop.cache.glob("pages-v5/*/safe")
    data = page.read_bytes()
    page.unlink()
    page.write_bytes(data)


def _no_page(shop: Shop) -> None:
    (page,) = shop.cache.glob("pages-v5/*/safe")
    page.unlink()


def _damaged(shop: Shop) -> None:
    path = Path(anew_path(str(shop.cache), str(shop.root)))
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    "change", [_edit, _add, _remove, _lock, _link, _user, _logins, _netrc, _page, _no_page, _damaged]
)
def test_any_change_calls_for_a_closer_look(shop: Shop, run: Run, change: Callable[[Shop], None]) -> None:
    _remember(shop, run)
    assert _known(shop) is not None
    change(shop)
    assert _known(shop) is None


@pytest.mark.parametrize("name", ["INTERLOCK_PRERELEASE", "UV_DEFAULT_INDEX", "NETRC", "INTERLOCK_UPGRADE"])
def test_a_variable_calls_for_a_closer_look(shop: Shop, run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _remember(shop, run)
    monkeypatch.setenv(name, "1")
    assert _known(shop) is None


def test_what_was_said_is_said_again(shop: Shop, run: Run) -> None:
    shop.packages.publish(make_wheel("click", "8.2"), yanked="it was broken")
    shop.member("catalog", "click==8.2")
    first = run("lock")
    assert first.code == 0
    assert "warning" in first.err
    _settle(shop)
    for _ in range(3):
        shop.lockfile.unlink()
        assert run("lock") == first
    assert _known(shop) is None


def _dynamic(shop: Shop) -> None:
    file = shop.manifest("catalog")
    file.write_text(file.read_text().replace('dependencies = ["click"]', 'dynamic = ["dependencies"]'))


def _outside(shop: Shop) -> None:
    folder = shop.root.parent / "outside"
    folder.mkdir()
    folder.joinpath("pyproject.toml").write_text(
        '[project]\nname = "outside"\nversion = "1"\nrequires-python = ">=3.11"\n'
    )
    shop.write(
        "pyproject.toml",
        '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["outside"]\n'
        + _ROOT
        + '[tool.interlock.sources]\noutside = { path = "../outside" }\n',
    )


def _unhashed(shop: Shop) -> None:
    shop.packages.publish(make_wheel("safe", "2.2"), hashed=False)


def _built(shop: Shop) -> None:
    shop.packages.sdist("safe", "2.2", static=False)


@pytest.mark.parametrize("change", [_dynamic, _outside, _unhashed, _built])
def test_what_more_than_manifests_and_pages_has_a_part_in_is_made(
    shop: Shop, run: Run, change: Callable[[Shop], None]
) -> None:
    change(shop)
    _remember(shop, run, said=run("lock").err)
    assert _known(shop) is None


def test_what_is_told_as_events_stays_so(shop: Shop, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _remember(shop, run)
    monkeypatch.setenv("INTERLOCK_LOG_JSON", "1")
    for _ in range(3):
        said = run("lock").err.splitlines()
        assert all(line.startswith("{") for line in said)
        shop.lockfile.unlink()


def test_other_flags_and_questions_go_the_long_way_to_the_same_lock(shop: Shop, run: Run) -> None:
    data = _remember(shop, run)
    found = run("lock", "--json")
    assert shop.lockfile.read_bytes() == data
    assert json.loads(found.out)["packages"] == 4
    shop.lockfile.unlink()
    assert run("lock", "--check").code == 3
    assert not shop.lockfile.exists()
    assert run("lock", "--dry-run").code == 0
    assert not shop.lockfile.exists()


def test_while_another_command_works_on_the_workspace_nothing_is_written(
    shop: Shop, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _remember(shop, run)
    terminal = Terminal(environ=os.environ)
    held, let_go = threading.Event(), threading.Event()

    def work() -> None:
        with hold_sync(workspace_guard(shop.root), passing=True):
            held.set()
            let_go.wait(30)

    other = threading.Thread(target=work)
    other.start()
    try:
        assert held.wait(30)
        assert not locked_anew(os.environ, str(shop.root), terminal)
        assert not shop.lockfile.exists()
    finally:
        let_go.set()
        other.join()
    assert locked_anew(os.environ, str(shop.root), terminal)
    assert shop.lockfile.read_bytes() == data
    assert capsys.readouterr().err == SAID


def test_each_directory_has_its_own(shop: Shop, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = _remember(shop, run)
    monkeypatch.chdir(shop.root / "packages" / "web")
    assert lock_anew(os.environ, os.getcwd(), time.time()) is None
    assert run("lock") == (0, "", SAID)
    assert shop.lockfile.read_bytes() == data
