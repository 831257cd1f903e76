"""What is kept: no more than may be, the most recently used, and room for what comes before it is written."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.service.state.data_folder import DataFolder, open_folder
from interlock.service.state.retention import Kept, Retention, choose_dropped, kept_in
from interlock.service.state.room import Room, StoreFull

NOW = 1_800_000_000.0
DAY = 86_400

moments = st.integers(0, 200).map(lambda days: NOW - days * DAY)
entries = st.lists(st.builds(Kept, st.text("ab", max_size=3), st.integers(0, 100), moments))


@given(entries, st.integers(0, 500), st.integers(1, 100))
def test_what_stays_fits_and_was_used_later_than_all_that_goes(kept: list[Kept], room: int, days: int) -> None:
    retention = Retention(max_idle_days=days)
    dropped = choose_dropped(kept, retention, now=NOW, room=room)
    left = list(kept)
    for one in dropped:
        left.remove(one)
    assert sum(one.size for one in left) <= room
    assert all(one.used >= NOW - days * DAY for one in left)
    assert max((one.used for one in dropped), default=0) <= min((one.used for one in left), default=NOW)
    if dropped and dropped[-1].used >= NOW - days * DAY:
        # The last one that went had to.
        assert sum(one.size for one in left) + dropped[-1].size > room


unprotected = st.builds(Kept, st.text("ab", max_size=3).map(lambda name: f"{name}.own-x"), st.integers(0, 100), moments)


@given(entries, st.lists(unprotected), st.integers(0, 500), st.integers(1, 800))
def test_what_is_unprotected_goes_first_down_to_its_share(
    kept: list[Kept], own: list[Kept], room: int, most: int
) -> None:
    retention = Retention(max_store_bytes=most, max_idle_days=1000)
    dropped = choose_dropped([*own, *kept], retention, now=NOW, room=room)
    left = [*own, *kept]
    for one in dropped:
        left.remove(one)
    assert sum(one.size for one in left) <= room
    others = [one for one in dropped if "own" not in one.path]
    share = most // 4
    if sum(one.size for one in own) > share and others and others[-1].size:
        assert sum(one.size for one in left if "own" in one.path) <= share
    # With no more than their share they are like all others.
    if sum(one.size for one in own) <= share:
        assert max((one.used for one in dropped), default=0) <= min((one.used for one in left), default=NOW)


def folder_with(root: Path, **files: tuple[int, float]) -> DataFolder:
    """Files of a store: their sizes, and how many days ago they were used."""
    folder = open_folder(root)
    for name, (size, days) in files.items():
        path = folder.store / "files-v1" / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    return folder


def names(folder: DataFolder) -> list[str]:
    return sorted(os.path.basename(one.path) for one in kept_in(folder.store))


def test_a_sweep_drops_what_is_too_much_and_too_old(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "data", old=(10, 100), rare=(50, 9), usual=(60, 1))
    assert Room(folder, Retention(max_store_bytes=1000), lambda: NOW).sweep().entries == 1
    assert names(folder) == ["rare", "usual"]
    room = Room(folder, Retention(max_store_bytes=100), lambda: NOW)
    assert room.sweep().bytes == 50
    assert (names(folder), room.used) == (["usual"], 60)


def test_what_was_uploaded_counts_and_stays(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "data", aa=(50, 1))
    upload = folder.packages / "own" / "lib" / "lib-1.0.tar.gz" / "file"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"x" * 90)
    os.utime(upload, (0, 0))
    room = Room(folder, Retention(max_store_bytes=100), lambda: NOW)
    room.sweep()
    assert (names(folder), upload.exists(), room.used) == ([], True, 90)
    with pytest.raises(StoreFull):
        room.take(11)
    room.take(10)


def test_room_is_made_for_what_comes(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "data", aa=(40, 3), bb=(40, 2), cc=(15, 1))
    room = Room(folder, Retention(max_store_bytes=100), lambda: NOW)
    room.take(5)
    assert names(folder) == ["aa", "bb", "cc"]
    room.take(20)
    assert names(folder) == ["bb", "cc"]
    with pytest.raises(StoreFull):
        room.take(101)


def test_many_writers_together_take_no_more_than_there_is(tmp_path: Path) -> None:
    room = Room(folder_with(tmp_path / "data"), Retention(max_store_bytes=1000), time.time)
    room.take(0)
    granted: list[int] = []

    def write() -> None:
        for _ in range(100):
            try:
                room.take(7)
            except StoreFull:
                return
            granted.append(7)
            # What was granted is written, or the next look would not see it.
            path = tmp_path / "data" / "store" / "tmp" / f"{threading.get_ident()}-{len(granted)}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * 7)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    # One may be between being granted and being written when another one looks.
    assert sum(granted) <= 1000 + 4 * 7


def test_leftovers_of_what_was_killed_go_after_a_day(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "data")
    for place in (folder.store / "tmp", folder.packages / ".arriving"):
        place.mkdir(parents=True)
        for name, days in (("new", 0.5), ("old", 1.5)):
            (place / name).write_bytes(b"x")
            os.utime(place / name, (NOW - days * DAY, NOW - days * DAY))
    Room(folder, Retention(), lambda: NOW).sweep()
    assert os.listdir(folder.store / "tmp") == os.listdir(folder.packages / ".arriving") == ["new"]
