"""Changing what was built: everything but the change stays as it was."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from interlock.build.repack import is_dated, read_wheel_metadata, rewrite_sdist, rewrite_wheel
from tests.wheels import make_wheel


def test_an_sdist_keeps_order_modes_times_links_and_its_header(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for number, name in enumerate(("a/z", "a/pyproject.toml", "a/b")):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = 3, 1_600_000_000 + number, 0o755 if name == "a/z" else 0o644
            # Some backends write every field into extended headers.
            info.pax_headers = {"path": name, "size": "3"}
            archive.addfile(info, io.BytesIO(b"old"))
        link = tarfile.TarInfo("a/link")
        link.type, link.linkname = tarfile.SYMTYPE, "b"
        archive.addfile(link)
    rewrite_sdist(
        tmp_path / "a.tar.gz", tmp_path / "b.tar.gz", lambda path, data: b"new and longer" if path == "b" else data
    )
    with tarfile.open(tmp_path / "a.tar.gz") as one, tarfile.open(tmp_path / "b.tar.gz") as two:
        before = [(item.name, item.mtime, item.mode, item.type, item.linkname) for item in one]
        assert [(item.name, item.mtime, item.mode, item.type, item.linkname) for item in two] == before
        changed, kept = two.extractfile("a/b"), two.extractfile("a/pyproject.toml")
        assert changed is not None
        assert kept is not None
        assert (changed.read(), kept.read()) == (b"new and longer", b"old")
    assert (tmp_path / "a.tar.gz").read_bytes()[4:8] == (tmp_path / "b.tar.gz").read_bytes()[4:8]


def test_an_sdist_need_not_tell_when_and_by_whom_it_was_packed(tmp_path: Path) -> None:
    latest = 1_600_000_000

    def packed(name: str, owner: str, late: int, mode: int) -> Path:
        path = tmp_path / f"{name}.tar.gz"
        with (
            gzip.GzipFile(path, "wb", mtime=latest + late) as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for number, inside in enumerate(("a", "a/run", "a/b")):
                info = tarfile.TarInfo(inside)
                info.type = tarfile.DIRTYPE if inside == "a" else tarfile.REGTYPE
                info.mtime, info.mode = latest - 1 + number + late, mode if inside != "a/b" else mode & 0o666
                info.uname = info.gname = owner
                info.uid = info.gid = late
                archive.addfile(info)
        return path

    one, other = packed("one", "ann", 5, 0o775), packed("two", "bob", 900, 0o755)
    for path in (one, other):
        assert is_dated(path, latest)
        rewrite_sdist(path, path.with_suffix(".new"), lambda _, data: data, latest=latest)
        assert not is_dated(path.with_suffix(".new"), latest)
    assert one.with_suffix(".new").read_bytes() == other.with_suffix(".new").read_bytes()
    with tarfile.open(one.with_suffix(".new")) as archive:
        assert [(item.mode, item.mtime) for item in archive] == [(0o755, latest), (0o755, latest), (0o644, latest)]


def test_a_wheel_keeps_its_files_and_its_record_is_true(tmp_path: Path) -> None:
    built = make_wheel("a", "1.0", requires=["b"])
    path = tmp_path / built.filename
    path.write_bytes(built.data)
    target = tmp_path / "out" / built.filename
    target.parent.mkdir()
    rewrite_wheel(path, target, lambda data: data.replace(b"Requires-Dist: b", b"Requires-Dist: b>=1"))
    assert b"Requires-Dist: b>=1" in read_wheel_metadata(target)
    with zipfile.ZipFile(path) as one, zipfile.ZipFile(target) as two:
        assert two.namelist() == one.namelist()
        for name, digest, size in csv.reader(io.StringIO(two.read("a-1.0.dist-info/RECORD").decode())):
            data = two.read(name)
            if digest:
                expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                assert (digest, int(size)) == (f"sha256={expected}", len(data))
