"""The service's database: SQLite with a write-ahead log, and the version of everything that is in the data folder.

While anybody has it open, nothing is ever written into the main file: changes are appended to the log, which is folded
into it when the last connection is closed. So a copy of the folder that is made meanwhile is whole, whatever the order
in which its files are copied: a change that was half appended is not there, and the ones before it are.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from interlock.errors import ServiceError

__all__ = ["VERSION", "DataDamaged", "DataTooNew", "connect", "upgrade"]

_BUSY = 5000
"""Milliseconds to wait for another process's write."""
_PAUSE = 20
"""Milliseconds between two attempts."""

_STEPS: tuple[str, ...] = (
    """
    CREATE TABLE token (
        id TEXT PRIMARY KEY,
        digest BLOB NOT NULL,
        name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        indexes TEXT,
        created INTEGER NOT NULL,
        expires INTEGER,
        revoked INTEGER
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE token ADD COLUMN used INTEGER;",
)
"""What makes each version out of the one before it; the first one out of nothing."""

VERSION = len(_STEPS)
"""Of the data folder."""


class DataTooNew(ServiceError):
    code = "data-too-new"

    def __init__(self, path: Path, version: int) -> None:
        super().__init__(
            f"{path} was written by a newer service: it has version {version}, and {VERSION} is the newest known here.",
            hint="Update Interlock, or start with the copy that was made before the other one was updated.",
            facts={"path": str(path), "version": version, "known": VERSION},
        )


class DataDamaged(ServiceError):
    code = "data-damaged"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is damaged: {reason}.",
            hint="Nothing was changed. Put a backup of the data folder in its place.",
            facts={"path": str(path), "reason": reason},
        )


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, which has the newest version then. Raises :class:`DataTooNew` and :class:`DataDamaged`."""
    connection = sqlite3.connect(path, timeout=_BUSY / 1000, isolation_level=None)
    try:
        _write_ahead(connection)
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA synchronous = NORMAL")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DataDamaged(path, str(verdict).strip().rstrip("."))
        upgrade(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise DataDamaged(path, str(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn the log on, which stays with the file. SQLite itself does not wait for another that is doing the same."""
    for _ in range(_BUSY // _PAUSE):
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
            return
        time.sleep(_PAUSE / 1000)
    connection.execute("PRAGMA journal_mode = WAL")


def upgrade(connection: sqlite3.Connection, path: Path, *, to: int = VERSION) -> None:
    """Take the steps that are missing, all or none of them; one of several processes takes them."""
    if _version(connection) == to:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version > to:
            raise DataTooNew(path, version)
        for step in _STEPS[version:to]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {to:d}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
