"""``interlock auth login``."""

from __future__ import annotations

import getpass
import sys

from interlock.cli.asking import answering, ask
from interlock.cli.call import BadValue, Call
from interlock.cli.logins import is_service, keep_login

__all__ = ["run"]


def run(call: Call) -> int:
    """Store a login, asking on a terminal for what was not said."""
    name = call.text("name")
    if not name:
        raise BadValue(
            "Log in where?",
            hint="Name an index or a service: `interlock auth login inner`; see `interlock source show`.",
        )
    user = "__token__" if call.text("token") or is_service(name) else call.text("username")
    given = call.text("token") or call.text("password")
    if given == "-" or (not given and not sys.stdin.isatty()):
        password = sys.stdin.readline().rstrip("\n")
    elif given:
        password = given
    else:
        user = user or ask(call.terminal.err, f"User name for {name}")
        with answering():
            password = getpass.getpass(f"Password for {user} at {name}: ")
    if not password:
        raise BadValue("There is no password.", hint="Give --token, or --password - and write it to stdin.")
    keep_login(call, name, user or "__token__", password)
    return 0
