"""How the interpreters of this machine are found from where a command was started."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.toolchain.python import Pythons, pythons_of

__all__ = ["pythons_here"]


def pythons_here(call: Call) -> Pythons:
    return pythons_of(call.context.means, call.context.place.start)
