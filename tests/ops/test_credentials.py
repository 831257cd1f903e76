"""Credentials reach the index that they are for, and nothing else: no lock, no note, no line on the terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import IndexFactory
from tests.ops.indexes import at_the_root, index_table
from tests.registry import Registry, registry
from tests.shop import Shop


def test_credentials_reach_the_index_and_nothing_else(
    shop: Shop, packages: Registry, index: IndexFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = index(packages, credentials=("ann", "s3cret"))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", private.url_with_credentials("ann", "s3cret"))
    said = shop.run("sync", "-v")
    assert "s3cret" not in said.err
    assert "s3cret" not in said.out
    assert all(request.status != 401 for request in private.requests)
    for folder in (shop.root, shop.cache):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert b"s3cret" not in path.read_bytes(), path


def test_credentials_in_the_manifest_do_not_reach_the_lock(
    shop: Shop, packages: Registry, index: IndexFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = index(packages, credentials=("ann", "s3cret"))
    root = shop.root / "pyproject.toml"
    url = private.url_with_credentials("ann", "s3cret")
    root.write_text(root.read_text() + f'[[tool.interlock.index]]\nname = "own"\nurl = "{url}"\ndefault = true\n')
    monkeypatch.delenv("INTERLOCK_DEFAULT_INDEX")
    shop.run("lock")
    text = shop.lockfile.read_text()
    assert '"own"' in text
    assert "s3cret" not in text
    assert "ann" not in text


def test_a_keyring_is_asked_when_the_index_refuses(
    shop: Shop,
    packages: Registry,
    index: IndexFactory,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    private = index(packages, credentials=("ann", "s3cret"))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", private.url.replace("://", "://ann@"))
    program = tmp_path / "bin" / "keyring"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n[ "$3" = ann ] && echo s3cret\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    said = shop.refuses("lock", error="unauthorized")
    shop.run("lock", "--keyring-provider", "subprocess")
    (asked,) = set((tmp_path / "asked").read_text().splitlines())
    assert asked == f"get {private.url} ann"
    assert "s3cret" not in said.err


@pytest.mark.parametrize("way", ["variables", "netrc"])
def test_credentials_come_from_the_environment_and_stay_out_of_everything(
    empty_shop: Shop, index: IndexFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    shop, house = empty_shop, index(registry(ours={"1.0": []}), credentials=("ann", "s3cret"))
    at_the_root(shop, index_table("my-house.2", house.url))
    shop.member("web", "ours")
    shop.refuses("lock", error="unauthorized")
    if way == "variables":
        monkeypatch.setenv("INTERLOCK_INDEX_MY_HOUSE_2_USERNAME", "ann")
        monkeypatch.setenv("INTERLOCK_INDEX_MY_HOUSE_2_PASSWORD", "s3cret")
    else:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ann password s3cret\n")
        monkeypatch.setenv("NETRC", str(netrc))
    said = shop.run("sync", "--package", "web", "-vv")
    assert shop.installed()["ours"] == "1.0"
    assert "s3cret" not in said.out + said.err
    for folder in (shop.root, shop.cache):
        for path in folder.rglob("*"):
            assert not path.is_file() or b"s3cret" not in path.read_bytes(), path


def test_credentials_of_a_url_do_not_reach_the_notes_of_the_environment(
    empty_shop: Shop, index: IndexFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shop = empty_shop
    house = index(registry(parts={"1.0": []}), layout="{filename}", credentials=("ann", "s3cret"))
    url = house.root.replace("://", "://ann:s3cret@") + "/parts-1.0-py3-none-any.whl"
    shop.member("web", f"parts @ {url}")
    shop.refuses("lock", error="unauthorized")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    said = shop.run("sync", "--package", "web", "-vv")
    (note,) = (shop.root / ".venv").glob("lib/python3*/site-packages/parts-1.0.dist-info/direct_url.json")
    assert json.loads(note.read_text())["url"] == f"{house.root}/parts-1.0-py3-none-any.whl"
    assert "s3cret" not in said.out + said.err + shop.lockfile.read_text()
