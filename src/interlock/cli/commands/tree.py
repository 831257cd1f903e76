"""``interlock tree``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call, checked_name
from interlock.cli.selecting import selection_flags
from interlock.core.lock.graph import Graph
from interlock.core.names import NormalizedName
from interlock.ops.showing.reading import environment_here, read_locked
from interlock.ops.showing.tree import TreeOptions, build_tree, format_tree

__all__ = ["run", "show_tree"]


async def run(call: Call) -> int:
    roots = tuple(checked_name(text) for text in call.values.roots)
    if call.given("duplicates") and roots:
        raise BadValue("`--duplicates` finds its packages itself.", hint="Leave out the names.")
    options = TreeOptions(
        selection=selection_flags(call, everyone=True),
        roots=roots,
        depth=call.values.depth,
        invert=call.given("invert"),
        prune=call.names("prune"),
        repeat=call.given("no_dedupe"),
        universal=call.given("universal") or call.given("duplicates"),
        duplicates=call.given("duplicates"),
    )
    return await show_tree(call, options)


async def show_tree(call: Call, options: TreeOptions) -> int:
    locked = await read_locked(
        call.context, options.selection, frozen=call.flag("frozen"), locked=call.flag("locked"), strict=False
    )
    environment = None if options.universal else await environment_here(locked)
    nodes = build_tree(Graph(locked.lock), locked.selection, options, environment)
    if call.json:
        call.document({"roots": nodes})
    else:
        paths: dict[NormalizedName, str] = {member.name: member.path for member in locked.workspace.members}
        call.terminal.data(format_tree(nodes, members_by_path=paths))
    return 0
