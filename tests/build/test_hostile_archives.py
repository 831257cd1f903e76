"""Source archives that lie about themselves: an error with the file's name, soon, and nothing left behind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.build.failures import UnsafeArchive
from interlock.build.sdist import read_manifest, unpack_sdist
from interlock.build.sdist import read_pkg_info as read_top
from interlock.core.settings.limits import Limits
from interlock.index.sdist_info import read_pkg_info
from tests.wheels import make_sdist

_HUGE = 1 << 60


def _header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def _entry(name: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    return _header(name, len(content), kind) + content + b"\0" * (-len(content) % 512)


def _zip(*, flags: int = 0, method: int | None = None, extra: bytes = b"", name: bytes = b"d-1/PKG-INFO") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("d-1/PKG-INFO", "Metadata-Version: 2.2\nName: d\nVersion: 1\n")
    data = bytearray(made.getvalue())
    at, end = data.rfind(b"PK\x01\x02"), data.rfind(b"PK\x05\x06")
    fields = list(struct.unpack_from("<4s4B4H3L5H2L", data, at))
    fields[5] |= flags
    fields[6] = fields[6] if method is None else method
    fields[12], fields[13] = len(name), len(extra)
    if extra:
        fields[10] = fields[11] = 0xFFFFFFFF
    directory = struct.pack("<4s4B4H3L5H2L", *fields) + name + extra
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), at, 0)
    assert end > at
    return bytes(data[:at]) + directory + tail


def _pax(**fields: str) -> bytes:
    lines = [f" {key.replace('_', '.')}={value}\n".encode() for key, value in fields.items()]
    return b"".join(str(len(line) + 2).encode() + line for line in lines)


_SPARSE = _pax(GNU_sparse_major="1", GNU_sparse_minor="0", GNU_sparse_name="d-1/x", GNU_sparse_realsize="9")
TARS = {
    "an entry of an exabyte": _header("d-1/x", _HUGE),
    "an entry of less than nothing": _header("d-1/x", -512),
    "a long name of gigabytes": _header("././@LongLink", 1_500_000_000, tarfile.GNUTYPE_LONGNAME) + bytes(4096),
    "an extended header of gigabytes": _header("x", 1_500_000_000, tarfile.XHDTYPE) + bytes(4096),
    "an extended header with a huge length": _entry("x", b"9" * 5000 + b" path=x\n", tarfile.XHDTYPE),
    "an extended header with a huge size": _entry("x", _pax(size="99999999999"), tarfile.XHDTYPE) + _header("d-1/x", 9),
    "a sparse file": _header("d-1/x", 9, tarfile.GNUTYPE_SPARSE) + bytes(512),
    "a sparse map without end": _entry("x", _SPARSE, tarfile.XHDTYPE) + _entry("d-1/x", b"99999999\n"),
    "folders without end": _entry("d-1/" + "a/" * 40 + "x", b"") + _entry(
        "././@LongLink", b"d-1/" + b"a/" * 5000 + b"x\0", tarfile.GNUTYPE_LONGNAME
    ) + _entry("x", b""),
    "a name that is too long for a file": _entry(
        "././@LongLink", b"d-1/" + b"a" * 256 + b"\0", tarfile.GNUTYPE_LONGNAME
    ) + _entry("x", b""),
    "a cut-off entry": _header("d-1/x", 5000) + b"x",
    "a bomb": _header("d-1/x", 200 << 20) + bytes(200 << 20),
}  # fmt: skip


@pytest.mark.parametrize("what", TARS)
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, bytes], ids=["gz", "bz2", "xz", "plain"])
def test_a_tar_archive_that_lies_is_refused_by_name(what: str, pack: object, tmp_path: Path) -> None:
    assert callable(pack)
    if what == "a bomb" and pack is not gzip.compress:
        pytest.skip("plain, it is no bomb; the others take too long to make")
    archive = tmp_path / "d-1.tar.gz"
    archive.write_bytes(pack(TARS[what] + bytes(1024)))
    start = process_time()
    for read in (read_top, read_manifest, lambda path: unpack_sdist(path, tmp_path / "out")):
        with pytest.raises(UnsafeArchive, match=r"d-1\.tar\.gz"):
            read(archive)
    assert read_pkg_info(archive, archive.name) is None
    assert process_time() - start < 5
    assert not (tmp_path / "out").exists()


ZIPS = {
    "encrypted": _zip(flags=1),
    "method 99": _zip(method=99),
    "an empty name": _zip(name=b""),
    "another name": _zip(name=b"d-1/PKG-INFX"),
    "a name that is too long for a file": _zip(name=b"d-1/" + b"a" * 256),
    "a name with NUL": _zip(name=b"d-1/PKG-IN\0O"),
    "a zip64 field that is not there": _zip(extra=struct.pack("<HH", 1, 24)),
    "a zip64 field that is cut off": _zip(extra=struct.pack("<HHQ", 1, 24, 7)),
    "a zip64 field that lies": _zip(extra=struct.pack("<HHQQ", 1, 16, _HUGE, _HUGE)),
}


@pytest.mark.parametrize("what", ZIPS)
def test_a_zip_archive_that_lies_is_refused_by_name(what: str, tmp_path: Path) -> None:
    archive = tmp_path / "d-1.zip"
    archive.write_bytes(ZIPS[what])
    for read in (read_top, lambda path: unpack_sdist(path, tmp_path / "out")):
        with pytest.raises(UnsafeArchive, match=r"d-1\.zip"):
            read(archive)
    assert read_pkg_info(archive, archive.name) is None


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (Limits(unpacked_size=100), "INTERLOCK_LIMIT_UNPACKED_SIZE"),
        (Limits(unpacked_files=2), "unpacked-files"),
    ],
)
@pytest.mark.parametrize("ending", ["tar.gz", "zip"])
def test_a_limit_is_a_setting_and_the_error_names_it(limits: Limits, setting: str, ending: str, tmp_path: Path) -> None:
    archive = tmp_path / f"d-1.{ending}"
    files = {f"d-1/{number}": b"x" * 60 for number in range(3)}
    if ending == "zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            for name, content in files.items():
                zipped.writestr(name, content)
    else:
        archive.write_bytes(gzip.compress(b"".join(_entry(*file) for file in files.items()) + bytes(1024)))
    with pytest.raises(UnsafeArchive) as raised:
        unpack_sdist(archive, tmp_path / "out", limits)
    assert setting in (raised.value.hint or "")
    unpack_sdist(archive, tmp_path / "out")


def test_streams_that_follow_each_other_are_one_archive(tmp_path: Path) -> None:
    plain = _entry("d-1/PKG-INFO", b"Name: d\n") + bytes(1024)
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        archive = tmp_path / "d-1.tar"
        archive.write_bytes(pack(plain[:300]) + pack(plain[300:]) + bytes(512))
        assert read_top(archive) == b"Name: d\n"


@pytest.mark.parametrize("ending", ["tar.gz", "tar", "zip"])
@given(
    cut=st.integers(0, 300),
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_damage_is_an_error_of_the_archive_or_none(
    ending: str, cut: int, flips: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    data = bytearray(make_sdist("demo", "1.0").data)
    if ending == "zip":
        data = bytearray(_zip())
    elif ending == "tar":
        data = bytearray(gzip.decompress(data))
    for place, change in flips:
        data[place % len(data)] ^= change
    archive = folder / f"demo-1.0.{ending}"
    archive.write_bytes(data[: len(data) - cut])
    read_pkg_info(archive, archive.name)
    for read in (read_top, lambda path: unpack_sdist(path, folder / "out")):
        try:
            read(archive)
        except UnsafeArchive as error:
            assert archive.name in error.message
