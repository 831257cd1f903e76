"""A lock from a service: the bytes that the command alone would have written."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import registry
from tests.service.client.conftest import StartService
from tests.shop import Shop
from tests.wheels import make_sdist

Change = Callable[[Shop], object]


def _alone(shop: Shop, monkeypatch: pytest.MonkeyPatch, *arguments: str, code: int = 0) -> tuple[bytes, str]:
    """What the command does without a service, in a store of its own: the lock, and what it said."""
    with monkeypatch.context() as patch:
        patch.delenv("INTERLOCK_SERVICE", raising=False)
        patch.setenv("INTERLOCK_CACHE_DIR", str(shop.cache.with_name("other-cache")))
        before = shop.lockfile.read_bytes() if shop.lockfile.exists() else None
        found = shop.run("lock", *arguments, code=code)
        made = shop.lockfile.read_bytes() if shop.lockfile.exists() else b""
    if before is None:
        shop.lockfile.unlink(missing_ok=True)
    else:
        shop.lockfile.write_bytes(before)
    return made, found.err


def _solved_by(service: object, shop: Shop) -> bool:
    """Whether the command itself looked at nothing."""
    return not (shop.cache / "pages-v5").exists()


def test_the_first_lock(shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    running = service()
    expected, _ = _alone(shop, monkeypatch)
    found = shop.run("lock")
    assert "service" not in found.err
    assert shop.lockfile.read_bytes() == expected
    assert _solved_by(running, shop)
    running.event("request")


@pytest.mark.parametrize(
    ("change", "arguments"),
    [
        pytest.param(lambda shop: shop.member("web", "catalog", "flask<3.1"), (), id="a bound that moves versions"),
        pytest.param(lambda shop: shop.packages.wheel("click", "8.2"), ("-P", "click"), id="one upgrade"),
        pytest.param(lambda shop: shop.packages.wheel("click", "8.2"), ("--upgrade",), id="all upgraded"),
        pytest.param(
            lambda shop: shop.member("web", "catalog", "flask", 'click<8.1 ; sys_platform == "win32"'), (), id="a fork"
        ),
        pytest.param(
            lambda shop: (shop.packages.wheel("extra", "1.0", "click"), shop.member("web", "catalog", "extra")),
            (),
            id="another package",
        ),
    ],
)
def test_a_lock_that_was_changed(
    shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch, change: Change, arguments: tuple[str, ...]
) -> None:
    service()
    shop.run("lock")
    change(shop)
    expected, _ = _alone(shop, monkeypatch, *arguments)
    found = shop.run("lock", *arguments)
    assert shop.lockfile.read_bytes() == expected
    assert "service" not in found.err


def test_a_lock_that_stays_as_it_is(shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    service()
    shop.run("lock")
    before = shop.lockfile.read_bytes()
    expected, _ = _alone(shop, monkeypatch, "--upgrade")
    shop.run("lock", "--upgrade")
    assert shop.lockfile.read_bytes() == expected == before
    # A bound that changes nothing changes only what the lock was made from.
    shop.member("web", "catalog", "flask>=2", "jinja>=1,<4")
    expected, _ = _alone(shop, monkeypatch)
    shop.run("lock")
    assert shop.lockfile.read_bytes() == expected


def test_what_has_no_solution_is_the_same_error(
    shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    shop.member("catalog", "click<8.1", "safe<2.1")
    shop.member("web", "catalog", "flask", "click>=8.1")
    _, expected = _alone(shop, monkeypatch, code=1)
    found = shop.run("lock", code=1)
    assert "packages/web/pyproject.toml:5" in expected
    assert found.err == expected
    assert _solved_by(service, shop)


def test_a_source_archive_is_built_here(shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    running = service()
    shop.packages.add(make_sdist("built", "1.0", requires=["click"], static=False))
    shop.member("web", "catalog", "flask", "built")
    expected, _ = _alone(shop, monkeypatch)
    found = shop.run("lock")
    assert shop.lockfile.read_bytes() == expected
    assert "service" not in found.err
    assert not (running.data / "store" / "built-v1").exists()


def test_a_tree_outside_of_the_workspace(shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    service()
    shop.member("lib", "click<8.1")
    shutil.move(shop.root / "packages" / "lib", shop.root / "vendored")
    shop.member("web", "catalog", "flask", "lib", lines='[tool.interlock.sources]\nlib = { path = "../../vendored" }')
    text = shop.manifest("web").read_text().replace("[tool.interlock.sources]\ncatalog", "catalog")
    shop.manifest("web").write_text(text)
    expected, _ = _alone(shop, monkeypatch)
    shop.run("lock")
    assert shop.lockfile.read_bytes() == expected
    assert b"vendored" in expected
    assert shop.versions()["click"] == "8.0"


@pytest.mark.parametrize("command", [("sync", "--all-packages"), ("add", "--package", "catalog", "safe"), ("update",)])
def test_whoever_needs_a_lock_asks(
    shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    running = service()
    if command[0] == "update":
        shop.run("lock")
    found = shop.run(*command)
    assert "was not used" not in found.err
    asked = [event for event in running.events if event.get("path") == "/v1/locks"]
    assert asked


def test_a_fresh_lock_asks_nobody(shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    running = service()
    shop.run("lock")
    count = len(running.events)
    shop.run("lock")
    shop.run("lock", "--check")
    assert len(running.events) == count
    assert running.end() == 0
    assert "service" not in shop.run("lock").err


def test_through_a_unix_socket(
    shop: Shop, service: StartService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = service("--listen", f"unix:{tmp_path / 's'}")
    assert running.url.startswith("http+unix://")
    expected, _ = _alone(shop, monkeypatch)
    found = shop.run("lock")
    assert "service" not in found.err
    assert shop.lockfile.read_bytes() == expected


def test_an_index_that_nothing_is_to_come_from_is_not_told(
    shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    index = '[[tool.interlock.index]]\nname = "rare"\nurl = "https://rare.test/simple/"\nexplicit = true\n'
    shop.root.joinpath("pyproject.toml").write_text(f"{shop.root.joinpath('pyproject.toml').read_text()}\n{index}")
    expected, _ = _alone(shop, monkeypatch)
    assert "service" not in shop.run("lock").err
    assert shop.lockfile.read_bytes() == expected


def test_what_is_pinned_to_an_index_of_its_own(
    shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch, index: Callable[..., IndexServer]
) -> None:
    other = index(registry(click={"9.0": []}))
    service(text=f'[[index]]\nname = "one"\nurl = "{shop.index.url}"\n[[index]]\nname = "two"\nurl = "{other.url}"\n')
    table = f'[[tool.interlock.index]]\nname = "other"\nurl = "{other.url}"\nexplicit = true\n'
    sources = '[tool.interlock.sources]\nclick = { index = "other" }\n'
    manifest = shop.root / "pyproject.toml"
    manifest.write_text(f"{manifest.read_text()}\n{sources}{table}")
    expected, _ = _alone(shop, monkeypatch)
    assert "service" not in shop.run("lock").err
    assert shop.lockfile.read_bytes() == expected
    assert shop.versions()["click"] == "9.0"


def test_what_conflicts(shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    service()
    lines = '[project.optional-dependencies]\nold = ["jinja<3.1"]\nnew = ["jinja>=3.1"]\n'
    shop.member("web", "catalog", "flask", lines=lines)
    manifest = shop.root / "pyproject.toml"
    manifest.write_text(
        f"{manifest.read_text()}\n[tool.interlock]\n"
        'conflicts = [[{ package = "web", extra = "old" }, { package = "web", extra = "new" }]]\n'
    )
    expected, _ = _alone(shop, monkeypatch)
    assert "service" not in shop.run("lock").err
    assert shop.lockfile.read_bytes() == expected
    assert expected.count(b'"name": "jinja",\n      "version"') == 2


def test_a_git_repository_is_read_here(
    shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = service()
    shop.member("lib", "click<8.1")
    shutil.move(shop.root / "packages" / "lib", tmp_path / "lib")
    for line in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.test", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", str(tmp_path / "lib"), *line], check=True)
    shop.member("web", "flask", "lib", lines='[tool.interlock.sources]\nlib = { git = "../../../lib" }\n')
    expected, _ = _alone(shop, monkeypatch)
    assert "service" not in shop.run("lock").err
    assert shop.lockfile.read_bytes() == expected
    assert shop.versions()["click"] == "8.0"
    assert not (running.data / "store" / "git-v1").exists()
