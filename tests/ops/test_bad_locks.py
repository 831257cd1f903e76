"""A lock that cannot be used, an interpreter that is not there, a disk that is full."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shop import Shop, snapshot, stored_wheels_are_whole
from tests.wheels import make_wheel

READING = [("lock",), ("lock", "--check"), ("sync",), ("sync", "--frozen"), ("tree",), ("export",)]


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_lock_that_was_cut_off(shop: Shop, command: tuple[str, ...]) -> None:
    shop.run("lock")
    data = shop.lockfile.read_bytes()
    shop.lockfile.write_bytes(data[: len(data) // 2])
    said = shop.refuses(*command)
    assert "interlock.lock" in said.err
    assert "hint: " in said.err


@pytest.mark.parametrize("command", READING[1:], ids=" ".join)
def test_a_lock_with_the_marks_of_a_merge(shop: Shop, command: tuple[str, ...]) -> None:
    shop.run("lock")
    lines = shop.lockfile.read_text().splitlines()
    middle = len(lines) // 2
    both = ["<<<<<<< HEAD", lines[middle], "=======", lines[middle], ">>>>>>> other"]
    shop.lockfile.write_text("\n".join([*lines[:middle], *both, *lines[middle + 1 :], ""]))
    said = shop.refuses(*command)
    assert f"interlock.lock contains unresolved merge conflict markers (line {middle + 1})" in said.err
    assert "Run `interlock lock`" in said.err
    shop.run("lock")
    shop.run("lock", "--check")
    assert "<<<" not in shop.lockfile.read_text()


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_lock_from_the_future(shop: Shop, command: tuple[str, ...]) -> None:
    shop.run("lock")
    text = shop.lockfile.read_text()
    shop.lockfile.write_text(text.replace('"format": [1, 0]', '"format": [3, 0], "unheard-of": [1]'))
    said = shop.refuses(*command)
    assert "interlock.lock" in said.err
    assert "has format 3.0" in said.err
    assert "Upgrade interlock" in said.err


def test_a_lock_from_a_slightly_newer_interlock_is_used_with_a_warning(shop: Shop) -> None:
    shop.run("lock")
    text = shop.lockfile.read_text()
    shop.lockfile.write_text(text.replace('"format": [1, 0]', '"format": [1, 7],\n  "unheard-of": [1]'))
    said = shop.run("lock", "--check")
    assert "warning" in said.err
    assert "newer" in said.err


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_lock_whose_version_is_not_that_of_its_file(shop: Shop, command: tuple[str, ...]) -> None:
    shop.run("sync")
    shop.run("lock", "--check")
    text = shop.lockfile.read_text()
    assert shop.versions()["flask"] == "3.1"
    shop.lockfile.write_text(text.replace('"version": "3.1"', '"version": "3.2"'))
    said = shop.refuses(*command, error="lock-corrupt")
    assert "flask-3.1-py3-none-any.whl is listed as a file of flask 3.2" in said.err
    shop.lockfile.write_text(text)
    shop.run("lock", "--check")


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_lock_without_a_hash_does_not_turn_verification_off(shop: Shop, command: tuple[str, ...]) -> None:
    shop.run("lock")
    shop.lockfile.write_text(re.sub('"sha256": "[0-9a-f]+"', '"sha256": ""', shop.lockfile.read_text(), count=1))
    said = shop.refuses(*command, error="lock-corrupt")
    assert "has no hash that a file could have ('')" in said.err


def test_a_wheel_that_was_built_has_the_version_that_is_locked(empty_shop: Shop, tmp_path: Path) -> None:
    """No file name tells the version of a repository."""
    shop = empty_shop
    folder = shop.member("tree").rename(tmp_path / "tree")
    for line in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@b.test", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", *line], cwd=folder, check=True)
    shop.member("app", "tree", lines=f'[tool.interlock.sources]\ntree = {{ git = "{folder.as_uri()}" }}\n')
    shop.run("lock")
    text = shop.lockfile.read_text()
    shop.lockfile.write_text(text.replace('"version": "1.0"', '"version": "1.1"'))
    said = shop.refuses("sync", "--frozen", error="wrong-wheel")
    assert "is tree 1.0, but tree 1.1 was asked for" in said.err


def test_a_lock_that_is_a_folder(shop: Shop) -> None:
    shop.lockfile.mkdir()
    said = shop.refuses("lock")
    assert "interlock.lock" in said.err


def test_no_interpreter_in_range(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.member("web", "flask", python=">=3.97")
    shop.member("catalog", "click", python=">=3.97")
    shop.run("lock")
    monkeypatch.delenv("INTERLOCK_PYTHON")
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))
    said = shop.refuses("sync", error="no-interpreter")
    assert ">=3.97" in said.err
    version = ".".join(map(str, sys.version_info[:3]))
    assert version in said.err, "the candidates are told"


def test_an_interpreter_that_is_asked_for_and_not_in_range(shop: Shop) -> None:
    shop.member("web", "flask", python=">=3.97")
    shop.run("lock")
    said = shop.refuses("sync", "--package", "web", "--python", sys.executable)
    assert ">=3.97" in said.err


def test_a_folder_that_is_no_environment_is_left_alone(shop: Shop) -> None:
    shop.run("lock")
    shop.write(".venv/precious.txt", "mine")
    said = shop.refuses("sync", error="environment-not-ours")
    assert str(shop.root / ".venv") in said.err


def test_the_old_environment_stays_until_the_new_one_can_be_made(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with another Python is replaced, but not when a download fails first."""
    shop.run("sync")
    config = shop.root / ".venv" / "pyvenv.cfg"
    home = re.search("executable = (.*)", config.read_text())
    assert home is not None
    config.write_text(config.read_text().replace(home[1], "/nowhere/python"))
    for name in ("python", "python3"):
        (shop.root / ".venv" / "bin" / name).unlink()
    shop.index.fail("flask-3.1-py3-none-any.whl", 404)
    with shop.unchanged():
        said = shop.run("sync", "--cache-dir", str(shop.cache) + "-new", code=1)
    assert "flask-3.1-py3-none-any.whl" in said.err
    shop.index.faults.clear()
    shop.run("sync")
    assert shop.can_import("flask")


# ---- a full disk -----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root on Linux")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.decode().strip()}")
    return place


@pytest.fixture
def unmounted(small_disk: Path) -> Iterator[Path]:
    yield small_disk
    subprocess.run(["umount", "-l", small_disk], check=False)


def big(shop: Shop) -> None:
    """A wheel of two megabytes that cannot be compressed, and a small one."""
    shop.packages.add(
        make_wheel("large", "1.0", files={"large/__init__.py": "", "large/data.bin": os.urandom(2 << 20)})
    )
    shop.member("app", "large", "click")


def test_a_store_on_a_full_disk(empty_shop: Shop, unmounted: Path) -> None:
    shop = empty_shop
    big(shop)
    shop.run("lock")
    before = snapshot(shop.root)
    said = shop.run("sync", "--cache-dir", unmounted / "cache", code=1)
    assert "No space left on device" in said.err or "no space left on device" in said.err
    assert "hint: " in said.err
    assert f"{unmounted / 'cache'}/" in said.err
    assert f"mounted at {unmounted}" in " ".join(said.err.split())
    assert snapshot(shop.root) == before
    stored_wheels_are_whole(unmounted / "cache")
    assert not list((unmounted / "cache" / "tmp").glob("*")), "the space is given back"
    shop.run("sync")
    assert shop.can_import("large")


def test_an_environment_on_a_full_disk(empty_shop: Shop, unmounted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = empty_shop
    big(shop)
    shop.run("lock")
    monkeypatch.setenv("INTERLOCK_PROJECT_ENVIRONMENT", str(unmounted / "env"))
    with shop.unchanged():
        said = shop.run("sync", code=1)
    assert "no space left on device" in said.err.lower()
    assert f"{unmounted / 'env'}" in said.err
    assert f"mounted at {unmounted}" in " ".join(said.err.split())
    assert not list(unmounted.glob("env/lib/python3*/site-packages/large*"))
    assert not (unmounted / "env").exists()


def test_a_lock_on_a_full_disk(empty_shop: Shop, unmounted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = empty_shop
    shop.member("app", "click")
    shop.run("lock")
    copy = unmounted / "ws"
    subprocess.run(["cp", "-r", shop.root, copy], check=True)
    manifest = copy / "packages" / "app" / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"click"', '"click", "flask"'))
    filler = unmounted / "filler"
    with open(filler, "wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"\0" * 4096)
    before = snapshot(copy)
    said = shop.run("lock", "--directory", copy, code=1)
    assert "no space left on device" in said.err.lower()
    assert f"{copy / 'interlock.lock'}" in said.err
    assert snapshot(copy) == before
    for words in (
        ["add", "flask>=3", "--no-sync"],
        ["add", "flask>=3", "--frozen"],
        ["version", "--bump", "minor"],
    ):
        said = shop.run(*words, "--directory", copy / "packages" / "app", code=1)
        assert "no space left on device" in said.err.lower(), words
        assert f"{copy}/" in said.err
        assert snapshot(copy) == before, words
