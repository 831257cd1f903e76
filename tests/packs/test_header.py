from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.settings.limits import DEFAULT, Limits
from interlock.packs.header import PRELUDE, Entry, Form, Header, encode_header, layed_out, read_header
from interlock.packs.reading import open_pack
from interlock.packs.refusals import BadPack
from interlock.packs.writing import write_pack
from tests.packs.made import files, pack_of

DIGITS = st.text("0123456789abcdef", min_size=64, max_size=64)
LENGTHS = st.integers(1, 1 << 30)
CONTENTS = {"tree": DIGITS, "size": LENGTHS, "signature": st.text("0123456789abcdef", min_size=128, max_size=128)}
ENTRIES = st.lists(
    st.builds(Entry, sha256=DIGITS, form=st.sampled_from([Form.WHEEL, Form.SDIST]), length=LENGTHS)
    | st.builds(Entry, sha256=DIGITS, form=st.just(Form.TREE), length=LENGTHS, **CONTENTS)
    | st.builds(Entry, sha256=DIGITS, form=st.just(Form.DELTA), length=LENGTHS, base=DIGITS, **CONTENTS),
    max_size=20,
    unique_by=lambda entry: entry.sha256,
)


@given(ENTRIES)
def test_a_header_is_read_as_it_was_written(entries: list[Entry]) -> None:
    header = layed_out(entries)
    assert read_header(encode_header(header) + b"frames", DEFAULT) == header


@given(ENTRIES, st.randoms())
def test_the_order_of_files_says_nothing(entries: list[Entry], random: object) -> None:
    mixed = list(entries)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert layed_out(mixed) == layed_out(entries)
    lengths = [entry.length for entry in layed_out(entries).entries]
    assert lengths == sorted(lengths, reverse=True)


def sealed(text: bytes, magic: bytes = b"ilpack1\n") -> bytes:
    return PRELUDE.pack(magic, len(text), hashlib.sha256(text).digest()) + text


ONE = {"sha256": "a" * 64, "form": "wheel", "offset": 0, "length": 10}
TREE = {**ONE, "form": "tree", "tree": "b" * 64, "size": 20, "signature": "c" * 128}


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([ONE, {**ONE, "offset": 10}], "it has one file twice"),
        ([ONE, {**ONE, "sha256": "b" * 64, "offset": 5}], "its frames overlap"),
        ([ONE, {**ONE, "sha256": "b" * 64, "offset": 12}], "something between them"),
        ([{**ONE, "offset": -1}], "its frames overlap"),
        ([{**ONE, "length": 0}], "a frame would have 0 bytes"),
        ([{**ONE, "length": -3}], "a frame would have -3 bytes"),
        ([{**ONE, "length": 1 << 60}], "a frame would have"),
        ([{**ONE, "sha256": "../../x"}], "not named by a sha256"),
        ([{**ONE, "sha256": "A" * 64}], "not named by a sha256"),
        ([{**ONE, "form": "link"}], "cannot be read"),
        ([{**ONE, "length": "10"}], "cannot be read"),
        ("many", "cannot be read"),
        ([{**ONE, "tree": "b" * 64}], "what its form needs"),
        ([{**ONE, "base": "b" * 64}], "what its form needs"),
        ([{**ONE, "form": "tree"}], "what its form needs"),
        ([{**TREE, "signature": ""}], "what its form needs"),
        ([{**TREE, "signature": "x" * 128}], "what its form needs"),
        ([{**TREE, "tree": "../" * 8}], "what its form needs"),
        ([{**TREE, "size": 0}], "what its form needs"),
        ([{**TREE, "size": 1 << 60}], "what its form needs"),
        ([{**TREE, "base": "b" * 64}], "what its form needs"),
        ([{**TREE, "form": "delta"}], "what its form needs"),
        ([{**TREE, "form": "delta", "base": "/etc/passwd"}], "what its form needs"),
    ],
)
def test_headers_that_are_refused(entries: object, why: str) -> None:
    with pytest.raises(BadPack, match=why):
        read_header(sealed(msgspec.json.encode({"version": 1, "entries": entries})), DEFAULT)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is no pack, or is cut off"),
        (b"PK\x03\x04" + b"\0" * 60, "it is no pack of a kind"),
        (sealed(b"{}", b"ilpack9\n"), "it is no pack of a kind"),
        (PRELUDE.pack(b"ilpack1\n", 0xFFFFFFFF, b"\0" * 32), "its header would have 4294967295 bytes"),
        (sealed(b'{"version":1}')[:-1], "cut off in its header"),
        (sealed(b'{"version":1}')[:-1] + b"]", "its header was changed"),
        (sealed(b'{"version":7,"entries":"whatever"}'), "format version 7"),
        (sealed(b"\xff\xfe"), "cannot be read"),
        (sealed(b"[" * 100_000), "cannot be read"),
    ],
)
def test_beginnings_that_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadPack, match=why):
        read_header(data, DEFAULT)


def test_there_is_an_end_to_how_many_files_a_pack_has() -> None:
    entries = [Entry(sha256=f"{number:064x}", length=1) for number in range(50_001)]
    with pytest.raises(BadPack, match="more than 50000 files"):
        read_header(encode_header(layed_out(entries)), DEFAULT)


def test_a_file_is_no_larger_than_the_limits_say() -> None:
    with pytest.raises(BadPack, match="a frame would have 11 bytes"):
        read_header(encode_header(layed_out([Entry(sha256="a" * 64, length=11)])), Limits(file_size=10))


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    found = files(tmp_path / "files")
    one = pack_of(found, tmp_path / "one").read_bytes()
    assert pack_of(dict(reversed(found.items())), tmp_path / "two").read_bytes() == one
    with open_pack(tmp_path / "one", DEFAULT) as opened:
        for entry in opened.header.entries:
            assert bytes(opened.verified(entry)) == found[entry.sha256].read_bytes()


def test_a_pack_of_nothing(tmp_path: Path) -> None:
    write_pack(tmp_path / "empty", ())
    with open_pack(tmp_path / "empty", DEFAULT) as opened:
        assert opened.header == Header()
