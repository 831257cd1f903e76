"""``interlock outdated``: for each locked package the version an update would bring, and the newest there is."""

from __future__ import annotations

import anyio
import msgspec

from interlock.core.artifacts.newest import newest_version
from interlock.core.lock.model import LockedPackage
from interlock.core.lock.moves import Moves
from interlock.core.lock.reach import members_reaching
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Registry
from interlock.core.versions.version_list import release_key
from interlock.index.outcomes import Absent
from interlock.ops.locking.lock import lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.showing.reading import Locked
from interlock.ops.showing.show import list_packages
from interlock.ops.tools import open_toolchain
from interlock.resolution.external_indexes import asking_external_indexes
from interlock.toolchain.toolchain import Toolchain

__all__ = ["Outdated", "find_outdated"]


class Outdated(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    locked: str
    compatible: str
    """What `interlock update` would lock."""
    latest: str
    """The newest that is not a pre-release (unless the locked one is), not yanked and not too new."""
    members: tuple[NormalizedName, ...]
    direct: bool

    @property
    def is_outdated(self) -> bool:
        return self.locked != self.latest or self.locked != self.compatible


async def find_outdated(
    locked: Locked, environment: dict[str, str] | None, *, top_level: bool = False
) -> tuple[Outdated, ...]:
    """Every selected package of an index, up to date or not."""
    lines = {(line.name, line.version): line for line in list_packages(locked, environment, top_level=top_level)}
    packages = [
        package
        for package in locked.lock.packages
        if isinstance(package.source, Registry) and (package.name, package.version) in lines
    ]
    update = await lock(locked.context, LockOptions(moves=Moves(everything=True), dry_run=True))
    updated: dict[NormalizedName, list[str]] = {}
    for package in update.lock.packages:
        updated.setdefault(package.name, []).append(package.version)
    reaching = members_reaching(locked.lock)
    newest = await _newest(locked, packages)
    found = []
    for package in packages:
        line = lines[package.name, package.version]
        members = next((names for key, names in reaching.items() if key[:2] == (package.name, package.version)), ())
        found.append(
            Outdated(
                name=package.name,
                locked=package.version,
                compatible=_same_fork(package.version, updated.get(package.name, [])),
                latest=newest.get((package.name, package.version), package.version),
                members=members,
                direct=line.direct,
            )
        )
    return tuple(found)


async def _newest(locked: Locked, packages: list[LockedPackage]) -> dict[tuple[str, str], str]:
    """By name and locked version: what a service knows, and else what the indexes say."""
    settings = locked.context.means.settings.resolving
    asked = [
        (package, settings.exclude_newer_package.get(package.name, settings.exclude_newer)) for package in packages
    ]
    async with open_toolchain(locked.context) as opened:
        toolchain = await asking_external_indexes(opened, locked.lock, locked.workspace.root)
        newest = await _told(toolchain, asked)

        async def one(package: LockedPackage, cutoff: str) -> None:
            assert isinstance(package.source, Registry)
            listing = await toolchain.client.listing(package.name, package.source.index)
            if not isinstance(listing, Absent):
                newest[package.name, package.version] = newest_version(listing, package.version, cutoff)

        async with anyio.create_task_group() as tasks:
            for package, cutoff in asked:
                if (package.name, package.version) not in newest:
                    tasks.start_soon(one, package, cutoff)
    return newest


async def _told(toolchain: Toolchain, asked: list[tuple[LockedPackage, str]]) -> dict[tuple[str, str], str]:
    means = toolchain.means
    if not means.settings.service.url or means.settings.offline:
        return {}
    from interlock.service.remote_newest import remote_newest  # noqa: PLC0415 - most know of no service

    return await remote_newest(means, toolchain.indexes, asked)


def _same_fork(locked: str, updated: list[str]) -> str:
    """Which of the versions an update has for this one: itself where it stays, else the newest."""
    return locked if not updated or locked in updated else max(updated, key=release_key)
