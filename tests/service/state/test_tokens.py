"""Tokens in the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.service.state.data_folder import DataFolder, open_folder
from interlock.service.state.scopes import BadScope, Scope, parse_scopes
from interlock.service.state.tokens import NoSuchToken, TokenStore


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_folder(tmp_path / "data")


def make(store: TokenStore, *scopes: Scope, now: float = 5.0, indexes: frozenset[str] | None = None) -> str:
    return store.create("ann", scopes, now=now, indexes=indexes, expires=None).text


def test_what_is_kept_does_not_hold_the_token(folder: DataFolder) -> None:
    store = TokenStore(folder.database)
    text = make(store, Scope.READ)
    kept = b"".join(path.read_bytes() for path in folder.root.iterdir())
    store.close()
    kept += b"".join(path.read_bytes() for path in folder.root.iterdir())
    assert text.encode() not in kept
    assert text.rpartition("_")[2].encode() not in kept


def test_a_token_is_found_as_it_was_made(folder: DataFolder) -> None:
    store = TokenStore(folder.database)
    text = make(store, Scope.READ, Scope.CACHE_READ, indexes=frozenset({"b", "a"}))
    store.close()
    store = TokenStore(folder.database)
    token = store.find(text)
    assert token is not None
    assert token.scopes == {Scope.READ, Scope.CACHE_READ}
    assert token.indexes == frozenset({"a", "b"})
    assert store.all() == (token,)
    assert store.find(text.upper()) is None
    assert store.find("") is None
    store.close()


def test_what_another_process_makes_or_revokes_counts_at_once(folder: DataFolder) -> None:
    server, other = TokenStore(folder.database), TokenStore(folder.database)
    text = make(other, Scope.READ)
    token = server.find(text)
    assert token is not None
    assert token.revoked is None
    other.revoke(token.id, now=9.0)
    seen = server.find(text)
    assert seen is not None
    assert seen.revoked == 9
    server.close()
    other.close()


def test_a_token_is_revoked_once(folder: DataFolder) -> None:
    store = TokenStore(folder.database)
    make(store, Scope.READ)
    (token,) = store.all()
    assert store.revoke(token.id, now=7.0).revoked == 7
    assert store.revoke(token.id, now=8.0).revoked == 7
    with pytest.raises(NoSuchToken):
        store.revoke("00000000", now=8.0)
    store.close()


def test_an_unknown_scope_is_answered_with_a_near_one() -> None:
    with pytest.raises(BadScope, match="Did you mean `cache:read`"):
        parse_scopes(["cache:raed"])
