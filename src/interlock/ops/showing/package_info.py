"""``interlock info``: what the index says about one package; and trying out a resolution."""

from __future__ import annotations

import msgspec

from interlock.context import Context
from interlock.core.lock.model import Lock
from interlock.core.members.asks import Ask, MemberAsks, Origin
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.resolver.problem import Problem
from interlock.core.versions.version_list import release_key
from interlock.errors import IndexFailure
from interlock.index.failures import Offline
from interlock.index.outcomes import Absent
from interlock.ops.tools import open_toolchain
from interlock.resolution.policy import policy_of
from interlock.resolution.resolve import resolve

__all__ = ["PackageInfo", "PackageUnknown", "package_info", "try_resolution"]


class PackageUnknown(IndexFailure):
    code = "package-unknown"


class PackageInfo(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    index: str
    latest: str
    versions: tuple[str, ...]
    """Newest first."""
    yanked: tuple[str, ...]
    status: str
    requires_python: str
    requires: tuple[str, ...]
    extras: tuple[str, ...]
    files: tuple[str, ...]
    """Of the latest version."""


async def package_info(context: Context, name: NormalizedName) -> PackageInfo:
    """Raises :class:`PackageUnknown` where no index has it, :class:`Offline` where nobody may ask."""
    async with open_toolchain(context) as toolchain:
        listing = await toolchain.client.listing(name)
        if isinstance(listing, Absent) and listing.reason == "offline":
            raise Offline(f"The page of `{name}`", index=listing.indexes[-1])
        if isinstance(listing, Absent) or not listing.versions:
            asked = ", ".join(listing.indexes) if isinstance(listing, Absent) else listing.index
            raise PackageUnknown(
                f"There is no package `{name}` on {asked or 'any index'}.",
                hint="Indexes cannot be searched by words any more; the name has to be exact.",
            )
        usable = [at for at in range(len(listing.versions)) if at not in listing.yanked]
        stable = [at for at in usable if at not in listing.prereleases] or usable or [len(listing.versions) - 1]
        latest = max(stable, key=lambda at: release_key(listing.versions[at]))
        found = await toolchain.client.metadata(listing, latest)
        metadata = found if isinstance(found, Metadata) else Metadata(name, listing.versions[latest])
        return PackageInfo(
            name=name,
            index=listing.index_of(latest),
            latest=listing.versions[latest],
            versions=tuple(reversed(listing.versions)),
            yanked=tuple(listing.versions[at] for at in listing.yanked),
            status=listing.status,
            requires_python=metadata.requires_python,
            requires=tuple(format_requirement(requirement) for requirement in metadata.requires),
            extras=tuple(metadata.extras),
            files=tuple(artifact.filename for artifact in listing.artifacts(latest)),
        )


async def try_resolution(context: Context, requirements: tuple[Requirement, ...], *, requires_python: str) -> Lock:
    """What the requirements alone would resolve to; nothing is written."""
    asking = NormalizedName("debug")
    origin = Origin(member=asking, text="debug resolve")
    asks = tuple(Ask(requirement=requirement, origin=origin) for requirement in requirements)
    problem = Problem(
        members=(MemberAsks(name=asking, path=".", package=False, requires_python=requires_python, dependencies=asks),),
        policy=policy_of(context.means.settings.resolving),
    )
    async with open_toolchain(context) as toolchain:
        return await resolve(toolchain, problem)
