"""Selections: which members, extras and groups a command is about."""

from __future__ import annotations

import msgspec

from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.tables import PROJECT, extra_table, group_table

__all__ = ["MemberSelection", "Selection"]


class MemberSelection(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of one member, everything already decided (defaults applied, exclusions taken out)."""

    member: NormalizedName
    project: bool = True
    """The member itself and its ``dependencies``; False for ``--only-group``."""
    extras: tuple[ExtraName, ...] = ()
    groups: tuple[GroupName, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the member's manifest that are wanted."""
        project = (PROJECT,) if self.project else ()
        return (*project, *map(extra_table, self.extras), *map(group_table, self.groups))


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[MemberSelection, ...]
    skip: frozenset[NormalizedName] = frozenset()
    """Distributions that are not installed although selected; their dependencies are (``--no-install-*``)."""
