"""Wheels and sdists that are not what was promised: told by name, refused whole, nothing changed."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import Any

import pytest

from tests.registry import Release
from tests.shop import Shop
from tests.wheels import Built, make_sdist, make_wheel

GOOD = make_wheel("thing", "1.0")


def swapped(shop: Shop, built: Built) -> None:
    """Serve another file under the name and the promises of the good one."""
    shop.packages.withdraw(GOOD.filename)
    shop.packages.publish(built, sha256=GOOD.sha256)
    shop.index.behaviour = type(shop.index.behaviour)(layout="files/{filename}")


@pytest.fixture
def locked(empty_shop: Shop) -> Shop:
    """One member that needs ``thing``, locked."""
    shop = empty_shop
    shop.index.behaviour = type(shop.index.behaviour)(layout="files/{filename}")
    shop.packages.add(GOOD)
    shop.member("app", "thing")
    shop.run("lock")
    return shop


def lying(shop: Shop, built: Built) -> None:
    """A wheel that is what the lock says to the last bit, and wrong inside."""
    shop.packages.add(built)
    shop.member("app", "thing")
    shop.run("lock")


def test_a_wheel_whose_hash_is_another(locked: Shop) -> None:
    swapped(locked, make_wheel("thing", "1.0", files={"thing.py": "EVIL = 1\n"}))
    said = locked.refuses("sync", error="digest-mismatch")
    assert "thing-1.0-py3-none-any.whl" in said.err
    assert GOOD.sha256 in said.err


@pytest.mark.parametrize(
    ("built", "evidence"),
    [
        (make_wheel("thing", "1.0", metadata="Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"), "other"),
        (make_wheel("thing", "1.0", metadata="Metadata-Version: 2.1\nName: thing\nVersion: 2.0\n"), "2.0"),
        (make_wheel("thing", "1.0", metadata="Summary: nothing\n"), "thing-1.0-py3-none-any.whl"),
        (make_wheel("thing", "1.0", metadata=b"\xff\xfe\x00"), "thing-1.0-py3-none-any.whl"),
        (make_wheel("thing", "1.0", record="thing.py,sha256=AAAA,3\n"), "RECORD"),
        (make_wheel("thing", "1.0", record=""), "RECORD"),
    ],
    ids=["name", "version", "empty", "bytes", "hash", "record"],
)
def test_a_wheel_that_lies_about_itself(empty_shop: Shop, built: Built, evidence: str) -> None:
    shop = empty_shop
    shop.packages.add(built, Release(built=built, metadata=False))
    shop.member("app", "thing")
    with_lock = shop.run("lock", code=None)
    if with_lock.code == 0:
        said = shop.refuses("sync")
    else:
        said = shop.refuses("lock")
    assert "thing" in said.err
    assert evidence in said.err
    assert not (shop.root / ".venv").exists()


def test_metadata_on_the_side_that_is_not_what_the_wheel_has(empty_shop: Shop) -> None:
    shop = empty_shop
    promised = make_wheel("thing", "1.0")
    actual = make_wheel("thing", "1.0", requires=["click"])
    shop.packages.add(Built(**{**_fields(actual), "metadata": promised.metadata}))
    shop.member("app", "thing")
    shop.run("lock")
    said = shop.refuses("sync")
    assert "thing-1.0-py3-none-any.whl" in said.err
    assert "METADATA" in said.err or "metadata" in said.err


def _fields(built: Built) -> dict[str, Any]:
    return {name: getattr(built, name) for name in built.__struct_fields__}


def test_a_metadata_file_whose_hash_is_another(locked: Shop) -> None:
    locked.lockfile.unlink()
    locked.index.replace(f"{GOOD.filename}.metadata", b"Metadata-Version: 2.1\nName: thing\nVersion: 1.0\nEvil: 1\n")
    said = locked.run("lock", "--no-cache", code=None)
    assert said.code == 0 or "thing" in said.err
    if said.code == 0:
        assert locked.index.paths(GOOD.filename)[-1].endswith(".whl")


def evil_zip(*paths: str) -> bytes:
    """The good wheel with more in it."""
    target = io.BytesIO(GOOD.data)
    with zipfile.ZipFile(target, "a") as archive:
        for path in paths:
            archive.writestr(path, "EVIL = 1\n")
    return target.getvalue()


@pytest.mark.parametrize("path", ["../evil.py", "/evil.py", "a/../../../evil.py", "..\\evil.py", "C:/evil.py"])
def test_a_wheel_that_reaches_outside(empty_shop: Shop, path: str) -> None:
    shop = empty_shop
    built = Built(**{**_fields(GOOD), "data": evil_zip(path)})
    lying(shop, built)
    said = shop.refuses("sync")
    assert "thing-1.0-py3-none-any.whl" in said.err
    assert not list(shop.root.parent.rglob("evil.py"))


def evil_tar(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    source = make_sdist("thing", "1.0")
    target = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(source.data)) as old,
        tarfile.open(fileobj=target, mode="w:gz") as new,
    ):
        for entry in old:
            new.addfile(entry, old.extractfile(entry))
        bad = tarfile.TarInfo(name)
        bad.type, bad.linkname = kind, link
        bad.size = 9 if kind == tarfile.REGTYPE else 0
        new.addfile(bad, io.BytesIO(b"EVIL = 1\n"))
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        evil_tar("../evil.py"),
        evil_tar("/tmp/evil.py"),
        evil_tar("thing-1.0/../../evil.py"),
        evil_tar("thing-1.0/evil", tarfile.SYMTYPE, "../../../evil.py"),
        evil_tar("thing-1.0/evil", tarfile.LNKTYPE, "../../evil.py"),
        evil_tar("thing-1.0/evil", tarfile.CHRTYPE),
    ],
    ids=["up", "absolute", "sideways", "symlink", "hardlink", "device"],
)
def test_an_sdist_that_reaches_outside(empty_shop: Shop, data: bytes) -> None:
    shop = empty_shop
    source = make_sdist("thing", "1.0")
    shop.packages.add(Built(**{**_fields(source), "data": data}))
    shop.member("app", "thing")
    said = shop.run("lock", code=None)
    said = shop.refuses("sync") if said.code == 0 else shop.refuses("lock")
    assert "thing-1.0.tar.gz" in said.err
    assert not list(shop.root.parent.rglob("evil.py"))


def test_a_wheel_that_is_no_archive(empty_shop: Shop) -> None:
    shop = empty_shop
    lying(shop, Built(**{**_fields(GOOD), "data": b"PK\x03\x04 not really"}))
    said = shop.refuses("sync")
    assert "thing-1.0-py3-none-any.whl" in said.err


def test_a_wheel_for_another_machine(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.add(make_wheel("thing", "1.0", tag="cp311-cp311-win_amd64"))
    shop.member("app", "thing")
    shop.run("lock")
    said = shop.refuses("sync")
    assert "thing" in said.err
    assert "win_amd64" in said.err
