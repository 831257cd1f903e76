"""How files come from the store to an environment: bytecode, and another file system."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.shop import Shop


def test_bytecode_is_compiled_when_asked(shop: Shop) -> None:
    shop.run("sync", "--package", "catalog")
    assert not list((shop.root / ".venv").glob("lib/python3*/site-packages/__pycache__/click.*.pyc"))
    shop.run("env", "remove")
    shop.run("sync", "--package", "catalog", "--compile")
    assert list((shop.root / ".venv").glob("lib/python3*/site-packages/__pycache__/click.*.pyc"))


def test_a_store_on_another_file_system_is_copied_from(shop: Shop) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == shop.root.stat().st_dev:
        pytest.skip("needs another file system")
    with tempfile.TemporaryDirectory(dir=memory) as store:
        shop.run("sync", "--package", "catalog", "--cache-dir", store, "--link-mode", "hardlink")
        (stored,) = Path(store).glob("wheels-v1/*/*/tree/click.py")
        (installed,) = (shop.root / ".venv").glob("lib/python3*/site-packages/click.py")
        assert installed.read_bytes() == stored.read_bytes()
        assert (installed.stat().st_nlink, installed.is_symlink()) == (1, False)
