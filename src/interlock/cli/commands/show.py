"""``interlock show``."""

from __future__ import annotations

import msgspec

from interlock.cli.call import Call, checked_name
from interlock.cli.columns import columns
from interlock.cli.commands.tree import show_tree
from interlock.cli.loading import load
from interlock.cli.selecting import selection_flags
from interlock.cli.words import format_bytes
from interlock.core.lock.diff import shown_source
from interlock.core.lock.model import Edge
from interlock.core.sources.source import Source
from interlock.ops.showing.reading import Locked, environment_here, read_locked
from interlock.ops.showing.show import (
    PackageDetails,
    PackageLine,
    Summaries,
    find_summaries,
    list_packages,
    package_details,
)
from interlock.ops.showing.tree import TreeOptions

__all__ = ["run"]


async def run(call: Call) -> int:
    if call.text("format") == "json" and not call.json:
        call = msgspec.structs.replace(call, json=True)
    name = checked_name(call.text("name")) if call.text("name") else None
    if call.given("latest") or call.given("outdated"):
        outdated = load("interlock.cli.commands.outdated")
        code: int = await outdated.show_outdated(call, everything=not call.given("outdated"), name=name)
        return code
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
    summaries = await find_summaries(locked)
    if call.json:
        call.document({"packages": [_document(found, summaries) for found in details]})
    else:
        call.terminal.data("\n".join(_text(found, summaries) for found in details))
    return 0


async def _list(call: Call, locked: Locked) -> int:
    environment = None if call.given("all") else await environment_here(locked)
    lines = list_packages(locked, environment, top_level=call.given("top_level"))
    summaries = await find_summaries(locked)
    if call.json:
        call.document({"packages": [_listed(line, summaries) for line in lines]})
        return 0
    rows = [
        (
            line.name,
            "(!)" if summaries.missing(line.name, line.version) else "",
            line.version,
            f"; {line.marker}" if line.marker else "",
            summaries.text(line.name, line.version),
        )
        for line in lines
    ]
    used = [column for column in zip(*rows, strict=True) if any(column)]
    width = 0 if call.given("no_truncate") else call.terminal.width()
    for line in columns(zip(*used, strict=True)).splitlines() if rows else ():
        call.terminal.data(f"{line[: width - 3]}..." if 3 < width < len(line) else line)
    return 0


def _listed(line: PackageLine, summaries: Summaries) -> dict[str, object]:
    installed = (line.name, line.version) in summaries.known
    description = summaries.text(line.name, line.version)
    return {**msgspec.structs.asdict(line), "description": description, "installed": installed}


def _document(found: PackageDetails, summaries: Summaries) -> dict[str, object]:
    """The details; of a dependency every key is there, whatever it says."""
    needs = [
        {"name": edge.name, "version": edge.version, "extras": edge.extras, "marker": edge.marker}
        for edge in found.dependencies
    ]
    description = summaries.text(found.name, found.version)
    return {**msgspec.structs.asdict(found), "dependencies": needs, "description": description}


def _text(found: PackageDetails, summaries: Summaries) -> str:
    rows = [
        ("name", found.name),
        ("version", found.version or "(dynamic)"),
        ("description", summaries.text(found.name, found.version)),
        ("source", shown_source(msgspec.json.decode(found.source, type=Source))),
        ("python", found.requires_python),
        ("extras", ", ".join(found.extras)),
        ("members", ", ".join(found.members)),
        ("needed by", ", ".join(found.needed_by)),
        ("needs", ", ".join(_edge(edge) for edge in found.dependencies)),
        ("files", f"{len(found.files)} ({format_bytes(found.size)})"),
    ]
    return "".join(f"{label:<11}  {value}\n" for label, value in rows if value)


def _edge(edge: Edge) -> str:
    extras = f"[{','.join(edge.extras)}]" if edge.extras else ""
    marker = f" ; {edge.marker}" if edge.marker else ""
    return f"{edge.name}{extras}{marker}"
