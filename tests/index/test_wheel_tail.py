"""METADATA out of parts of a wheel, with zipfile as the other opinion on what a zip archive is."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.index.sdist_info import read_pkg_info
from interlock.index.wheel_tail import MoreNeeded, NotAWheel, Pieces, find_metadata
from tests.wheels import make_sdist, make_wheel

__all__: list[str] = []

NAME = "demo-1.0-py3-none-any.whl"
METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"


def archive(entries: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as zipped:
        for name, data in entries.items():
            zipped.writestr(name, data)
        zipped.comment = comment
    return file.getvalue()


def search(data: bytes, tail: int) -> tuple[bytes, int]:
    """What a client would do: read the tail, then whatever is asked for; also the number of reads."""
    pieces = Pieces()
    start = max(0, len(data) - tail)
    pieces.add(start, data[start:])
    for reads in range(1, 5):
        found = find_metadata(pieces, NAME)
        if not isinstance(found, MoreNeeded):
            return found, reads
        assert 0 <= found.start < found.stop <= len(data)
        pieces.add(found.start, data[found.start : found.stop])
    raise AssertionError("too many reads")


@given(
    before=st.integers(0, 60),
    after=st.integers(0, 60),
    size=st.integers(0, 3000),
    tail=st.integers(22, 40_000),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_it_is_found_wherever_it_is(before: int, after: int, size: int, tail: int, method: int) -> None:
    entries = {f"a/{number}.py": b"x" * size for number in range(before)}
    entries["demo-1.0.dist-info/METADATA"] = METADATA
    entries |= {f"z/{number}.py": b"y" * size for number in range(after)}
    found, reads = search(archive(entries, method=method), tail)
    assert found == METADATA
    assert reads <= 3


def test_only_the_package_s_own_folder_counts() -> None:
    data = archive(
        {
            "vendored-2.0.dist-info/METADATA": b"no",
            "demo/demo-1.0.dist-info/METADATA": b"no",
            "Demo-1.0.dist-info/METADATA": METADATA,
        },
        comment=b"a comment",
    )
    assert search(data, len(data)) == (METADATA, 1)


def test_zip64_archives() -> None:
    plain = archive({"demo-1.0.dist-info/METADATA": METADATA})
    end = plain.rfind(b"PK\x05\x06")
    size, offset = struct.unpack_from("<LL", plain, end + 12)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    data = plain[:end] + record + locator + last
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        assert zipped.namelist() == ["demo-1.0.dist-info/METADATA"]
    assert search(data, len(data))[0] == METADATA
    assert search(data, 42)[0] == METADATA


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a zip",
        archive({"demo/__init__.py": b""}),
        archive({"other-1.0.dist-info/METADATA": METADATA}),
        archive({"demo-1.0.dist-info/METADATA": METADATA}, method=zipfile.ZIP_LZMA),
        archive({"demo-1.0.dist-info/METADATA": METADATA + bytes(2 << 20)}),
        archive({"demo-1.0.dist-info/METADATA": METADATA}).replace(b"PK\x01\x02", b"PKxx"),
        archive({"demo-1.0.dist-info/METADATA": METADATA}).replace(b"PK\x03\x04", b"PKxx"),
        archive({"demo-1.0.dist-info/METADATA": METADATA}, method=zipfile.ZIP_STORED).replace(b"demo\n", b"evil\n"),
    ],
)
def test_what_is_no_wheel_is_told(data: bytes) -> None:
    pieces = Pieces()
    pieces.add(0, data)
    with pytest.raises(NotAWheel):
        find_metadata(pieces, NAME)


@given(cut=st.integers(0, 400), flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), max_size=4))
def test_damage_never_surprises(cut: int, flips: list[tuple[int, int]]) -> None:
    data = bytearray(make_wheel("demo", "1.0").data)
    for place, change in flips:
        data[place % len(data)] ^= change
    pieces = Pieces()
    pieces.add(0, bytes(data[: len(data) - cut]))
    try:
        found = find_metadata(pieces, NAME)
    except NotAWheel:
        return
    assert isinstance(found, bytes)


def test_pkg_info_of_tar_and_zip(tmp_path: Path) -> None:
    path = tmp_path / "archive"

    def read(data: bytes, filename: str) -> bytes | None:
        path.write_bytes(data)
        return read_pkg_info(path, filename)

    built = make_sdist("demo", "1.0", requires=["b"])
    found = read(built.data, built.filename)
    assert found is not None
    assert b"Requires-Dist: b" in found
    zipped = archive({"demo-1.0/demo.egg-info/PKG-INFO": b"no", "demo-1.0/PKG-INFO": METADATA})
    assert read(zipped, "demo-1.0.zip") == METADATA
    assert read(archive({"demo-1.0/x": b""}), "demo-1.0.zip") is None
    for garbage in (b"", b"garbage", built.data[:50]):
        assert read(garbage, "demo-1.0.tar.gz") is None
        assert read(garbage, "demo-1.0.zip") is None
