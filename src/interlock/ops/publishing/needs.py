"""Members that what is published needs, and that are not published with it in a version that fits: is one there?"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement

from interlock.core.names import NormalizedName, normalize_name
from interlock.errors import ManifestError
from interlock.index.filenames import version_in
from interlock.ops.publishing.plan import Release
from interlock.publish.failures import NotPublishable
from interlock.publish.presence import Presence
from interlock.resolution.lowering import lower
from interlock.resolution.narrowed import describe_wider, published_wider
from interlock.workspace.members import Workspace

__all__ = ["AbsentNeeds", "absent_needs", "refuse_stale", "wider_than_installable"]


class AbsentNeeds(NamedTuple):
    """One sentence for each requirement on a member that nobody could install then."""

    coming: list[str]
    """What the member's own version would meet, once it is published too."""
    stale: list[str]
    """What not even that would meet."""


async def absent_needs(workspace: Workspace, releases: Iterable[Release], presence: Presence) -> AbsentNeeds:
    """What the releases require of members that neither they nor the index have."""
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
    found = AbsentNeeds([], [])
    for name in sorted(wanted):
        own = published.get(name) or workspace.by_name[name].manifest.version
        files = (await presence.project(name)).files
        versions = {version for file in files if (version := version_in(file, name)) is not None}
        for release, requirement in wanted[name]:
            if not any(requirement.specifier.contains(version, prereleases=True) for version in versions):
                stale = own is not None and not requirement.specifier.contains(own, prereleases=True)
                (found.stale if stale else found.coming).append(
                    f"{release.name} {release.version} requires the member `{requirement}`, which is not there"
                )
    return found


def refuse_stale(needs: AbsentNeeds) -> None:
    """Raises :class:`NotPublishable` for pins that nothing there is or comes meets."""
    if needs.stale:
        raise NotPublishable(
            "Nothing was uploaded, because of:\n"
            + "\n".join(f"  {text}, and the member has another version" for text in needs.stale),
            hint="Renew these requirements, or publish what they ask for first.",
            facts={"problems": needs.stale},
        )


def wider_than_installable(workspace: Workspace, releases: Iterable[Release]) -> list[str]:
    """One sentence for each release whose Requires-Python is wider than that of a member it needs. Blocking."""
    names = {release.name for release in releases}
    try:
        found = published_wider(workspace, lower(workspace))
    except ManifestError:
        return []  # it is about the sources of a workspace, which nothing that is published has
    return [f"{describe_wider(workspace, one)}." for one in found if one.member in names]


def _requirements(release: Release) -> list[Requirement]:
    found: dict[str, Requirement] = {}
    for file in release.files:
        for text in file.metadata.get("requires_dist", ()):
            with suppress(InvalidRequirement):
                found[text] = Requirement(text)
    return list(found.values())
