"""Slots: what the requirements of a project are for, which is the project itself, one of its extras or a group.

As text, in locks and in what is told as data, a slot is the name of its table: ``dependencies``, ``extra:x`` or
``group:g``. It is written and read here alone.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from interlock.core.names import ExtraName, GroupName

__all__ = ["PROJECT", "PROJECT_TABLE", "Slot", "extra_table", "group_table", "slot_of"]

PROJECT_TABLE = "dependencies"
_EXTRA, _GROUP = "extra:", "group:"


class Slot(NamedTuple):
    """At most one of the two is given."""

    extra: ExtraName | None = None
    group: GroupName | None = None

    @property
    def table(self) -> str:
        """
        >>> Slot(ExtraName("x")).table, Slot(group=GroupName("g")).table, PROJECT.table
        ('extra:x', 'group:g', 'dependencies')
        """
        if self.extra is not None:
            return extra_table(self.extra)
        return PROJECT_TABLE if self.group is None else group_table(self.group)

    @property
    def kind(self) -> Literal["project", "extra", "group"]:
        if self.extra is not None:
            return "extra"
        return "project" if self.group is None else "group"


PROJECT = Slot()


def extra_table(extra: str) -> str:
    return _EXTRA + extra


def group_table(group: str) -> str:
    return _GROUP + group


def slot_of(table: str) -> Slot:
    """What a table is for; every other text is taken for the project's own.

    >>> slot_of("group:g")
    Slot(extra=None, group='g')
    """
    if table.startswith(_EXTRA):
        return Slot(extra=ExtraName(table.removeprefix(_EXTRA)))
    return Slot(group=GroupName(table.removeprefix(_GROUP))) if table.startswith(_GROUP) else PROJECT
