"""Tokens: who may ask for what. Only their SHA-256 is kept, so what is stolen from the database opens nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from interlock.errors import ServiceError
from interlock.service.state.database import connect
from interlock.service.state.scopes import Scope

__all__ = ["NewToken", "NoSuchToken", "Token", "TokenStore", "digest_of", "is_same_digest", "redact_tokens"]

_TEXT = re.compile(r"interlock_([0-9a-f]{8})_[0-9a-f]{48}")
_NOBODY = hashlib.sha256(b"").digest()
"""What is compared where there is nothing to compare with, so that it takes as long."""
_NOTED = 86_400
_COLUMNS = "id, digest, name, scopes, indexes, created, expires, revoked, used"


class NoSuchToken(ServiceError):
    code = "no-such-token"

    def __init__(self, id: str) -> None:  # noqa: A002 - it is what the word means everywhere here
        super().__init__(
            f"There is no token `{id}`.", hint="`interlock serve token list` shows those there are.", facts={"id": id}
        )


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token; times are seconds since 1970."""

    id: str
    """Eight hexadecimal digits, which are part of its text and no secret."""
    name: str
    scopes: frozenset[Scope]
    indexes: frozenset[str] | None = None
    """The only ones it may use; None for all that nobody else is named for."""
    created: int = 0
    expires: int | None = None
    revoked: int | None = None
    used: int | None = None
    """The last time, give or take a day."""

    def is_valid(self, now: float) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)


class NewToken(msgspec.Struct, frozen=True):
    token: Token
    text: str
    """Shown once."""


class TokenStore:
    """The tokens of a data folder; several processes may work with them at once."""

    def __init__(self, database: Path) -> None:
        self._connection = connect(database)
        self._seen = -1
        self._known: dict[str, tuple[Token, bytes] | None] = {}

    def __repr__(self) -> str:
        return f"<TokenStore [{len(self._known)} known]>"

    def close(self) -> None:
        self._connection.close()

    def create(
        self, name: str, scopes: Iterable[Scope], *, now: float, indexes: frozenset[str] | None, expires: int | None
    ) -> NewToken:
        token = Token(
            id=secrets.token_hex(4),
            name=name,
            scopes=frozenset(scopes),
            indexes=indexes,
            created=int(now),
            expires=expires,
        )
        text = f"interlock_{token.id}_{secrets.token_hex(24)}"
        self._connection.execute(
            f"INSERT INTO token ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            (
                token.id,
                digest_of(text),
                name,
                " ".join(sorted(token.scopes)),
                None if indexes is None else " ".join(sorted(indexes)),
                token.created,
                expires,
                None,
                None,
            ),
        )
        self._known.clear()
        return NewToken(token, text)

    def find(self, text: str) -> Token | None:
        """The token with a text, valid or not; takes the same time for each that is not it."""
        shape = _TEXT.fullmatch(text)
        entry = self._entry(shape[1]) if shape is not None else None
        if not is_same_digest(text, _NOBODY if entry is None else entry[1]) or entry is None:
            return None
        return entry[0]

    def all(self) -> tuple[Token, ...]:
        """In the order in which they were made."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM token ORDER BY created, id")  # noqa: S608
        return tuple(_token(row) for row in rows)

    def revoke(self, id: str, *, now: float) -> Token:  # noqa: A002
        """From now on it opens nothing. Raises :class:`NoSuchToken`."""
        self._connection.execute("UPDATE token SET revoked = ? WHERE id = ? AND revoked IS NULL", (int(now), id))
        self._known.clear()
        entry = self._entry(id)
        if entry is None:
            raise NoSuchToken(id)
        return entry[0]

    def note_use(self, token: Token, now: float) -> None:
        """Remember that a token was used; at most once a day it is written down."""
        if token.used is None or now - token.used >= _NOTED:
            with suppress(sqlite3.OperationalError):
                # A disk that is full or a database that is busy is no reason to refuse anybody.
                self._connection.execute("UPDATE token SET used = ? WHERE id = ?", (int(now), token.id))
            self._known.pop(token.id, None)

    def _entry(self, id: str) -> tuple[Token, bytes] | None:  # noqa: A002
        """A row, remembered until another process has changed something."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._seen:
            self._seen = version
            self._known.clear()
        if id not in self._known:
            query = f"SELECT {_COLUMNS} FROM token WHERE id = ?"  # noqa: S608
            row = self._connection.execute(query, (id,)).fetchone()
            if row is None:
                # Not remembered: there is no end to the ones that are not there.
                return None
            self._known[id] = (_token(row), row[1])
        return self._known[id]


def digest_of(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def is_same_digest(text: str, digest: bytes) -> bool:
    """Whether a text has a digest; takes as long when it has not."""
    return hmac.compare_digest(digest_of(text), digest)


def redact_tokens(text: str) -> str:
    """Hide the secret part of every token.

    >>> redact_tokens(f"Bearer interlock_0a1b2c3d_{'0' * 48}")
    'Bearer interlock_0a1b2c3d_****'
    """
    return _TEXT.sub(r"interlock_\1_****", text) if "interlock_" in text else text


def _token(row: sqlite3.Row | tuple[object, ...]) -> Token:
    id_, _, name, scopes, indexes, created, expires, revoked, used = row
    return msgspec.convert(
        {
            "id": id_,
            "name": name,
            "scopes": str(scopes).split(),
            "indexes": None if indexes is None else str(indexes).split(),
            "created": created,
            "expires": expires,
            "revoked": revoked,
            "used": used,
        },
        Token,
    )
