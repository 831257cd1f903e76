"""``interlock debug resolve``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.columns import columns
from interlock.core.editing.requirement_wishes import parse_wish
from interlock.core.lock.graph import Graph
from interlock.core.lock.model import Lock
from interlock.core.lock.moves import Moves
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.ops.locking.lock import lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.showing.package_info import try_resolution
from interlock.ops.showing.tree import TreeOptions, build_tree, format_tree
from interlock.workspace.here import workspace_or_none

__all__ = ["run"]


async def run(call: Call) -> int:
    """Show what would be chosen; writes nothing."""
    wishes = [parse_wish(text) for text in call.values.requirements]
    if not wishes:
        options = LockOptions(moves=Moves(everything=call.given("upgrade")), dry_run=True)
        found = (await lock(call.context, options)).lock
    else:
        workspace = workspace_or_none(call.context.place.start, call.context.means.layout)
        context = call.context if workspace is None else call.context.within(workspace.settings)
        requirements = tuple(
            Requirement(name=wish.normalized, specifier=wish.specifier, marker=wish.marker, extras=wish.extras)
            for wish in wishes
        )
        found = await try_resolution(context, requirements, requires_python=_range(call.context.flags.python or ""))
    if call.json:
        call.document(
            {
                "packages": [
                    {"name": item.name, "version": item.version, "markers": item.markers} for item in found.packages
                ]
            }
        )
    elif call.given("tree"):
        call.terminal.data(_tree(found))
    else:
        rows = [(item.name, item.version, " or ".join(item.markers)) for item in found.packages]
        call.terminal.data(columns(rows) if rows else "")
    return 0


def _range(python: str) -> str:
    if not python or not (python[0].isdigit() or python[0] in "<>=!~"):
        return ""
    return (
        f"=={python}.*"
        if python[0].isdigit() and python.count(".") < 2
        else python
        if python[0] in "<>=!~"
        else f"=={python}"
    )


def _tree(found: Lock) -> str:
    selection = Selection(
        members=tuple(MemberSelection(member=NormalizedName(member.name)) for member in found.members)
    )
    return format_tree(build_tree(Graph(found), selection, TreeOptions(universal=True), None))
