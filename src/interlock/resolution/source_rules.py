"""Which entries of a sources table count for what one table of requirements asks for."""

from __future__ import annotations

from interlock.core.manifests.manifest import SourceRule
from interlock.core.names import ExtraName, GroupName

__all__ = ["counting_rules"]

_Table = tuple[ExtraName | None, GroupName | None]
"""An extra or a group, or neither: the dependencies."""


def counting_rules(rules: tuple[SourceRule, ...], written: _Table, asking: _Table) -> tuple[SourceRule, ...]:
    """The entries for the table that a requirement is ``written`` in.

    Where those have none for it in particular: the ones for the table that includes it and is ``asking`` here.
    """
    found = _counting(rules, written)
    if written == asking or any(rule.extra or rule.group for rule in found):
        return found
    return _counting(rules, asking)


def _counting(rules: tuple[SourceRule, ...], table: _Table) -> tuple[SourceRule, ...]:
    extra, group = table
    return tuple(rule for rule in rules if rule.extra in {None, extra} and rule.group in {None, group})
