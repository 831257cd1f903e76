"""``interlock serve token create``."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from interlock.cli.call import BadValue, Call
from interlock.cli.services import data_folder
from interlock.service.state.data_folder import open_folder
from interlock.service.state.scopes import Scope, parse_scopes
from interlock.service.state.tokens import TokenStore

__all__ = ["run"]

_UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
_USUAL = (Scope.READ, Scope.LOCK)


def run(call: Call) -> int:
    """Write the token as the last line; it is shown once, and only its digest is kept."""
    scopes = parse_scopes(call.texts("scope")) or frozenset(_USUAL)
    only = call.texts("only_index")
    now = time.time()
    expires = _moment(call.text("expires"), now)
    store = TokenStore(open_folder(data_folder(call)).database)
    try:
        indexes = frozenset(only) if only else None
        made = store.create(call.text("name") or "token", scopes, now=now, indexes=indexes, expires=expires)
    finally:
        store.close()
    if call.json:
        call.document({"id": made.token.id, "name": made.token.name, "scopes": sorted(scopes), "token": made.text})
        return 0
    call.terminal.say(f"Token {made.token.id} for {', '.join(sorted(scopes))}; it is shown this once:")
    call.terminal.data(made.text)
    return 0


def _moment(text: str, now: float) -> int | None:
    """A day or a time, or how long from now: ``30 days``."""
    if not text:
        return None
    amount, _, unit = text.strip().partition(" ")
    seconds = _UNITS.get(unit.strip().removesuffix("s"))
    if seconds is not None and amount.isascii() and amount.isdigit() and len(amount) < 6:
        return int(now) + seconds * int(amount)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue(f"--expires is `{text[:40]}`.", hint="Write 30 days, 12 hours, or a day: 2027-01-31.") from None
    found = int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())
    if found <= now:
        raise BadValue(f"--expires is `{text[:40]}`, which is over.")
    return found
