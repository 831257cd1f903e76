"""Wheels by their contents: the same as the wheels themselves, or nothing."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from interlock.core.settings.limits import DEFAULT
from interlock.packs.header import Entry, Form
from interlock.packs.plain_zip import plain_of_stored, plain_of_wheel
from interlock.packs.refusals import BadPack
from interlock.packs.signatures import BadPackKey, Keys, Signer, read_keys
from interlock.packs.trees import MadeFrame, add_tree, make_frame
from interlock.packs.zstd import compress, decompress
from interlock.store.archives import add_wheel, open_wheel
from interlock.store.layout import Bucket, Layout
from interlock.store.verify import wheel_problems
from interlock.store.zips import BadArchive, open_zip
from tests.wheels import make_wheel

NAMES = st.sampled_from(["a.py", "b/c.py", "b/d.so", "é.txt", "zz/deep/er.bin", "b.py"])


def wheel(folder: Path, version: str, seed: int, **files: bytes) -> tuple[Path, str]:
    chance = random.Random(seed)
    content = {
        "p/large.bin": chance.randbytes(200_000),
        "p/__init__.py": b"A = 1\n" * 500,
        "run.sh": b"#!/bin/sh\n",
        **files,
    }
    built = make_wheel("p", version, files=content, executable=["run.sh"])
    path = folder / built.filename
    path.write_bytes(built.data)
    return path, hashlib.sha256(built.data).hexdigest()


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def entry_of(made: MadeFrame, sha256: str, base: str = "") -> Entry:
    form = Form.DELTA if base else Form.TREE
    return Entry(sha256=sha256, form=form, length=len(made.frame), base=base, tree=made.tree, size=made.size)


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=5), st.sets(NAMES))
def test_contents_are_the_same_bytes_from_the_wheel_and_from_the_store(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], executable: set[str]
) -> None:
    place = tmp_path_factory.mktemp("contents")
    built = make_wheel("p", "1.0", files=files, executable=executable & files.keys())
    stored = add_wheel(Layout(place / "store"), built.data, filename=built.filename)
    with open_zip(built.data) as archive:
        plain = plain_of_wheel(archive, DEFAULT)
    assert plain is not None
    assert plain == plain_of_stored(stored)


def test_a_tree_is_stored_as_the_wheel_is(tmp_path: Path) -> None:
    path, sha256 = wheel(tmp_path, "1.0", 1)
    made = make_frame(path, None, DEFAULT)
    assert made is not None
    one, other = Layout(tmp_path / "one"), Layout(tmp_path / "other")
    stored = add_wheel(one, path, filename=path.name)
    unpacked = add_tree(other, entry_of(made, sha256), made.frame, path.name)
    assert snapshot(Path(stored.root)) == snapshot(Path(unpacked.root))
    assert os.access(f"{unpacked.tree}/run.sh", os.X_OK)


def test_a_delta_is_small_and_stored_as_the_wheel_is(tmp_path: Path) -> None:
    old, old_sha256 = wheel(tmp_path, "1.0", 1)
    new, new_sha256 = wheel(tmp_path, "1.1", 1, **{"p/new.py": b"B = 2\n"})
    made = make_frame(new, old, DEFAULT)
    assert made is not None
    assert len(made.frame) < 0.05 * new.stat().st_size
    one, other = Layout(tmp_path / "one"), Layout(tmp_path / "other")
    add_wheel(other, old, filename=old.name)
    unpacked = add_tree(other, entry_of(made, new_sha256, old_sha256), made.frame, new.name)
    assert snapshot(Path(unpacked.root)) == snapshot(Path(add_wheel(one, new, filename=new.name).root))


@pytest.mark.slow
def test_a_delta_of_what_is_as_large_as_it_may_be_finds_what_is_the_same_far_away(tmp_path: Path) -> None:
    """The contents of both are more than the window."""
    chance = random.Random(5)
    blocks = {f"p/{number}.bin": chance.randbytes(10 << 20) for number in range(15)}
    first, base = wheel(tmp_path, "1.0", 1, **blocks)
    last = blocks["p/14.bin"]
    second, sha256 = wheel(tmp_path, "1.1", 1, **{**blocks, "p/14.bin": last[:1000] + b"!" + last[1000:]})
    made = make_frame(second, first, DEFAULT)
    assert made is not None
    assert made.size > 150 << 20
    assert len(made.frame) < 1 << 20
    layout = Layout(tmp_path / "store")
    add_wheel(layout, first, filename="p-1.0-py3-none-any.whl", sha256=base)
    add_tree(layout, entry_of(made, sha256, base), made.frame, "p-1.1-py3-none-any.whl")
    assert not wheel_problems(layout, sha256)


@pytest.mark.parametrize("damage", ["edited", "longer", "gone", "absent", "list"])
def test_a_base_that_is_not_as_it_was_gives_nothing(tmp_path: Path, damage: str) -> None:
    old, old_sha256 = wheel(tmp_path, "1.0", 1)
    new, new_sha256 = wheel(tmp_path, "1.1", 1)
    made = make_frame(new, old, DEFAULT)
    assert made is not None
    layout = Layout(tmp_path / "store")
    base = add_wheel(layout, old, filename=old.name)
    place = Path(base.tree, "p/large.bin")
    if damage == "edited":
        data = bytearray(place.read_bytes())
        data[77] ^= 1
        place.write_bytes(data)
    elif damage == "longer":
        place.write_bytes(place.read_bytes() + b"x")
    elif damage == "gone":
        place.unlink()
    elif damage == "absent":
        layout = Layout(tmp_path / "empty")
    else:
        Path(base.root, "files.msgpack").write_bytes(b"?")
    with pytest.raises(BadPack):
        add_tree(layout, entry_of(made, new_sha256, old_sha256), made.frame, new.name)
    assert open_wheel(layout, new_sha256) is None


def test_wrong_bytes_in_a_frame_never_come_into_the_store(tmp_path: Path) -> None:
    old, old_sha256 = wheel(tmp_path, "1.0", 1)
    new, new_sha256 = wheel(tmp_path, "1.1", 2)
    layout = Layout(tmp_path / "store")
    add_wheel(layout, old, filename=old.name)
    chance = random.Random(9)
    for base, sha256 in ((None, ""), (old, old_sha256)):
        made = make_frame(new, base, DEFAULT)
        assert made is not None
        entry = entry_of(made, new_sha256, sha256)
        for _ in range(100):
            wrong = bytearray(made.frame)
            wrong[chance.randrange(len(wrong))] ^= 1 << chance.randrange(8)
            try:
                add_tree(layout, entry, bytes(wrong), new.name)
            except BadPack:
                assert open_wheel(layout, new_sha256) is None
            else:
                # A bit of the frame that says nothing of the contents.
                assert wheel_problems(layout, new_sha256) == ()
                break
    assert not list(layout.tmp.glob("*"))


@pytest.mark.parametrize("size", [0, 1, 999, 1001, 1 << 40])
def test_a_frame_gives_as_much_as_it_says(tmp_path: Path, size: int) -> None:
    frame = compress(b"\0" * 1000)
    assert decompress(frame, 1000) == b"\0" * 1000
    entry = Entry(sha256="a" * 64, form=Form.TREE, length=len(frame), tree="b" * 64, size=size)
    with pytest.raises(BadPack):
        add_tree(Layout(tmp_path), entry, frame, "p-1.0-py3-none-any.whl")


def test_a_bomb_is_noticed_while_it_goes_off() -> None:
    frame = compress(b"\0" * (64 << 20))
    assert len(frame) < 10_000
    with pytest.raises(BadPack, match="does not have the size"):
        decompress(frame, 1000)


def test_contents_are_judged_like_any_wheel(tmp_path: Path) -> None:
    """Who signs is believed about what is in a wheel, not about where files may go."""
    built = make_wheel("p", "1.0")
    made = io.BytesIO(built.data)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("../../outside", "x")
    plain = made.getvalue()
    entry = Entry(sha256="a" * 64, form=Form.TREE, length=1, tree=hashlib.sha256(plain).hexdigest(), size=len(plain))
    layout = Layout(tmp_path / "store")
    with pytest.raises(BadArchive):
        add_tree(layout, entry, compress(plain), built.filename)
    assert not list(layout.bucket(Bucket.WHEELS).glob("*/*"))
    assert not (tmp_path / "outside").exists()


def test_only_a_key_that_is_written_down_is_believed() -> None:
    ours, others = Signer(b"1" * 32), Signer(b"2" * 32)
    entry = Entry(sha256="a" * 64, form=Form.TREE, length=3, tree="b" * 64, size=5)
    keys = Keys(read_keys([]))

    def signed(signer: Signer, **changes: str) -> Entry:
        return replace(replace(entry, signature=signer.sign(entry)), **changes)

    assert not keys.have_signed(signed(ours))
    keys = Keys([public(ours)])
    assert keys.have_signed(signed(ours))
    assert not keys.have_signed(signed(others))
    assert not keys.have_signed(signed(ours, sha256="c" * 64))
    assert not keys.have_signed(signed(ours, tree="c" * 64))
    # How the contents are sent is no part of it: they are compared with the digest that was signed.
    assert keys.have_signed(signed(ours, base="d" * 64, form=Form.DELTA))


def public(signer: Signer) -> bytes:
    return base64.b64decode(signer.public_line.removeprefix("ed25519:"))


def test_files_of_keys(tmp_path: Path) -> None:
    one, other = Signer(b"1" * 32), Signer(b"2" * 32)
    (tmp_path / "system").write_text(f"# ours\n\n{one.public_line}  # ann's\n")
    (tmp_path / "user").write_text(f"{other.public_line}\n")
    files = [str(tmp_path / name) for name in ("system", "nowhere", "user", "user/below")]
    assert read_keys(files) == (public(one), public(other))
    for wrong in ("ed25519:AAAA", one.public_line.removeprefix("ed25519:"), "nonsense", "ed25519:" + "é" * 44):
        (tmp_path / "user").write_text(f"\n{wrong}\n")
        with pytest.raises(BadPackKey, match=r"user:2 is no key"):
            read_keys(files)
