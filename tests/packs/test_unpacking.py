from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from interlock.core.settings.limits import DEFAULT
from interlock.packs.header import Entry, Form, encode_header, layed_out, read_prelude
from interlock.packs.reading import OpenPack, open_pack
from interlock.packs.refusals import BadPack
from interlock.packs.unpacking import Unpacked, unpack
from interlock.store.archives import open_wheel
from interlock.store.layout import Bucket, Layout
from tests.packs.made import files, pack_of


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Path]:
    return files(tmp_path / "files")


@pytest.fixture
def pack(tmp_path: Path, found: dict[str, Path]) -> Path:
    return pack_of(found, tmp_path / "a.pack")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


def named(found: dict[str, Path]) -> dict[str, str]:
    return {sha256: path.name for sha256, path in found.items()}


def take(pack: Path, layout: Layout, names: dict[str, str]) -> Unpacked:
    with open_pack(pack, DEFAULT) as opened:
        return unpack(opened, layout, names, jobs=2)


def entries(layout: Layout) -> list[str]:
    return [path.name for bucket in (Bucket.WHEELS, Bucket.SDISTS) for path in layout.bucket(bucket).glob("*/*")]


def test_what_the_lock_names_is_in_the_store_afterwards(pack: Path, layout: Layout, found: dict[str, Path]) -> None:
    assert take(pack, layout, named(found)) == Unpacked(added=5)
    for sha256, path in found.items():
        if path.suffix == ".whl":
            stored = open_wheel(layout, sha256)
            assert stored is not None
            assert stored.filename == path.name
        else:
            assert layout.entry(Bucket.SDISTS, sha256).read_bytes() == path.read_bytes()
    assert take(pack, layout, named(found)) == Unpacked(present=5)


def test_what_the_lock_does_not_name_is_left(pack: Path, layout: Layout, found: dict[str, Path]) -> None:
    names = named(found)
    kept = sorted(names)[:2]
    assert take(pack, layout, {sha256: names[sha256] for sha256 in kept}) == Unpacked(added=2, left=3)
    assert sorted(entries(layout)) == kept


def test_a_wheel_is_no_source_archive(pack: Path, layout: Layout, found: dict[str, Path]) -> None:
    wrong = dict.fromkeys(found, "source-1.0.tar.gz")
    with pytest.raises(BadPack, match="another kind of file"):
        take(pack, layout, wrong)
    assert entries(layout) == []


@contextmanager
def refused(layout: Layout) -> Iterator[None]:
    with pytest.raises(BadPack) as caught:
        yield
    assert "Nothing of it was put into the cache" in str(caught.value.hint)
    assert entries(layout) == []


def test_a_pack_that_is_cut_off_is_refused_wherever_that_is(pack: Path, layout: Layout, found: dict[str, Path]) -> None:
    data = pack.read_bytes()
    for end in [*range(60), *range(60, len(data), max(1, len(data) // 60))]:
        pack.write_bytes(data[:end])
        with refused(layout):
            take(pack, layout, named(found))
    pack.write_bytes(data + b"\0")
    with refused(layout):
        take(pack, layout, named(found))


def test_frames_that_changed_places_are_refused(tmp_path: Path, layout: Layout) -> None:
    one, other = b"a" * 100, b"b" * 100
    names = {hashlib.sha256(data).hexdigest(): "x-1.0.tar.gz" for data in (one, other)}
    header = layed_out(Entry(sha256=sha256, form=Form.SDIST, length=100) for sha256 in names)
    right = [
        data for entry in header.entries for data in (one, other) if hashlib.sha256(data).hexdigest() == entry.sha256
    ]
    pack = tmp_path / "swapped"
    pack.write_bytes(encode_header(header) + b"".join(reversed(right)))
    with refused(layout):
        take(pack, layout, names)
    pack.write_bytes(encode_header(header) + b"".join(right))
    assert take(pack, layout, names).added == 2


def test_wrong_bytes_at_a_thousand_places_never_come_into_the_store(
    pack: Path, layout: Layout, found: dict[str, Path]
) -> None:
    """Every byte of a pack is vouched for: by the digest of its header, or by that of a file."""
    data = pack.read_bytes()
    chance = random.Random(4)
    for _ in range(1000):
        wrong = bytearray(data)
        at = chance.randrange(len(data))
        wrong[at] ^= 1 << chance.randrange(8)
        pack.write_bytes(wrong)
        with refused(layout):
            take(pack, layout, named(found))


def test_a_header_of_somebody_else_changes_nothing(pack: Path, layout: Layout, found: dict[str, Path]) -> None:
    """Whoever can write the pack can seal its header again; the lock's digests stay what they are."""
    data = pack.read_bytes()
    chance = random.Random(5)
    with open_pack(pack, DEFAULT) as opened:
        header = opened.header
    begin = 44 + read_prelude(data)
    for _ in range(200):
        mixed = list(header.entries)
        chance.shuffle(mixed)
        lied = layed_out(
            Entry(sha256=entry.sha256, form=entry.form, length=other.length)
            for entry, other in zip(header.entries, mixed, strict=True)
        )
        if lied == header:
            continue
        pack.write_bytes(encode_header(lied) + data[begin:])
        with refused(layout):
            take(pack, layout, named(found))


def test_an_open_pack_says_how_much_is_in_it(pack: Path) -> None:
    with open_pack(pack, DEFAULT) as opened:
        assert repr(opened) == "<OpenPack of 5 files>"
        assert isinstance(opened, OpenPack)


def test_a_file_has_no_unpacked_forms(tmp_path: Path, layout: Layout) -> None:
    """However well they are signed: what a CI's cache gives back is verified by the lock alone."""
    entry = Entry(sha256="a" * 64, form=Form.TREE, length=4, tree="b" * 64, size=9, signature="c" * 128)
    pack = tmp_path / "tree.pack"
    pack.write_bytes(encode_header(layed_out([entry])) + b"tree")
    with pytest.raises(BadPack, match="which only services send"):
        take(pack, layout, {entry.sha256: "p-1.0-py3-none-any.whl"})
    assert entries(layout) == []
