"""``interlock cache unpack``."""

from __future__ import annotations

from pathlib import Path

from interlock.cli.call import BadValue, Call
from interlock.cli.words import plural
from interlock.ops.caching.unpack import unpack_file
from interlock.workspace.home import expanded

__all__ = ["run"]


async def run(call: Call) -> int:
    file = call.text("file")
    if not file:
        raise BadValue("No pack is named.", hint="Name the file: `interlock cache unpack FILE`.")
    done = await unpack_file(call.context, Path(call.context.place.directory) / expanded(file))
    if call.json:
        call.document(done)
        return 0
    call.terminal.say(f"Put {plural(done.added, 'file')} of {file} into the cache; {done.present} were there already.")
    if done.left:
        call.terminal.say(f"Left {plural(done.left, 'file')} that the lock does not name.")
    return 0
