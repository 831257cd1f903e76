"""Blobs: created once, verified when they are read, and no reason to fail."""

# ruff: noqa: ASYNC240 - small files of a test
from __future__ import annotations

import hashlib
import os
from pathlib import Path

import anyio
import pytest

from interlock.events import Event, Warned
from interlock.store.blobs import DirectoryBlobs, SecondLevel
from interlock.store.layout import Bucket, Layout

KEY = "ab" * 32


class Told(list[Event]):
    def report(self, event: Event) -> None:
        self.append(event)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(root: Path) -> DirectoryBlobs:
    return DirectoryBlobs(root)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def second(blobs: DirectoryBlobs, tmp_path: Path, told: Told) -> SecondLevel:
    return SecondLevel(blobs, Layout(tmp_path / "store"), told)


async def test_a_blob_is_created_when_it_is_absent_and_never_again(blobs: DirectoryBlobs, tmp_path: Path) -> None:
    assert await blobs.get("notes", KEY) is None
    assert await blobs.put("notes", KEY, b"first") is True
    (tmp_path / "file").write_bytes(b"second")
    assert await blobs.put("notes", KEY, tmp_path / "file") is False
    assert await blobs.get("notes", KEY) == b"first"
    assert await blobs.get("others", KEY) is None
    assert await blobs.fetch("notes", KEY, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"first"
    await blobs.drop("notes", KEY)
    await blobs.drop("notes", KEY)
    assert await blobs.fetch("notes", KEY, tmp_path / "none") is False


async def test_of_many_who_create_a_blob_one_does(blobs: DirectoryBlobs, root: Path) -> None:
    contents = [bytes([number]) * 100_000 for number in range(16)]
    created: list[bytes] = []

    async def put(content: bytes) -> None:
        if await blobs.put("notes", KEY, content):
            created.append(content)

    async with anyio.create_task_group() as tasks:
        for content in contents:
            tasks.start_soon(put, content)
    assert len(created) == 1
    assert await blobs.get("notes", KEY) == created[0]
    assert [path.name for path in root.rglob("*") if path.is_file()] == [KEY]


@pytest.mark.parametrize(
    ("bucket", "key"), [("notes", "../" * 20), ("..", KEY), ("notes", KEY.upper()), ("", KEY), ("notes", KEY + "0")]
)
async def test_keys_are_digits_or_nothing(blobs: DirectoryBlobs, bucket: str, key: str) -> None:
    with pytest.raises(ValueError, match="no bucket and key"):
        await blobs.put(bucket, key, b"")


@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 64 + b"something", None])
async def test_what_is_broken_is_absent_and_can_be_saved_again(
    second: SecondLevel, root: Path, damage: bytes | None
) -> None:
    await second.save("notes", KEY, b"right")
    assert await second.load("notes", KEY) == b"right"
    path = root / "notes" / "ab" / KEY
    path.write_bytes(damage if damage is not None else path.read_bytes()[:-1] + b"T")
    assert await second.load("notes", KEY) is None
    await second.save("notes", KEY, b"right")
    assert await second.load("notes", KEY) == b"right"


async def test_a_file_is_what_its_name_says_or_absent(
    second: SecondLevel, blobs: DirectoryBlobs, tmp_path: Path
) -> None:
    content = os.urandom(100_000)
    sha256 = hashlib.sha256(content).hexdigest()
    assert await second.load_file(Bucket.FILES, sha256, tmp_path / "a" / "b") is False
    await blobs.put(Bucket.FILES, sha256, content[:-1])
    assert await second.load_file(Bucket.FILES, sha256, tmp_path / "a" / "b") is False
    assert not (tmp_path / "a").exists()
    await second.save_file(Bucket.FILES, sha256, content)
    assert await second.load_file(Bucket.FILES, sha256, tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").read_bytes() == content
    assert os.listdir(tmp_path / "store" / "tmp") == []


async def test_a_place_in_trouble_is_told_of_once_and_is_empty(second: SecondLevel, root: Path, told: Told) -> None:
    root.write_text("no directory")
    for _ in range(3):
        await second.save("notes", KEY, b"right")
        assert await second.load("notes", KEY) is None
        await second.save_file(Bucket.FILES, KEY, b"right")
    assert [event.code for event in told if isinstance(event, Warned)] == ["blobs-unavailable"]
