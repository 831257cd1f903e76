"""``interlock serve token list``."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from interlock.cli.call import Call
from interlock.cli.columns import columns
from interlock.cli.services import data_folder
from interlock.service.state.data_folder import open_folder
from interlock.service.state.tokens import Token, TokenStore

__all__ = ["run"]


def run(call: Call) -> int:
    store = TokenStore(open_folder(data_folder(call)).database)
    try:
        tokens = store.all()
    finally:
        store.close()
    now = time.time()
    if call.json:
        call.document({"tokens": [_described(token, now) for token in tokens]})
        return 0
    rows = [
        (
            token.id,
            token.name,
            ",".join(sorted(token.scopes)),
            ",".join(sorted(token.indexes)) if token.indexes is not None else "all",
            _state(token, now),
        )
        for token in tokens
    ]
    call.terminal.data(columns(rows))
    if not rows:
        call.terminal.say("There are no tokens.")
    return 0


def _described(token: Token, now: float) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "indexes": None if token.indexes is None else sorted(token.indexes),
        "created": _day(token.created),
        "expires": _day(token.expires),
        "revoked": _day(token.revoked),
        "used": _day(token.used),
        "valid": token.is_valid(now),
    }


def _state(token: Token, now: float) -> str:
    if token.revoked is not None:
        return f"revoked {_day(token.revoked)}"
    if token.expires is None:
        return "valid"
    return f"{'valid until' if token.is_valid(now) else 'expired'} {_day(token.expires)}"


def _day(moment: int | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
