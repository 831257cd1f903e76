"""Several processes on one workspace and one store: each does its work, and none spoils another's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.ops.test_interrupts import many
from tests.shop import Shop, broken_records, snapshot, stored_wheels_are_whole


def finished(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (out, err)


@pytest.mark.slow
def test_eight_syncs_of_one_workspace_with_a_cold_store(empty_shop: Shop) -> None:
    shop = empty_shop
    many(shop, 12)
    finished([shop.start("sync") for _ in range(8)])
    (site,) = (shop.root / ".venv").glob("lib/python3*/site-packages")
    assert not broken_records(site)
    assert len(shop.installed()) == 13
    stored_wheels_are_whole(shop.cache)
    assert not list((shop.cache / "tmp").glob("*"))
    downloads = shop.index.paths("part3-1.0-py3-none-any.whl")
    assert len([path for path in downloads if path.endswith(".whl")]) == 1, "the others waited for the first"
    shop.run("sync", "--check")
    shop.run("lock", "--check")


@pytest.mark.slow
def test_eight_workspaces_with_one_cold_store(empty_shop: Shop, tmp_path: Path) -> None:
    shop = empty_shop
    many(shop, 6)
    shop.run("lock", "--no-cache")
    copies = [tmp_path / f"copy{number}" for number in range(8)]
    for copy in copies:
        subprocess.run(["cp", "-r", shop.root, copy], check=True)
    finished([shop.start("--directory", copy, "sync", "--locked") for copy in copies])
    for copy in copies:
        (site,) = (copy / ".venv").glob("lib/python3*/site-packages")
        assert not broken_records(site)
        assert len(list(site.glob("part*.dist-info"))) == 6
    stored_wheels_are_whole(shop.cache)


def test_locks_at_the_same_time_give_the_same_bytes(shop: Shop) -> None:
    shop.run("lock", "--no-cache")
    expected = shop.lockfile.read_bytes()
    shop.lockfile.unlink()
    finished([shop.start("lock") for _ in range(6)])
    assert shop.lockfile.read_bytes() == expected
    assert not [path for path in snapshot(shop.root) if path.startswith(".interlock.lock")]


def test_locks_with_stores_of_their_own(shop: Shop, tmp_path: Path) -> None:
    shop.run("lock", "--no-cache")
    expected = shop.lockfile.read_bytes()
    shop.lockfile.unlink()
    finished([shop.start("sync", "--cache-dir", tmp_path / f"cache{number}") for number in range(4)])
    assert shop.lockfile.read_bytes() == expected
    (site,) = (shop.root / ".venv").glob("lib/python3*/site-packages")
    assert not broken_records(site)


def test_the_store_is_not_emptied_while_it_is_used(shop: Shop) -> None:
    shop.run("lock")
    shop.index.forget()
    shop.index.slow("flask-3.1-py3-none-any.whl", 2, times=1)
    process = shop.start("sync")
    while not shop.index.paths("click-8.1-py3-none-any.whl"):
        assert process.poll() is None
    said = shop.run("cache", "clean", code=1)
    assert said.err.startswith("error[cache-busy]")
    finished([process])
    shop.run("cache", "clean")
    shop.run("sync", "--check")
