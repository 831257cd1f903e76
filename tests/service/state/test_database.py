"""The data folder over time: from version to version, copied while it is used, damaged, and of the future."""

from __future__ import annotations

import random
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from interlock.service.state.data_folder import DataFolder, open_folder
from interlock.service.state.database import VERSION, DataDamaged, DataTooNew, upgrade
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import TokenStore, digest_of


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_folder(tmp_path / "data")


def test_a_folder_of_the_first_version_becomes_one_of_this_with_all_its_tokens(folder: DataFolder) -> None:
    text = f"interlock_0a1b2c3d_{'7' * 48}"
    connection = sqlite3.connect(folder.database, isolation_level=None)
    upgrade(connection, folder.database, to=1)
    connection.execute(
        "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ("0a1b2c3d", digest_of(text), "ci", "lock read", "inner", 5, None, None),
    )
    connection.close()
    store = TokenStore(folder.database)
    token = store.find(text)
    assert token is not None
    assert (token.name, token.indexes) == ("ci", frozenset({"inner"}))
    assert token.scopes == {Scope.READ, Scope.LOCK}
    assert token.used is None
    store.note_use(token, 100.0)
    assert [one.used for one in store.all()] == [100]
    store.close()


def test_two_that_open_a_new_folder_at_once_make_it_once(folder: DataFolder) -> None:
    failures: list[BaseException] = []
    begin = threading.Barrier(4)

    def open_it() -> None:
        try:
            begin.wait()
            store = TokenStore(folder.database)
            store.create("x", [Scope.READ], now=1.0, indexes=None, expires=None)
            store.close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    store = TokenStore(folder.database)
    assert len(store.all()) == 4
    store.close()


def test_a_folder_of_the_future_is_left_alone(folder: DataFolder) -> None:
    connection = sqlite3.connect(folder.database)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = folder.database.read_bytes()
    with pytest.raises(DataTooNew):
        TokenStore(folder.database)
    assert folder.database.read_bytes()[100:] == before[100:]


@pytest.mark.parametrize("damage", [b"no database at all", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_database_is_told_and_left_alone(folder: DataFolder, damage: bytes) -> None:
    folder.database.write_bytes(damage)
    with pytest.raises(DataDamaged):
        TokenStore(folder.database)
    assert folder.database.read_bytes() == damage


def test_a_copy_that_is_made_meanwhile_has_all_that_was_there_when_it_began(folder: DataFolder, tmp_path: Path) -> None:
    """Whatever the order in which its files are copied, and whatever is written between two of them."""
    chance = random.Random(7)
    server = TokenStore(folder.database)
    made: list[str] = []

    def make() -> None:
        # Each as the command line does: with a connection of its own.
        other = TokenStore(folder.database)
        made.append(other.create("x", [Scope.READ], now=1.0, indexes=None, expires=None).text)
        other.close()

    for number in range(12):
        make()
        copy = tmp_path / f"copy-{number}"
        copy.mkdir()
        before = list(made)
        files = sorted(path.name for path in folder.root.iterdir())
        chance.shuffle(files)
        for name in files:
            shutil.copy2(folder.root / name, copy / name)
            for _ in range(chance.randrange(3)):
                make()
        restored = TokenStore(open_folder(copy).database)
        for text in before:
            assert restored.find(text) is not None
        assert {token.id for token in restored.all()} <= {text.split("_")[1] for text in made}
        restored.close()
    server.close()
