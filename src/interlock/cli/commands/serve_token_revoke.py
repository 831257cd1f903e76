"""``interlock serve token revoke``."""

from __future__ import annotations

import time

from interlock.cli.call import BadValue, Call
from interlock.cli.services import data_folder
from interlock.service.state.data_folder import open_folder
from interlock.service.state.tokens import TokenStore

__all__ = ["run"]


def run(call: Call) -> int:
    """From then on a service that runs refuses them."""
    wanted = call.values.tokens
    if not wanted:
        raise BadValue("Which token?", hint="`interlock serve token list` shows their ids.")
    store = TokenStore(open_folder(data_folder(call)).database)
    try:
        for text in wanted:
            # The whole token says which one it is as well.
            token = store.revoke(text.removeprefix("interlock_").partition("_")[0], now=time.time())
            call.terminal.say(f"Revoked {token.id} ({token.name}).")
    finally:
        store.close()
    return 0
