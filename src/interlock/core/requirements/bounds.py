"""Bounds: the range that a member's requirement on another member gets in what is built.

The manifests ask for a member by its bare name, since it always comes from the workspace; outside of it the name alone
would let any old release satisfy the requirement.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from packaging.version import Version

from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement

__all__ = ["POLICIES", "Edge", "bounded", "bounds", "is_open"]

POLICIES = ("exact", "compatible", "minimum", "none")


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """How one member's requirements on another one are written."""

    specifier: str
    forced: bool = False
    """Also where the manifest gives a range of its own."""


def bounds(policy: str, version: str) -> str:
    """The specifier that a policy makes of the version that is there.

    >>> [bounds(policy, "1.4.2") for policy in POLICIES]
    ['==1.4.2', '<2,>=1.4.2', '>=1.4.2', '']
    >>> bounds("compatible", "0.2.0"), bounds("compatible", "0.0.3"), bounds("compatible", "1!2.1rc1")
    ('<0.3,>=0.2.0', '<0.0.4,>=0.0.3', '<1!3,>=1!2.1rc1')
    """
    if policy == "none":
        return ""
    if policy == "exact":
        return f"=={version}"
    parsed = Version(version)
    lower = f">={parsed.public}"
    return lower if policy == "minimum" else f"<{_next_breaking(parsed)},{lower}"


def _next_breaking(version: Version) -> str:
    """The first release that may break: the leftmost part that is not zero raised by one."""
    release = version.release
    place = next((number for number, part in enumerate(release) if part), len(release) - 1)
    parts = (*release[:place], release[place] + 1)
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join(map(str, parts))


def is_open(requirement: Requirement, *, forced: bool) -> bool:
    """Whether a policy has a say in a requirement on a member: it has no range of its own, or is a path."""
    if requirement.url:
        # A path of this machine never leaves; an address on the network was chosen on purpose.
        return requirement.url.startswith(("file:", "/", "."))
    return forced or not requirement.specifier


def bounded(requirement: Requirement, edges: Mapping[NormalizedName, Edge]) -> Requirement:
    """The requirement as it may leave the workspace; itself when there is nothing to change."""
    edge = edges.get(requirement.name)
    if edge is None or not is_open(requirement, forced=edge.forced):
        return requirement
    changed = msgspec.structs.replace(requirement, url="", specifier=edge.specifier)
    return requirement if changed == requirement else changed
