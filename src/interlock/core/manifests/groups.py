"""``[dependency-groups]`` (PEP 735): read without judging, since a broken group that nobody uses harms nobody.

Two names that are one when normalised are a mistake of the table, not of a group.
"""

from __future__ import annotations

from interlock.core.manifests.manifest import IncludeGroup
from interlock.core.manifests.table import Table
from interlock.core.markers.readable import why_unreadable
from interlock.core.names import GroupName, is_name, normalize_group
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement

__all__ = ["Groups", "parse_groups"]

Groups = dict[GroupName, tuple[Requirement | IncludeGroup, ...]]


def parse_groups(table: Table) -> tuple[Groups, dict[GroupName, str]]:
    """Read the groups; returns them and, for those that cannot be used, why."""
    groups: Groups = {}
    problems: dict[GroupName, str] = {}
    written: dict[GroupName, str] = {}
    for key, value in table.values.items():
        if not is_name(key):
            table.problem(key, "is not a valid name for a group.")
            continue
        group = normalize_group(key)
        if group in written:
            table.problem(key, f"is the same group as `{written[group]}`.")
            continue
        written[group] = key
        if not isinstance(value, list):
            problems[group] = "it has to be a list."
            continue
        entries: list[Requirement | IncludeGroup] = []
        for item in value:
            entry = _entry(item)
            if isinstance(entry, str):
                problems.setdefault(group, entry)
            else:
                entries.append(entry)
        groups[group] = tuple(entries)
    for group in problems:
        groups.pop(group, None)
    return groups, problems


def _entry(item: object) -> Requirement | IncludeGroup | str:
    """One entry of a group, or what is wrong with it."""
    if isinstance(item, str):
        try:
            requirement = parse_requirement(item)
        except InvalidRequirement as error:
            return f"{error.message}."
        unreadable = why_unreadable(requirement.marker)
        return f"The marker of `{item}` cannot be evaluated: {unreadable}." if unreadable else requirement
    if isinstance(item, dict) and set(item) == {"include-group"}:
        included = item["include-group"]
        if isinstance(included, str) and is_name(included):
            return IncludeGroup(normalize_group(included))
        return "`include-group` has to be the name of a group."
    if isinstance(item, dict):
        return f"an entry is a requirement or `{{include-group = ...}}`, not a table with {', '.join(map(repr, item))}."
    return "an entry is a requirement or `{include-group = ...}`."
