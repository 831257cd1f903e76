"""Source archives: good ones unpack, dangerous ones do not."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from interlock.build.failures import InvalidSourceTree, SubdirectoryMissing, UnsafeArchive
from interlock.build.sdist import is_sdist_name, locate_tree, read_pkg_info, unpack_sdist
from tests.wheels import make_sdist


def _tar(path: Path, *members: tarfile.TarInfo | tuple[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            if isinstance(member, tuple):
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1].encode()))
            else:
                archive.addfile(member)
    return path


def _link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def test_an_sdist_is_unpacked_and_its_metadata_read_in_place(tmp_path: Path) -> None:
    built = make_sdist("My.Demo", "1.0", requires=["idna"])
    archive = tmp_path / built.filename
    archive.write_bytes(built.data)
    assert read_pkg_info(archive) == built.metadata
    tree = unpack_sdist(archive, tmp_path / "out")
    assert tree.name == "my_demo-1.0"
    assert (tree / "pyproject.toml").is_file()
    assert locate_tree(tree, "", shown="it") == tree


def test_a_zip_is_unpacked_with_its_executables(tmp_path: Path) -> None:
    archive = tmp_path / "demo-1.0.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("demo-1.0/PKG-INFO", "Name: demo\n")
        info = zipfile.ZipInfo("demo-1.0/run")
        info.external_attr = 0o100755 << 16
        file.writestr(info, "#!/bin/sh\n")
    tree = unpack_sdist(archive, tmp_path / "out")
    assert os.access(tree / "run", os.X_OK)
    assert read_pkg_info(archive) == b"Name: demo\n"


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", "x")],
        [("d/../../evil", "x")],
        [("/evil", "x")],
        [("C:evil", "x")],
        [_link("d/out", "../../outside"), ("d/a", "x")],
        [_link("d/out", "/etc/passwd")],
        [_link("d/hard", "../../etc/passwd", tarfile.LNKTYPE)],
        [_link("d/dev", "", tarfile.CHRTYPE)],
        [_link("d/pipe", "", tarfile.FIFOTYPE)],
        [_link("d/out", ".."), ("d/out/evil", "x"), ("d/out/../../evil", "x")],
        [("d/a", "x"), _link("d/here", "."), _link("d/out", "here/../../up")],
        [_link("d/here", "."), _link("d/up", "here/.."), _link("d/out", "up/..")],
        [("d/e/a", "x"), _link("d/in", "e"), ("d/in/evil", "x")],
        [_link("d/out", "later/../../.."), ("d/a", "x")],
        [("d/a", "x"), _link("d/b", "a"), _link("d/c", "d/b", tarfile.LNKTYPE)],
        [("d/a", "x"), ("d/a/evil", "x")],
        [("d/a/b", "x"), ("d/a", "x")],
        [("a/x", "1"), ("b/x", "2")],
        [("top", "1")],
        [],
    ],
)
def test_what_must_not_be_unpacked_is_refused(tmp_path: Path, members: list[tarfile.TarInfo | tuple[str, str]]) -> None:
    archive = _tar(tmp_path / "x-1.tar.gz", *members)
    with pytest.raises(UnsafeArchive):
        unpack_sdist(archive, tmp_path / "in" / "out")
    assert not (tmp_path / "in" / "out").exists()
    assert not list(tmp_path.rglob("evil"))


def test_links_inside_and_set_uid_bits(tmp_path: Path) -> None:
    special = tarfile.TarInfo("d/tool")
    special.mode = 0o6777
    archive = _tar(tmp_path / "x-1.tar.gz", ("d/a", "text"), _link("d/b", "a"), special)
    tree = unpack_sdist(archive, tmp_path / "out")
    assert (tree / "b").read_text() == "text"
    assert (tree / "tool").stat().st_mode & 0o7022 == 0


def test_files_are_as_they_were_packed(tmp_path: Path) -> None:
    script = tarfile.TarInfo("d/script")
    script.mode, script.mtime = 0o777, 1_000_000_000
    hidden = tarfile.TarInfo("./d/hidden")
    hidden.mode = 0o011
    members: list[tarfile.TarInfo | tuple[str, str]] = [("d/a", "first"), ("d/a", "second")]
    members += [_link("d/hard", "d/a", tarfile.LNKTYPE), script, hidden]
    tree = unpack_sdist(_tar(tmp_path / "x-1.tar.gz", *members), tmp_path / "out")
    assert (tree / "a").read_text() == (tree / "hard").read_text() == "second"
    assert (tree / "script").stat().st_mode & 0o777 == 0o755
    assert (tree / "script").stat().st_mtime == 1_000_000_000
    assert (tree / "hidden").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"not an archive", gzip.compress(b"neither", mtime=0), b"\x1f\x8b\x08broken"])
def test_broken_archives(tmp_path: Path, content: bytes) -> None:
    archive = tmp_path / "x-1.tar.gz"
    archive.write_bytes(content)
    with pytest.raises(UnsafeArchive):
        unpack_sdist(archive, tmp_path / "out")
    with pytest.raises(UnsafeArchive):
        read_pkg_info(archive)


def test_a_cut_off_archive(tmp_path: Path) -> None:
    whole = _tar(tmp_path / "w-1.tar.gz", ("d/a", "text" * 10000), ("d/b", "x" * 100)).read_bytes()
    archive = tmp_path / "x-1.tar.gz"
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnsafeArchive):
        unpack_sdist(archive, tmp_path / "out")


def test_a_bomb_is_stopped(tmp_path: Path) -> None:
    info = tarfile.TarInfo("d/zeros")
    info.size = 1 << 30
    archive = tmp_path / "x-1.tar.gz"
    with gzip.open(archive, "wb", compresslevel=1) as file:
        file.write(info.tobuf())
    with pytest.raises(UnsafeArchive, match="bytes unpack to"):
        unpack_sdist(archive, tmp_path / "out")


def test_subdirectories(tmp_path: Path) -> None:
    (tmp_path / "repo" / "pkg").mkdir(parents=True)
    (tmp_path / "repo" / "out").symlink_to("..")
    (tmp_path / "repo" / "pkg" / "setup.py").touch()
    assert locate_tree(tmp_path / "repo", "pkg", shown="it") == tmp_path / "repo" / "pkg"
    with pytest.raises(SubdirectoryMissing, match="has no subdirectory `nope`"):
        locate_tree(tmp_path / "repo", "nope", shown="it")
    with pytest.raises(SubdirectoryMissing, match="leads out"):
        locate_tree(tmp_path / "repo", "out", shown="it")
    with pytest.raises(InvalidSourceTree, match="neither"):
        locate_tree(tmp_path / "repo", "", shown="it")


def test_names() -> None:
    assert [is_sdist_name(name) for name in ("a-1.tar.gz", "a-1.zip", "a-1.whl", "a-1.exe")] == [
        True,
        True,
        False,
        False,
    ]
