"""``interlock auth token``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.logins import find_login

__all__ = ["run"]


def run(call: Call) -> int:
    """Write the stored password, for other programs."""
    login = find_login(call, call.text("name"))
    if login is None:
        raise BadValue(f"There is no login for `{call.text('name')}`.", hint="Store one with `interlock auth login`.")
    if call.json:
        call.document({"username": login[0], "password": login[1]})
    else:
        call.terminal.data(login[1])
    return 0
