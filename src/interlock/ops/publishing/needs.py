"""Members that what is published needs, and that are not published with it in a version that fits: is one there?"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from packaging.requirements import InvalidRequirement, Requirement

from interlock.core.names import NormalizedName, normalize_name
from interlock.index.filenames import version_in
from interlock.ops.publishing.plan import Release
from interlock.publish.presence import Presence
from interlock.workspace.members import Workspace

__all__ = ["absent_needs"]


async def absent_needs(workspace: Workspace, releases: Iterable[Release], presence: Presence) -> list[str]:
    """One sentence for each requirement on a member that nobody could install then."""
    releases = tuple(releases)
    published = {release.name: release.version for release in releases}
    wanted: dict[NormalizedName, list[tuple[Release, Requirement]]] = {}
    for release in releases:
        for requirement in _requirements(release):
            name = normalize_name(requirement.name)
            version = published.get(name)
            with_it = version is not None and requirement.specifier.contains(version, prereleases=True)
            if name in workspace.by_name and not with_it:
                wanted.setdefault(name, []).append((release, requirement))
    found = []
    for name in sorted(wanted):
        files = (await presence.project(name)).files
        versions = {version for file in files if (version := version_in(file, name)) is not None}
        for release, requirement in wanted[name]:
            if not any(requirement.specifier.contains(version, prereleases=True) for version in versions):
                found.append(
                    f"{release.name} {release.version} requires the member `{requirement}`, which is not there"
                )
    return found


def _requirements(release: Release) -> list[Requirement]:
    found: dict[str, Requirement] = {}
    for file in release.files:
        for text in file.metadata.get("requires_dist", ()):
            with suppress(InvalidRequirement):
                found[text] = Requirement(text)
    return list(found.values())
