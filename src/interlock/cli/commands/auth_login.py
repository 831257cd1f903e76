"""``interlock auth login``."""

from __future__ import annotations

import getpass
import sys

from interlock.cli.call import BadValue, Call
from interlock.cli.configuration import store_login
from interlock.cli.loading import load
from interlock.workspace.here import workspace_or_none

__all__ = ["run"]


def run(call: Call) -> int:
    """Store a login for an index by its name: in the keyring when one is used, else in a file of the user's own."""
    name = call.text("name")
    if not name:
        raise BadValue(
            "Log in where?", hint="Name an index: `interlock auth login inner`; see `interlock source show`."
        )
    user = "__token__" if call.text("token") else call.text("username")
    given = call.text("token") or call.text("password")
    if given == "-" or (not given and not sys.stdin.isatty()):
        password = sys.stdin.readline().rstrip("\n")
    elif given:
        password = given
    else:
        if not user:
            call.terminal.err.write(f"User name for {name}: ")
            user = sys.stdin.readline().strip()
        password = getpass.getpass(f"Password for {user} at {name}: ")
    if not password:
        raise BadValue("There is no password.", hint="Give --token, or --password - and write it to stdin.")
    workspace = workspace_or_none(call.context)
    context = call.context if workspace is None else call.context.within(workspace.settings)
    url = next((index.url for index in context.settings.indexes if index.name == name), "")
    if context.settings.keyring_provider == "import" and url:
        load("keyring").set_password(url, user or "__token__", password)
        call.terminal.say(f"Stored the login for {name} in the keyring.")
        return 0
    path = store_login(context.environ, name, user or "__token__", password)
    call.terminal.say(f"Stored the login for {name} in {path}.")
    return 0
