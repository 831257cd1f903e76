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
    place, trusts = Path(call.context.place.directory) / expanded(file), call.given("trust_builds")
    done = await unpack_file(call.context, place, trusts_builds=trusts)
    if call.json:
        call.document(done)
        return 0
    call.terminal.say(f"Put {plural(done.added, 'file')} of {file} into the cache; {done.present} were there already.")
    if done.builds and not trusts:
        call.terminal.say(
            "Left what members are built with, of which the lock says nothing. --trust-builds takes it, for a pack that"
            " nobody but you can write."
        )
    elif done.left:
        call.terminal.say(f"Left {plural(done.left, 'file')} that the lock does not name.")
    return 0
