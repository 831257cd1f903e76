"""What a lock that was taken over from others does not have as they had it, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import anyio
import msgspec

from interlock.context import Context
from interlock.core.lock.model import Lock, LockedPackage
from interlock.core.lock.pins import Pin
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Directory, File, Member, Registry
from interlock.core.versions.version_list import VersionList, parse_version
from interlock.index.outcomes import Absent
from interlock.ops.tools import open_toolchain
from interlock.toolchain.toolchain import Toolchain

__all__ = ["Difference", "find_differences"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A package that the locks do not hold in the same versions."""

    name: NormalizedName
    before: tuple[str, ...]
    after: tuple[str, ...]
    reason: str = ""
    """Why, where that can be told: what has become of the versions there were."""


async def find_differences(context: Context, pins: Mapping[str, Iterable[Pin]], lock: Lock) -> tuple[Difference, ...]:
    """Compare with the pins of each lock, by its path; a tree of the repository is the same whatever it is called."""
    members = {member.name for member in lock.members}
    locks: dict[NormalizedName, dict[str, set[str]]] = {}
    """By name: the versions, with the locks that have them."""
    local: set[NormalizedName] = set()
    for path, found in pins.items():
        for pin in found:
            local.update({pin.name} if pin.local else ())
            if pin.name not in members and not pin.local:
                locks.setdefault(pin.name, {}).setdefault(_canonical(pin.version), set()).add(path)
    after: dict[NormalizedName, list[LockedPackage]] = {}
    for package in lock.packages:
        is_tree = isinstance(package.source, Directory | File) and package.name in local
        if not isinstance(package.source, Member) and not is_tree:
            after.setdefault(package.name, []).append(package)
    differing = [
        name
        for name in sorted({*locks, *after})
        if locks.get(name, {}).keys() != {package.version for package in after.get(name, ())}
    ]
    return await _explained(context, differing, locks, after)


def _canonical(version: str) -> str:
    try:
        return str(parse_version(version))
    except ValueError:
        return version


async def _explained(
    context: Context,
    names: list[NormalizedName],
    locks: Mapping[NormalizedName, Mapping[str, set[str]]],
    after: Mapping[NormalizedName, list[LockedPackage]],
) -> tuple[Difference, ...]:
    reasons: dict[NormalizedName, str] = {}
    several = len({path for found in locks.values() for paths in found.values() for path in paths}) > 1
    async with open_toolchain(context) as toolchain, anyio.create_task_group() as tasks:

        async def one(name: NormalizedName) -> None:
            now = after.get(name, [])
            gone = sorted(locks[name].keys() - {package.version for package in now})
            index = next((package.source.index for package in now if isinstance(package.source, Registry)), None)
            whose = f" ({', '.join(sorted({path for version in gone for path in locks[name][version]}))})"
            found = await _became(toolchain, name, gone, index) if now and gone else ""
            if not found and len(locks[name]) > 1 and now and gone:
                found = "the locks differ, and one version has to do for all"
            reasons[name] = f"{found}{whose if several else ''}" if found else ""

        for name in names:
            if name in locks:
                tasks.start_soon(one, name)
    return tuple(
        Difference(
            name=name,
            before=tuple(sorted(locks.get(name, ()))),
            after=tuple(sorted(package.version for package in after.get(name, ()))),
            reason=reasons.get(name, ""),
        )
        for name in names
    )


async def _became(toolchain: Toolchain, name: NormalizedName, versions: list[str], index: str | None) -> str:
    """What has become of versions that were locked once."""
    listing = await toolchain.client.listing(name, index)
    if isinstance(listing, Absent):
        return ""
    gone = [version for version in versions if not VersionList(listing.versions).mask(f"=={version}")]
    if gone:
        return f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} gone from the index `{listing.index}`"
    yanked = [version for version in versions if version in {listing.versions[at] for at in listing.yanked}]
    return f"{' and '.join(yanked)} {'is' if len(yanked) == 1 else 'are'} yanked" if yanked else ""
