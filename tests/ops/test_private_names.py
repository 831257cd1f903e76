"""Dependency confusion: a name that manifests take from a place of their own is told to no other index."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.core.sources.source import Registry
from tests.conftest import IndexFactory
from tests.git.conftest import Repository
from tests.index_server import IndexServer
from tests.registry import registry
from tests.shop import Shop


@pytest.fixture
def private(empty_shop: Shop, index: IndexFactory) -> IndexServer:
    """An index with the real ``secret``; the one that answers by default has an impostor."""
    empty_shop.packages.wheel("secret", "99.0")
    empty_shop.packages.wheel("needy", "1.0", "secret")
    return index(registry(secret={"1.0": []}))


def _declared(server: IndexServer, name: str = "private", dialect: str = "uv") -> str:
    return f'[[tool.{dialect}.index]]\nname = "{name}"\nurl = "{server.url}"\nexplicit = true\n'


def _outside(shop: Shop, kind: str, text: str, name: str = "lib") -> str:
    """A project outside of the workspace, and the source that leads to it."""
    folder = shop.root.parent / "outside" / name
    manifest = f'[project]\nname = "{name}"\nversion = "1.0"\n{text}'
    if kind == "path":
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(manifest, encoding="utf-8")
        return f'{name} = {{ path = "../../../outside/{name}" }}\n'
    repository = Repository(folder)
    (folder / "pyproject.toml").write_text(manifest, encoding="utf-8")
    repository.commit()
    return f'{name} = {{ git = "{repository.url}" }}\n'


def _locked(shop: Shop) -> dict[str, str]:
    """The versions of ``secret`` with their indexes."""
    return {
        package.version: package.source.index
        for package in shop.lock.packages
        if package.name == "secret" and isinstance(package.source, Registry)
    }


_NEEDS = {
    "plainly": ('dependencies = ["secret"]\n', 'secret = { index = "private" }\n', "lib"),
    "by marker": (
        'dependencies = ["secret"]\n',
        "secret = [{ index = 'private', marker = \"python_version >= '3'\" }]\n",
        "lib",
    ),
    "by extra": (
        'optional-dependencies.x = ["secret"]\n',
        'secret = [{ index = "private", extra = "x" }]\n',
        "lib[x]",
    ),
    "by extra and marker": (
        "optional-dependencies.x = [\"secret ; python_version >= '3.1'\"]\n",
        "secret = [{ index = 'private', extra = 'x', marker = \"python_version >= '3'\" }]\n",
        "lib[x]",
    ),
    "with one of another extra": (
        'optional-dependencies = { x = ["secret"], y = ["click"] }\n',
        'secret = [{ index = "private", extra = "x" }]\nclick = [{ path = "../nowhere", extra = "z" }]\n',
        "lib[x,y]",
    ),
}


@pytest.mark.parametrize("kind", ["path", "git"])
@pytest.mark.parametrize("needs", _NEEDS)
def test_a_project_outside_takes_a_package_from_an_index_of_its_own(
    empty_shop: Shop, private: IndexServer, kind: str, needs: str
) -> None:
    asks, sources, asked = _NEEDS[needs]
    place = _outside(empty_shop, kind, f"{asks}[tool.uv.sources]\n{sources}{_declared(private)}")
    empty_shop.member("app", asked, lines=f"[tool.interlock.sources]\n{place}")
    empty_shop.run("lock")
    assert _locked(empty_shop) == {"1.0": "private"}
    empty_shop.run("lock", "--check")
    before = empty_shop.lockfile.read_bytes()
    empty_shop.run("lock", "--upgrade")
    assert empty_shop.lockfile.read_bytes() == before
    empty_shop.run("sync", "--package", "app", "--frozen", "--no-install-package", "lib")
    assert empty_shop.installed()["secret"] == "1.0"
    exported = empty_shop.run("export", "--format", "pylock", "--package", "app").out
    assert private.url.removesuffix("simple/") in exported
    assert empty_shop.run("outdated").code == 0
    assert empty_shop.index.paths("secret") == []


@pytest.mark.parametrize("ours", ["same address", "another address", "not declared"])
def test_what_an_index_is_called_outside(
    empty_shop: Shop, private: IndexServer, index: IndexFactory, ours: str
) -> None:
    """The workspace may call another index by that name."""
    other = index(registry(secret={"5.0": []}, click={"9.0": []}))
    place = _outside(
        empty_shop,
        "path",
        f'dependencies = ["secret"]\n[tool.uv.sources]\nsecret = {{ index = "private" }}\n{_declared(private)}',
    )
    known = {"same address": private, "another address": other}.get(ours)
    manifest = empty_shop.root / "pyproject.toml"
    if known is not None:
        manifest.write_text(manifest.read_text() + _declared(known, dialect="interlock"))
    more = '\nclick = { index = "private" }' if known is other else ""
    empty_shop.member("app", "lib", "click", lines=f"[tool.interlock.sources]\n{place}{more}")
    empty_shop.run("lock")
    (called,) = _locked(empty_shop).values()
    assert called.startswith("private")
    assert (called == "private") == (ours != "another address")
    empty_shop.run("sync", "--package", "app", "--frozen", "--no-install-package", "lib")
    assert empty_shop.installed()["secret"] == "1.0"
    assert empty_shop.versions()["click"] == ("9.0" if known is other else "8.1")
    assert not empty_shop.index.paths("secret")
    assert not other.paths("secret")


def test_two_projects_outside_may_call_different_indexes_the_same(
    empty_shop: Shop, private: IndexServer, index: IndexFactory
) -> None:
    other = index(registry(hidden={"7.0": []}))
    empty_shop.packages.wheel("hidden", "99.0")
    places = ""
    for name, wanted, server in (("lib", "secret", private), ("tool", "hidden", other)):
        table = f'[tool.uv.sources]\n{wanted} = {{ index = "private" }}\n{_declared(server)}'
        places += _outside(empty_shop, "path", f'dependencies = ["{wanted}"]\n{table}', name)
    empty_shop.member("app", "lib", "tool", lines=f"[tool.interlock.sources]\n{places}")
    empty_shop.run("lock")
    empty_shop.run("sync", "--package", "app", "--frozen", "--no-install-local")
    assert empty_shop.installed().items() >= {"secret": "1.0", "hidden": "7.0"}.items()
    assert not empty_shop.index.paths("secret")
    assert not empty_shop.index.paths("hidden")


def test_a_project_outside_may_use_an_index_that_the_workspace_declares(empty_shop: Shop, private: IndexServer) -> None:
    place = _outside(
        empty_shop, "path", 'dependencies = ["secret"]\n[tool.uv.sources]\nsecret = { index = "private" }\n'
    )
    empty_shop.member("app", "lib", lines=f"[tool.interlock.sources]\n{place}")
    said = empty_shop.refuses("lock", error="unknown-source-index").err
    assert "The project in ../outside/lib takes `secret` from index `private`, which it does not declare." in said
    manifest = empty_shop.root / "pyproject.toml"
    manifest.write_text(manifest.read_text() + _declared(private, dialect="interlock"))
    empty_shop.run("lock")
    assert _locked(empty_shop) == {"1.0": "private"}
    assert not empty_shop.index.paths("secret")


def test_what_a_project_outside_takes_from_its_workspace_has_to_be_there(empty_shop: Shop) -> None:
    empty_shop.packages.wheel("secret", "99.0")
    place = _outside(
        empty_shop, "path", 'dependencies = ["secret"]\n[tool.uv.sources]\nsecret = { workspace = true }\n'
    )
    empty_shop.member("app", "lib", lines=f"[tool.interlock.sources]\n{place}")
    said = empty_shop.refuses("lock", error="source-not-member").err
    assert "The project in ../outside/lib takes `secret` from its workspace, which has no member of that name." in said
    assert not empty_shop.index.paths("secret")


def test_a_manifest_outside_that_cannot_be_read_is_not_passed_over(empty_shop: Shop, private: IndexServer) -> None:
    table = f'[tool.uv.sources]\nsecret = {{ indx = "private" }}\n{_declared(private)}'
    place = _outside(empty_shop, "path", f'dependencies = ["secret"]\n{table}')
    empty_shop.member("app", "lib", lines=f"[tool.interlock.sources]\n{place}")
    empty_shop.refuses("lock", error="invalid-manifest")
    assert not empty_shop.index.paths("secret")


def test_logins_go_to_the_indexes_of_the_workspace_by_name_and_to_no_index_outside(
    empty_shop: Shop, private: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_INDEX_PRIVATE_USERNAME", "ann")
    monkeypatch.setenv("INTERLOCK_INDEX_PRIVATE_PASSWORD", "word")
    place = _outside(
        empty_shop,
        "path",
        f'dependencies = ["secret"]\n[tool.uv.sources]\nsecret = {{ index = "private" }}\n{_declared(private)}',
    )
    empty_shop.member("app", "lib", lines=f"[tool.interlock.sources]\n{place}")
    empty_shop.run("lock")
    assert private.requests
    assert not any(request.headers.get("authorization") for request in private.requests)


# ---- the workspace's own pins -------------------------------------------------------------------------------------

_PINS = {
    "of a member": (['"secret"'], 'secret = { index = "private" }\n', True),
    "where a marker of the requirement holds": (
        ["\"secret ; sys_platform == 'win32'\"", '"needy"'],
        'secret = { index = "private" }\n',
        True,
    ),
    "and asked for by a package of the default index": (
        ['"secret"', '"needy"'],
        'secret = { index = "private" }\n',
        True,
    ),
    "by marker": (['"secret"'], "secret = [{ index = 'private', marker = \"sys_platform == 'linux'\" }]\n", False),
}


@pytest.mark.parametrize("pin", _PINS)
def test_a_name_pinned_to_an_explicit_index_is_told_to_no_other(
    empty_shop: Shop, private: IndexServer, pin: str
) -> None:
    asks, sources, alone = _PINS[pin]
    empty_shop.member(
        "app", lines=f"[dependency-groups]\ndev = [{', '.join(asks)}]\n[tool.interlock.sources]\n{sources}"
    )
    manifest = empty_shop.root / "pyproject.toml"
    manifest.write_text(manifest.read_text() + _declared(private, dialect="interlock"))
    empty_shop.run("lock")
    assert _locked(empty_shop) == ({"1.0": "private"} if alone else {"1.0": "private", "99.0": "pypi"})
    assert bool(empty_shop.index.paths("secret")) != alone
    empty_shop.member("web", "needy", "click")
    empty_shop.run("lock")
    assert bool(empty_shop.index.paths("secret")) != alone


def test_a_package_new_to_the_lock_does_not_tell_a_pinned_name(empty_shop: Shop, private: IndexServer) -> None:
    """Not even where what is new is resolved alone."""
    manifest = empty_shop.root / "pyproject.toml"
    manifest.write_text(manifest.read_text() + _declared(private, dialect="interlock"))
    pin = '[tool.interlock.sources]\nsecret = { index = "private" }\n'
    empty_shop.member("app", "click", "secret ; python_version < '3'", lines=pin)
    empty_shop.member("web", "click")
    empty_shop.run("lock")
    empty_shop.member("web", "click", "needy")
    empty_shop.run("lock")
    assert _locked(empty_shop) == {"1.0": "private"}
    assert not empty_shop.index.paths("secret")


def test_the_message_says_that_the_pinned_index_has_no_such_package(empty_shop: Shop, private: IndexServer) -> None:
    manifest = empty_shop.root / "pyproject.toml"
    manifest.write_text(manifest.read_text() + _declared(private, dialect="interlock"))
    empty_shop.member("app", "click", lines='[tool.interlock.sources]\nclick = { index = "private" }\n')
    said = empty_shop.refuses("lock", error="no-solution").err
    assert "`click` is pinned to the index `private`, and no other index is asked for it" in said
    assert not empty_shop.index.paths("click")


def test_a_private_directory_is_asked_for_at_no_index(empty_shop: Shop) -> None:
    """Not even when its marker leaves environments in which somebody else could mean another package."""
    empty_shop.packages.wheel("needy", "1.0", "lib")
    place = _outside(empty_shop, "path", "")
    empty_shop.member("app", "lib ; sys_platform == 'win32'", "needy", lines=f"[tool.interlock.sources]\n{place}")
    empty_shop.run("lock")
    assert empty_shop.versions() == {"lib": "1.0", "needy": "1.0"}
    assert not empty_shop.index.paths("/lib/")


def test_locks_do_not_say_where_indexes_outside_are(empty_shop: Shop, private: IndexServer, tmp_path: Path) -> None:
    place = _outside(
        empty_shop,
        "path",
        f'dependencies = ["secret"]\n[tool.uv.sources]\nsecret = {{ index = "private" }}\n{_declared(private)}',
    )
    empty_shop.member("app", "lib", lines=f"[tool.interlock.sources]\n{place}")
    empty_shop.run("lock")
    text = empty_shop.lockfile.read_text()
    assert "127.0.0.1" not in text
    assert str(tmp_path) not in text
