"""Dependency groups with their includes expanded (PEP 735)."""

from __future__ import annotations

from interlock.core.manifests.manifest import IncludeGroup, Manifest
from interlock.core.manifests.problems import suggest
from interlock.core.names import GroupName
from interlock.core.requirements.requirement import Requirement
from interlock.errors import ManifestError

__all__ = ["BrokenGroup", "GroupCycle", "UnknownGroup", "expand_group", "python_of_group", "written_in_groups"]


class UnknownGroup(ManifestError):
    """A group is asked for, or included, that the manifest does not have."""

    code = "unknown-group"

    def __init__(self, manifest: Manifest, group: str, *, included_by: str = "") -> None:
        known = sorted({*manifest.groups, *manifest.group_problems})
        owner = manifest.display_name or manifest.name or "the workspace root"
        origin = f", which `{included_by}` includes" if included_by else ""
        super().__init__(
            f"{_file(manifest)}: {owner} has no dependency group `{group}`{origin}.{suggest(group, known)}",
            hint=f"Known groups: {', '.join(known)}." if known else "It has no dependency groups.",
            facts={"member": manifest.name, "group": group, "known": known},
        )


class GroupCycle(ManifestError):
    """Groups include each other in a circle."""

    code = "group-cycle"

    def __init__(self, manifest: Manifest, chain: tuple[str, ...]) -> None:
        owner = manifest.display_name or manifest.name or "the workspace root"
        super().__init__(
            f"{_file(manifest)}: the dependency groups of {owner} include each other: {' -> '.join(chain)}.",
            hint="Remove one of the `include-group` entries.",
            facts={"member": manifest.name, "chain": list(chain)},
        )
        self.chain = chain


class BrokenGroup(ManifestError):
    """A group is asked for that is written wrongly."""

    code = "broken-group"

    def __init__(self, manifest: Manifest, group: str) -> None:
        owner = manifest.display_name or manifest.name or "the workspace root"
        reason = manifest.group_problems[GroupName(group)]
        super().__init__(
            f"{_file(manifest)}: dependency group `{group}` of {owner} cannot be used: {reason}",
            facts={"member": manifest.name, "group": group},
        )


def expand_group(manifest: Manifest, name: GroupName) -> tuple[Requirement, ...]:
    """The requirements of a group, those of included groups in their place, each group once.

    Raises :class:`UnknownGroup`, :class:`GroupCycle` or :class:`BrokenGroup`.
    """
    return tuple(requirement for _, requirement in written_in_groups(manifest, name))


def written_in_groups(manifest: Manifest, name: GroupName) -> tuple[tuple[GroupName, Requirement], ...]:
    """The same, each with the group that it is written in."""
    found: list[tuple[GroupName, Requirement]] = []
    # PEP 735 would have a group that two others include be there twice, which doubles with every storey of a tower.
    expanded = {name}
    chain = {name: iter(_entries(manifest, name, ""))}
    while chain:
        including, entries = next(reversed(chain.items()))
        for entry in entries:
            if not isinstance(entry, IncludeGroup):
                found.append((including, entry))
            elif entry.group in chain:
                names = tuple(chain)
                raise GroupCycle(manifest, (*names[names.index(entry.group) :], entry.group))
            elif entry.group not in expanded:
                expanded.add(entry.group)
                chain[entry.group] = iter(_entries(manifest, entry.group, including))
                break
        else:
            del chain[including]
    return tuple(found)


def python_of_group(manifest: Manifest, name: GroupName) -> str:
    """The Pythons that a group is for, by its own range and those of the groups it includes; empty without any.

    The group must be one that can be expanded.
    """
    clauses: list[str] = []
    queue, seen = [name], {name}
    for group in queue:
        clauses += manifest.group_requires_python.get(group, "").split(",")
        for entry in manifest.groups[group]:
            if isinstance(entry, IncludeGroup) and entry.group not in seen:
                seen.add(entry.group)
                queue.append(entry.group)
    return ",".join(dict.fromkeys(text.strip() for text in clauses if text.strip()))


def _entries(manifest: Manifest, name: GroupName, including: str) -> tuple[Requirement | IncludeGroup, ...]:
    if name in manifest.group_problems:
        raise BrokenGroup(manifest, name)
    entries = manifest.groups.get(name)
    if entries is None:
        raise UnknownGroup(manifest, name, included_by=including)
    return entries


def _file(manifest: Manifest) -> str:
    return "pyproject.toml" if manifest.path == "." else f"{manifest.path}/pyproject.toml"
