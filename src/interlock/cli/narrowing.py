"""``--affected REF``: what a command would act on, narrowed to the members that a change touches."""

from __future__ import annotations

import msgspec

from interlock.cli.call import Call
from interlock.core.names import normalize_name
from interlock.ops.showing.affected import affected
from interlock.workspace.selection import SelectionFlags

__all__ = ["only_affected"]


async def only_affected(call: Call, flags: SelectionFlags, *, packages: bool = False) -> SelectionFlags | None:
    """The selection with only those of its members that are affected; None when there are none, which is said.

    Without ``--package`` it is every member, wherever the command is started; with ``packages`` only those that can be
    built.
    """
    revision = call.text("affected")
    report = await affected(call.context, revision, frozen=call.flag("frozen"), locked=call.flag("locked"))
    names = [member.name for member in report.members if member.package or not packages]
    if flags.packages:
        asked = {normalize_name(name) for name in flags.packages}
        names = [name for name in names if name in asked]
    if not names:
        call.terminal.say(f"No member is affected by what changed since {revision}.")
        return None
    return msgspec.structs.replace(flags, packages=tuple(names), all_packages=False)
