"""``interlock init``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.scaffolding import place_of, say_created, wanted_scaffold
from interlock.ops.create import init_project

__all__ = ["run"]


async def run(call: Call) -> int:
    path = place_of(call, call.text("path") or ".")
    whole = any(map(call.given, ("lib", "app", "web")))
    wanted = wanted_scaffold(call, path.name)
    created = await init_project(call.context, path, wanted, whole=whole, named=bool(call.text("name")))
    say_created(call, created)
    if not (created.package or call.given("no_package") or call.given("workspace")):
        call.terminal.say("Nothing of it is built, because it has no modules; `--lib`, `--app` or `--web` makes some.")
    return 0
