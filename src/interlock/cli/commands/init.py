"""``interlock init``."""

from __future__ import annotations

import re

from interlock.cli.call import Call
from interlock.cli.scaffolding import place_of, say_created, wanted_scaffold
from interlock.ops.editing.create import check_init, init_project

__all__ = ["run"]


async def run(call: Call) -> int:
    path = place_of(call, call.text("path") or ".")
    whole = any(map(call.given, ("lib", "app", "web")))
    named = bool(call.text("name"))
    check_init(path, kind="workspace" if call.given("workspace") else "", named=named)
    created = await init_project(call.context, path, wanted_scaffold(call, _named(path.name)), whole=whole, named=named)
    say_created(call, created)
    if not (created.package or call.given("no_package") or call.given("workspace")):
        call.terminal.say("Nothing of it is built, because it has no modules; `--lib`, `--app` or `--web` makes some.")
    return 0


def _named(directory: str) -> str:
    """A name made of a directory's, which nobody chose for that: `My Tools (2)` is `My-Tools-2`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", directory).strip("-._") or directory
