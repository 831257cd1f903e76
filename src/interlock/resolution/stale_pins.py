"""Stale pins: ranges that members ask of each other and that the versions in the workspace are not in.

A lock takes the member all the same. Whoever installs what is published gets what the range says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from packaging.specifiers import SpecifierSet

from interlock.core.members.asks import MemberAsks, Origin
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import format_requirement
from interlock.core.sources.source import Member
from interlock.workspace.members import Workspace

__all__ = ["StalePin", "describe_stale_pins", "stale_pins"]


class StalePin(msgspec.Struct, frozen=True, kw_only=True):
    needs: NormalizedName
    """The member that is asked for."""
    version: str
    """The one it has."""
    text: str
    """The requirement, without its marker."""
    origin: Origin


def stale_pins(workspace: Workspace, asks: Iterable[MemberAsks]) -> tuple[StalePin, ...]:
    """Each place once, in the order of the asks; a version that only a backend can tell is not asked for."""
    found: dict[tuple[str, str, str, str], StalePin] = {}
    versions = {member.name: member.manifest.version or "" for member in workspace.members}
    for asking in asks:
        for ask in asking.every():
            requirement, source = ask.requirement, ask.source
            if not requirement.specifier or not isinstance(source, Member) or source.name == asking.name:
                continue
            version = versions.get(source.name, "")
            if version and not SpecifierSet(requirement.specifier).contains(version, prereleases=True):
                text = format_requirement(msgspec.structs.replace(requirement, marker=""))
                origin = ask.origin
                key = (origin.path, origin.table, origin.text, text)
                found[key] = StalePin(needs=source.name, version=version, text=text, origin=origin)
    return tuple(found.values())


def describe_stale_pins(workspace: Workspace, pins: Iterable[StalePin]) -> Iterator[str]:
    """One sentence per member that is asked for; blocking, since it looks up lines."""
    by_name: dict[NormalizedName, list[StalePin]] = {}
    for pin in pins:
        by_name.setdefault(pin.needs, []).append(pin)
    if not by_name:
        return
    from interlock.workspace.location import locator  # noqa: PLC0415 - most workspaces have no stale pins

    locate = locator(workspace.root)
    for name, found in sorted(by_name.items()):
        first, more = found[0], len(found) - 1
        others = f", and {more} other requirement{'s' if more > 1 else ''} on it" if more else ""
        yield (
            f"{locate(first.origin)}: `{first.text}`{others}: {name} is {first.version} here, and taken from the"
            " workspace all the same."
        )
