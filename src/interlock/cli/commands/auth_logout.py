"""``interlock auth logout``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.logins import drop_login

__all__ = ["run"]


def run(call: Call) -> int:
    name = call.text("name")
    if not drop_login(call, name):
        raise BadValue(f"There is no login for `{name}`.")
    call.terminal.say(f"Forgot the login for {name}.")
    return 0
