"""``interlock show``."""

from __future__ import annotations

import msgspec

from interlock.cli.call import Call, checked_name
from interlock.cli.commands.tree import show_tree
from interlock.cli.loading import load
from interlock.cli.selecting import selection_flags
from interlock.cli.words import format_bytes
from interlock.core.lock.diff import shown_source
from interlock.core.lock.model import Edge
from interlock.core.sources import Source
from interlock.ops.reading import Locked, environment_here, read_locked
from interlock.ops.show import PackageDetails, list_packages, package_details
from interlock.workspace.options import TreeOptions

__all__ = ["run"]


async def run(call: Call) -> int:
    if call.text("format") == "json" and not call.json:
        settings = msgspec.structs.replace(call.context.settings, json=True)
        call = msgspec.structs.replace(call, context=msgspec.structs.replace(call.context, settings=settings))
    if call.given("latest") or call.given("outdated"):
        outdated = load("interlock.cli.commands.outdated")
        code: int = await outdated.show_outdated(call, everything=not call.given("outdated"))
        return code
    name = checked_name(call.text("name")) if call.text("name") else None
    selection = selection_flags(call, everyone=True)
    if call.given("tree") or call.given("why"):
        return await show_tree(
            call,
            TreeOptions(
                selection=selection,
                roots=(name,) if name is not None else (),
                invert=call.given("why"),
                universal=call.given("all"),
            ),
        )
    locked = await read_locked(
        call.context, selection, frozen=call.flag("frozen"), locked=call.flag("locked"), strict=False
    )
    if name is None:
        return await _list(call, locked)
    details = package_details(locked, name)
    if call.json:
        call.document({"packages": [_document(found) for found in details]})
    else:
        call.terminal.data("\n".join(_text(found) for found in details))
    return 0


async def _list(call: Call, locked: Locked) -> int:
    environment = None if call.given("all") else await environment_here(locked)
    lines = list_packages(locked, environment, top_level=call.given("top_level"))
    if call.json:
        call.document({"packages": lines})
        return 0
    width = max((len(line.name) for line in lines), default=0)
    versions = max((len(line.version) for line in lines), default=0)
    for line in lines:
        marker = f"; {line.marker}" if line.marker else ""
        call.terminal.data(f"{line.name:<{width}}  {line.version:<{versions}}  {marker}".rstrip())
    return 0


def _document(found: PackageDetails) -> dict[str, object]:
    """The details; of a dependency every key is there, whatever it says."""
    needs = [
        {"name": edge.name, "version": edge.version, "extras": edge.extras, "marker": edge.marker}
        for edge in found.dependencies
    ]
    return {**msgspec.structs.asdict(found), "dependencies": needs}


def _text(found: PackageDetails) -> str:
    rows = [
        ("name", found.name),
        ("version", found.version or "(dynamic)"),
        ("source", shown_source(msgspec.json.decode(found.source, type=Source))),
        ("python", found.requires_python or "any"),
        ("extras", ", ".join(found.extras)),
        ("members", ", ".join(found.members)),
        ("needed by", ", ".join(found.needed_by)),
        ("needs", ", ".join(_edge(edge) for edge in found.dependencies)),
        ("files", f"{len(found.files)} ({format_bytes(found.size)})"),
    ]
    return "".join(f"{label:<10} {value}\n" for label, value in rows if value)


def _edge(edge: Edge) -> str:
    extras = f"[{','.join(edge.extras)}]" if edge.extras else ""
    marker = f" ; {edge.marker}" if edge.marker else ""
    return f"{edge.name}{extras}{marker}"
