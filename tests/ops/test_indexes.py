"""Which index or folder a package comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import IndexFactory
from tests.ops.indexes import at_the_root, index_table, indexes_in_the_lock
from tests.registry import registry
from tests.shop import Shop
from tests.wheels import make_sdist, make_wheel


def test_the_index_of_a_member_is_used_for_what_it_pins(shop: Shop, index: IndexFactory) -> None:
    other = index(registry(flask={"5.0": []}, click={"99.0": []}))
    shop.member(
        "web",
        "flask",
        "click",
        lines=f'[[tool.interlock.index]]\nname = "own"\nurl = "{other.url}"\n'
        '[tool.interlock.sources]\nflask = { index = "own" }\n',
    )
    shop.run("lock")
    assert shop.versions() == {"click": "8.1", "flask": "5.0"}
    shop.run("lock", "--check")
    shop.run("sync", "--package", "web")
    assert shop.installed()["flask"] == "5.0"
    assert not other.paths("click")


def test_an_internal_name_with_a_higher_version_elsewhere_stays_internal(empty_shop: Shop, index: IndexFactory) -> None:
    shop, house = empty_shop, index(registry(ours={"1.0": []}))
    shop.packages.wheel("ours", "99.0")
    at_the_root(shop, index_table("house", house.url))
    shop.member("web", "ours", "click")
    shop.run("sync", "--package", "web")
    assert shop.versions() == {"click": "8.1", "ours": "1.0"}
    assert shop.installed()["ours"] == "1.0"
    assert shop.index.paths("/ours/") == []
    assert indexes_in_the_lock(shop) == {"click": "pypi", "ours": "house"}


def test_an_explicit_index_is_asked_for_what_is_pinned_to_it_and_nothing_else(
    empty_shop: Shop, index: IndexFactory
) -> None:
    shop, hidden = empty_shop, index(registry(click={"99.0": []}, torch={"2.0": ["safe"]}, safe={"99.0": []}))
    at_the_root(
        shop,
        index_table("hidden", hidden.url, "explicit = true"),
        '[tool.interlock.sources]\ntorch = { index = "hidden" }\n',
    )
    shop.member("web", "click", "torch")
    shop.run("lock")
    assert shop.versions() == {"click": "8.1", "safe": "2.1", "torch": "2.0"}
    assert indexes_in_the_lock(shop) == {"click": "pypi", "safe": "pypi", "torch": "hidden"}
    assert hidden.paths("/click/") == []
    assert hidden.paths("/safe/") == [], "what is pinned does not pin what it needs"


def test_a_poetry_source_takes_the_place_of_the_default_index_unless_that_is_named(
    empty_shop: Shop, index: IndexFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, house = empty_shop, index(registry(ours={"1.0": []}))
    project = (
        '[tool.poetry]\nname = "app"\nversion = "1"\ndescription = ""\nauthors = []\npackage-mode = false\n'
        '[tool.poetry.dependencies]\npython = "^3.11"\nours = "^1"\nclick = "^8"\n'
        f'[[tool.poetry.source]]\nname = "house"\nurl = "{house.url}"\n'
    )
    (shop.root / "pyproject.toml").write_text(project)
    monkeypatch.delenv("INTERLOCK_DEFAULT_INDEX")
    said = shop.refuses("lock", error="no-solution")
    assert "no index has a package `click` (asked: house)" in said.err
    assert shop.index.requests == []
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", shop.index.url)
    (shop.root / "pyproject.toml").write_text(project + '[[tool.poetry.source]]\nname = "pypi"\n')
    shop.run("lock")
    assert indexes_in_the_lock(shop) == {"click": "pypi", "ours": "house"}


def test_a_folder_of_files_is_all_that_is_needed(empty_shop: Shop, tmp_path: Path) -> None:
    shop, folder = empty_shop, tmp_path / "links"
    folder.mkdir()
    for built in (
        make_wheel("parts", "1.0", requires=["bolts>=2"]),
        make_wheel("parts", "0.9"),
        make_sdist("bolts", "2.0"),
    ):
        (folder / built.filename).write_bytes(built.data)
    shop.member("web", "parts")
    alone = ("--no-index", "--find-links", folder, "--offline")
    shop.run("lock", *alone)
    assert shop.versions() == {"bolts": "2.0", "parts": "1.0"}
    assert str(tmp_path) not in shop.lockfile.read_text()
    assert all(file.sha256 for package in shop.lock.packages for file in package.artifacts)
    before = shop.lockfile.read_bytes()
    shop.run("sync", "--package", "web", *alone)
    assert shop.installed() == {"bolts": "2.0", "parts": "1.0", "web": "1.0"}
    assert shop.lockfile.read_bytes() == before
    shop.run("lock", "--check", *alone)
    assert shop.index.requests == []
    changed = make_wheel("parts", "1.0", requires=["bolts>=2"], files={"parts.py": "EVIL = True\n"})
    (folder / changed.filename).write_bytes(changed.data)
    shop.run("env", "remove")
    assert "digest-mismatch" in shop.run("sync", *alone, "--cache-dir", tmp_path / "new", code=1).err
