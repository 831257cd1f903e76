"""A command that a plugin brings."""

from __future__ import annotations

from typing import Any

import msgspec

from interlock.cli.call import Call
from interlock.cli.plugins import find_plugins, load_plugin

__all__ = ["run"]


def run(call: Call) -> Any:
    name, *rest = call.rest
    return load_plugin(find_plugins()[name])(msgspec.structs.replace(call, rest=tuple(rest)))
