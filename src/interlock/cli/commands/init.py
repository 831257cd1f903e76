"""``interlock init``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.scaffolding import place_of, say_created, wanted_scaffold
from interlock.ops.create import init_project

__all__ = ["run"]


async def run(call: Call) -> int:
    path = place_of(call, call.text("path") or ".")
    created = await init_project(call.context, path, wanted_scaffold(call, path.name))
    return say_created(call, created)
