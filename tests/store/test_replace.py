# ruff: noqa: ASYNC230 - files of the test
from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.store.replace import NotWritable, is_stream, move_file, read_regular, replace_file
from interlock.store.stream import write_stream

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and pipes of POSIX")


@given(mode=st.integers(0, 0o777).map(lambda mode: mode | 0o600), links=st.integers(0, 3), size=st.integers(0, 300_000))
def test_a_file_stays_what_it_was(tmp_path_factory: pytest.TempPathFactory, mode: int, links: int, size: int) -> None:
    folder = tmp_path_factory.mktemp("files")
    file = folder / "real" / "file"
    file.parent.mkdir()
    file.write_text("old")
    file.chmod(mode)
    path = file
    for number in range(links):
        link = folder / f"link{number}"
        link.symlink_to(os.path.relpath(path, folder) if number % 2 else path)
        path = link
    replace_file(path, b"x" * size)
    assert file.read_bytes() == b"x" * size
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert path.is_symlink() == bool(links)
    assert os.listdir(file.parent) == ["file"]


def test_a_new_file_has_the_mode_that_the_mask_leaves_it(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "new", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_a_file_with_secrets_has_the_mode_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "auth").write_text("old")
    replace_file(tmp_path / "auth", b"secret", mode=0o600)
    assert stat.S_IMODE((tmp_path / "auth").stat().st_mode) == 0o600


def test_a_link_that_leads_nowhere_leads_to_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("shared/file")
    (tmp_path / "shared").mkdir()
    replace_file(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "shared" / "file").read_bytes() == b"x"


def test_a_name_of_the_greatest_length_is_no_trouble(tmp_path: Path) -> None:
    replace_file(tmp_path / ("n" * 255), b"x")
    assert [len(name) for name in os.listdir(tmp_path)] == [255]


def test_a_folder_and_a_pipe_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, what in (("pipe", "a pipe"), ("folder", "a directory")):
        with pytest.raises(NotWritable, match=what):
            replace_file(tmp_path / name, b"x")
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]


def test_links_in_a_circle_are_the_systems_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError) as failure:
        replace_file(tmp_path / "a", b"x")
    assert failure.value.errno == errno.ELOOP


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="nothing is refused to root")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o444)
    with pytest.raises(PermissionError):
        replace_file(tmp_path / "file", b"x")
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="nothing is refused to root")
def test_where_the_folder_refuses_the_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old and longer")
    tmp_path.chmod(0o555)
    try:
        replace_file(tmp_path / "file", b"new")
    finally:
        tmp_path.chmod(0o755)
    assert (tmp_path / "file").read_text() == "new"


@given(old=st.integers(0, 100_000), new=st.integers(0, 100_000))
def test_a_file_of_several_names_keeps_them_all(tmp_path_factory: pytest.TempPathFactory, old: int, new: int) -> None:
    folder = tmp_path_factory.mktemp("names")
    (folder / "one").write_bytes(b"o" * old)
    os.link(folder / "one", folder / "other")
    replace_file(folder / "one", b"n" * new)
    assert os.path.samefile(folder / "one", folder / "other")
    assert (folder / "other").read_bytes() == b"n" * new


def test_a_secret_does_not_get_to_the_other_names_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "auth").write_text("old")
    os.link(tmp_path / "auth", tmp_path / "other")
    replace_file(tmp_path / "auth", b"secret", mode=0o600)
    assert ((tmp_path / "auth").read_text(), (tmp_path / "other").read_text()) == ("secret", "old")


def test_reading_waits_for_no_pipe_and_no_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to(os.devnull)
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link") == b"x"
    for name in ("pipe", "null"):
        with pytest.raises(OSError, match="ordinary file"):
            read_regular(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "absent")


def test_a_move_makes_the_folder_it_goes_to(tmp_path: Path) -> None:
    (tmp_path / "made").write_text("x")
    move_file(tmp_path / "made", tmp_path / "a" / "b" / "kept")
    assert (tmp_path / "a" / "b" / "kept").read_text() == "x"


def test_a_device_is_written_to(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    try:
        name = os.ttyname(theirs)
        (tmp_path / "link").symlink_to(name)
        replace_file(tmp_path / "link", b"said\n")
        assert os.read(ours, 100).split() == [b"said"]
        assert stat.S_ISCHR(os.stat(name).st_mode)
        assert is_stream(Path(name))
    finally:
        os.close(ours)
        os.close(theirs)


async def test_a_pipe_gets_everything_however_late_it_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Timer(0.1, lambda: got.append(pipe.read_bytes()))
    reader.start()
    await write_stream(pipe, b"line\n" * 100_000)
    reader.join()
    assert got == [b"line\n" * 100_000]


async def test_a_pipe_that_nobody_reads_can_be_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with anyio.move_on_after(0.2) as scope:
        await write_stream(tmp_path / "pipe", b"x")
    assert scope.cancelled_caught


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors have no names here")
async def test_a_descriptor_that_leads_to_a_file_is_written_after_what_is_there(tmp_path: Path) -> None:
    with open(tmp_path / "out", "wb", buffering=0) as file:
        file.write(b"before\n")
        name = Path(f"/proc/self/fd/{file.fileno()}")
        assert is_stream(name)
        await write_stream(name, b"text\n")
    assert (tmp_path / "out").read_bytes() == b"before\ntext\n"
