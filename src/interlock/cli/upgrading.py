"""What is to be locked anew, from the command line: for ``lock``, and for commands that lock on their way."""

from __future__ import annotations

import msgspec

from interlock.cli.call import BadValue, Call, checked_name
from interlock.core.lock.moves import Moves
from interlock.core.names import NormalizedName, normalize_group
from interlock.core.requirements.requirement import Requirement
from interlock.ops.locking.lock_options import LockOptions
from interlock.workspace.discovery import discover
from interlock.workspace.selection import NoSuchGroup

__all__ = ["lock_options", "upgrade_on_the_way"]


def lock_options(call: Call) -> LockOptions:
    """Raises :class:`BadValue` and :class:`NoSuchGroup`."""
    return LockOptions(
        check=call.flag("check"),
        moves=Moves(everything=call.given("upgrade"), packages={**_of_groups(call), **_upgrades(call)}),
        closure=call.given("closure"),
        dry_run=call.given("dry_run"),
    )


def upgrade_on_the_way(call: Call) -> LockOptions:
    """What to lock anew before the command's own work.

    Raises :class:`BadValue` when the lock may not change, and what :func:`lock_options` raises.
    """
    for flag in ("frozen", "locked"):
        if call.given(flag):
            raise BadValue(f"`--{flag}` leaves the lock as it is, and an upgrade changes it.", hint="Leave out one.")
    return msgspec.structs.replace(lock_options(call), check=False, dry_run=False)


def _upgrades(call: Call) -> dict[NormalizedName, str]:
    """Names with the versions wanted; ``name==version`` or a name."""
    found: dict[NormalizedName, str] = {}
    for text in call.texts("upgrade_package"):
        name, pinned, version = text.partition("==")
        if pinned and not version:
            raise BadValue(f"`{text}` names no version.", hint=f"Write --upgrade-package {name}==1.0, or {name} alone.")
        found[checked_name(name)] = version
    return found


def _of_groups(call: Call) -> dict[NormalizedName, str]:
    """What groups list, in any member. Raises :class:`NoSuchGroup`."""
    wanted = call.names("upgrade_group")
    if not wanted:
        return {}
    workspace = discover(call.context.place.start, layout=call.context.means.layout)
    found: dict[NormalizedName, str] = {}
    for group in wanted:
        items = [
            item
            for manifest in (workspace.manifest, *(member.manifest for member in workspace.members))
            for item in manifest.groups.get(normalize_group(group), ())
            if isinstance(item, Requirement)
        ]
        if not items:
            raise NoSuchGroup(f"No member has a dependency group `{group}` that lists a package.")
        found.update(dict.fromkeys((item.name for item in items), ""))
    return found
