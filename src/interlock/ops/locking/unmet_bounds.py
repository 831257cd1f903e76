"""Requirements on members that a new version of theirs does not meet."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.specifiers import SpecifierSet

from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import format_requirement
from interlock.workspace.members import Workspace

__all__ = ["unmet_bounds"]


def unmet_bounds(workspace: Workspace, versions: Mapping[NormalizedName, str]) -> list[str]:
    """One sentence for each requirement of a manifest that the workspace met before, and will not with ``versions``."""
    found = []
    for member in workspace.members:
        for requirement in sorted(set(member.manifest.published()), key=format_requirement):
            new, old = versions.get(requirement.name), workspace.by_name.get(requirement.name)
            if new is None or old is None or not requirement.specifier or old.name == member.name:
                continue
            specifier = SpecifierSet(requirement.specifier, prereleases=True)
            before = old.manifest.version
            if not specifier.contains(new) and (before is None or specifier.contains(before)):
                text = format_requirement(requirement)
                found.append(f"{member.name} requires `{text}` ({member.file}), which {new} is not")
    return found
