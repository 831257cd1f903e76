"""``interlock new``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.scaffolding import place_of, say_created, wanted_scaffold
from interlock.ops.editing.create import check_new, create_project

__all__ = ["run"]


async def run(call: Call) -> int:
    place = call.text("path")
    if not place:
        raise BadValue("Where should the project be?", hint="Name a directory: `interlock new my-library`.")
    path = place_of(call, place)
    check_new(path)
    created = await create_project(call.context, path, wanted_scaffold(call, path.name))
    return say_created(call, created)
