"""Members that need each other and share no Python."""

from __future__ import annotations

from collections.abc import Iterable

from interlock.core.members.asks import MemberAsks
from interlock.core.members.narrowing import narrow
from interlock.core.requirements.requirement import format_requirement
from interlock.core.resolver.failure import NoSolution
from interlock.resolution.reading import Reading
from interlock.workspace.location import locator

__all__ = ["refuse_without_python"]


def refuse_without_python(reading: Reading, asks: Iterable[MemberAsks]) -> None:
    """Raises :class:`~interlock.core.resolver.failure.NoSolution` for a member that could be had nowhere."""
    known = {member.name: member for member in asks}
    for member, ask in narrow(known.values(), reading.tool.environments).impossible:
        needs = known[ask.requirement.name]
        owner = f"`{member.name}`" if member.name else "The workspace root"
        place = locator(reading.workspace.root)(ask.origin)
        raise NoSolution(
            f"{owner} requires `{format_requirement(ask.requirement)}` ({place}),"
            f" but there is no Python for both: {member.name or 'the root'} is for"
            f" {member.requires_python or 'all that its members run on'}, {needs.name} for"
            f" {needs.requires_python or 'any'}, and what these need in turn may be for fewer.",
            hint="Change `requires-python` of one of them, or put a marker on the requirement.",
            facts={"member": member.name, "needs": needs.name},
        )
