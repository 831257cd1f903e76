"""Declared conflicts: members, extras and groups of which only one can be in an environment."""

from __future__ import annotations

from collections.abc import Iterable, Set

from interlock.core.lock.graph import item_key
from interlock.core.lock.model import Lock
from interlock.core.manifests.manifest import ConflictItem
from interlock.errors import UsageError

__all__ = ["ConflictingSelection", "declared_keys", "refuse_conflicts"]


class ConflictingSelection(UsageError):
    """What was selected is declared to be incompatible."""

    code = "conflicting-selection"


def declared_keys(lock: Lock) -> frozenset[str]:
    """The keys of all items of all conflicts of the lock; markers test only these."""
    return frozenset(item_key(item) for conflict in lock.inputs.conflicts for item in conflict)


def refuse_conflicts(lock: Lock, active: Set[str]) -> None:
    """Raise :class:`ConflictingSelection` when two items of one conflict are active."""
    for conflict in lock.inputs.conflicts:
        both = [item for item in conflict if item_key(item) in active]
        if len(both) > 1:
            raise ConflictingSelection(
                f"{_listed(map(_worded, both))} are declared as conflicting and cannot be installed together.",
                hint="Select only one of them"
                + (", or give each member its own environment." if all(_is_member(item) for item in both) else "."),
                facts={
                    "conflict": [item_key(item) for item in conflict],
                    "selected": [item_key(item) for item in both],
                },
            )


def _is_member(item: ConflictItem) -> bool:
    return item.extra is None and item.group is None


def _worded(item: ConflictItem) -> str:
    if item.extra:
        return f"the extra `{item.extra}` of {item.member}"
    if item.group:
        return f"the group `{item.group}` of {item.member}"
    return f"the member {item.member}"


def _listed(words: Iterable[str]) -> str:
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last
