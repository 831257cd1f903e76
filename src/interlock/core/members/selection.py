"""Selections: which members, extras and groups a command is about."""

from __future__ import annotations

import msgspec

from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.slot import PROJECT, Slot

__all__ = ["MemberSelection", "Selection"]


class MemberSelection(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of one member, everything already decided (defaults applied, exclusions taken out)."""

    member: NormalizedName
    project: bool = True
    """The member itself and its ``dependencies``; False for ``--only-group``."""
    extras: tuple[ExtraName, ...] = ()
    groups: tuple[GroupName, ...] = ()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What of the member is wanted."""
        project = (PROJECT,) if self.project else ()
        return (*project, *(Slot(extra) for extra in self.extras), *(Slot(group=group) for group in self.groups))


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[MemberSelection, ...]
    skip: frozenset[NormalizedName] = frozenset()
    """Distributions that are not installed although selected; their dependencies are (``--no-install-*``)."""
