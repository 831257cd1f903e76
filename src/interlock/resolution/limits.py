"""What the root says of everybody's requirements: its constraints and overrides, with the sources they follow."""

from __future__ import annotations

import msgspec

from interlock.core.manifests.manifest import SourceRule, ToolSettings
from interlock.core.members.asks import Ask, Limits, Origin, ScopedAsks
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement
from interlock.core.settings.name_set import NO_NAMES, NameSet
from interlock.resolution.lowering import Asked, Lowering
from interlock.workspace.members import VIRTUAL_ROOT, Workspace

__all__ = ["lower_limits"]


def lower_limits(
    workspace: Workspace,
    tool: ToolSettings,
    *,
    absent: frozenset[NormalizedName] = frozenset(),
    sourceless: NameSet = NO_NAMES,
) -> Limits:
    """The constraints and overrides of the root with its sources; the arguments are those of :func:`lower`.

    One that gives a URL itself means that one, whatever the sources table says. Raises :class:`ManifestError`.
    """
    lowering = Lowering(workspace, absent, sourceless)
    constraints, overrides = _Limit(lowering, "constraint"), _Limit(lowering, "override")
    return Limits(
        constraints=constraints.all(tool.constraints),
        overrides=overrides.all(tool.overrides),
        scoped=tuple(
            ScopedAsks(package=rule.package, specifier=rule.specifier, asks=overrides.all(rule.requirements))
            for rule in tool.scoped_overrides
        ),
    )


class _Limit(Asked):
    """What the root says about everybody's requirements on a name."""

    def __init__(self, lowering: Lowering, table: str) -> None:
        root = lowering.workspace.manifest
        super().__init__(lowering, root, VIRTUAL_ROOT, table)

    def by_url(self, requirement: Requirement, rules: tuple[SourceRule, ...], under: str, origin: Origin) -> Ask:
        """Whatever the sources table says; the URL stays part of what is said."""
        found = super().by_url(requirement, (), under, origin)
        return msgspec.structs.replace(found, requirement=requirement)

    def need_source(self, requirement: Requirement) -> None:
        """A member may be spoken of as it is."""
