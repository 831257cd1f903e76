"""Which entries of a sources table count for what one table of requirements asks for."""

from __future__ import annotations

from interlock.core.manifests.manifest import SourceRule
from interlock.core.requirements.slot import Slot

__all__ = ["counting_rules"]


def counting_rules(rules: tuple[SourceRule, ...], written: Slot, asking: Slot) -> tuple[SourceRule, ...]:
    """The entries for the slot that a requirement is ``written`` in.

    Where those have none for it in particular: the ones for the slot that includes it and is ``asking`` here.
    """
    found = _counting(rules, written)
    if written == asking or any(rule.extra or rule.group for rule in found):
        return found
    return _counting(rules, asking)


def _counting(rules: tuple[SourceRule, ...], slot: Slot) -> tuple[SourceRule, ...]:
    return tuple(rule for rule in rules if rule.extra in {None, slot.extra} and rule.group in {None, slot.group})
