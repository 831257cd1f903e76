"""The list of jobs: what was asked of the service, so that it can be answered however often the service begins anew.

It has a database of its own, which nobody has to keep: what is not on the list is asked again. No credentials are on
it; whoever asks for a job decides by its own token which indexes are looked at.
"""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import suppress
from pathlib import Path

import msgspec

__all__ = ["JobList", "JobListOptions", "ListedJob"]

_BUSY = 5.0
_LEVEL = 1
_VERSION = 1
_BETWEEN_TRIMS = 64
"""Jobs."""
_TABLE = """
    CREATE TABLE job (
        key TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        request BLOB NOT NULL,
        asked REAL NOT NULL
    ) WITHOUT ROWID
"""
_TRIM = """
    DELETE FROM job WHERE key IN (
        SELECT key FROM (
            SELECT key, row_number() OVER newest AS number, sum(length(request)) OVER newest AS bytes
            FROM job WINDOW newest AS (ORDER BY asked DESC, key)
        ) WHERE number > ? OR bytes > ?
    )
"""


class JobListOptions(msgspec.Struct, frozen=True, kw_only=True):
    jobs: int = 4096
    bytes: int = 64 * 1024 * 1024
    """Of requests, compressed."""


class ListedJob(msgspec.Struct, frozen=True):
    key: str
    request: bytes
    """As it came."""


class JobList:
    """For one process at a time. A disk that is full is no reason to refuse anybody: the job is not listed then."""

    def __init__(self, path: Path, options: JobListOptions | None = None) -> None:
        self._options = options or JobListOptions()
        self._connection = _open(path)
        self._since_trim = 0

    def __repr__(self) -> str:
        return f"<JobList of {self._options.jobs}>"

    def close(self) -> None:
        self._connection.close()

    def add(self, key: str, digest: str, request: bytes, now: float) -> None:
        """List a job that was begun, or note that it was once more."""
        with suppress(sqlite3.DatabaseError):
            known = self._connection.execute("UPDATE job SET asked = ? WHERE key = ?", (now, key))
            if not known.rowcount:
                packed = zlib.compress(request, _LEVEL)
                self._connection.execute("INSERT INTO job VALUES (?, ?, ?, ?)", (key, digest, packed, now))
                self._trim()

    def find(self, digest: str) -> list[ListedJob]:
        """Every job of the request with a digest, the last that was asked for first."""
        with suppress(sqlite3.DatabaseError, zlib.error):
            query = "SELECT key, request FROM job WHERE digest = ? ORDER BY asked DESC, key"
            rows = self._connection.execute(query, (digest,)).fetchall()
            return [ListedJob(key, zlib.decompress(request)) for key, request in rows]
        return []

    def drop(self, key: str) -> None:
        """Take a job off that nobody wants any more."""
        with suppress(sqlite3.DatabaseError):
            self._connection.execute("DELETE FROM job WHERE key = ?", (key,))

    def _trim(self) -> None:
        self._since_trim += 1
        if self._since_trim >= _BETWEEN_TRIMS:
            self._since_trim = 0
            self._connection.execute(_TRIM, (self._options.jobs, self._options.bytes))


def _open(path: Path) -> sqlite3.Connection:
    """The database at a path; one that is damaged or of another version makes room for a new one."""
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if verdict != "ok" or version > _VERSION:
            raise sqlite3.DatabaseError(verdict)
        if not version:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {_VERSION:d}")
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection
