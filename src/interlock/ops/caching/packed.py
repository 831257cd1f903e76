"""What of a lock goes into a pack on this machine, and the key that a cache keeps it under."""

from __future__ import annotations

import hashlib

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.lock.select import select
from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Git, Registry, Url
from interlock.envs.interpreters import Interpreter
from interlock.ops.locking.locked_workspace import LockedWorkspace, locked_workspace
from interlock.ops.syncing.sync_options import SyncOptions
from interlock.ops.syncing.sync_targets import Target, targets_of
from interlock.ops.syncing.target_python import target_python
from interlock.toolchain.python import pythons_of
from interlock.workspace.selection import SelectionFlags

__all__ = ["CacheKey", "PackSelection", "Packed", "cache_key", "find_packed"]

_SHOWN = 32
_KIND = 1
"""Goes up when a pack of the same files holds more or less than before."""


class PackSelection(msgspec.Struct, frozen=True, kw_only=True):
    flags: SelectionFlags = SelectionFlags()
    frozen: bool = False
    """Use the lock as it stands without looking whether it is fresh."""
    builds: bool = True
    """With what members and source archives are built with."""


class CacheKey(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    """The same for the same files on the same kind of machine, whatever else changed."""
    prefix: str
    """What keys of other files on this kind of machine begin with."""


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """The published files that environments of a selection need."""

    found: LockedWorkspace
    files: tuple[Wanted, ...]
    """By sha256, each once; all have an artifact with a sha256."""
    unpacked: tuple[str, ...]
    """Names of what comes from git repositories, and is therefore in no pack."""
    key: CacheKey
    targets: tuple[tuple[Target, Interpreter], ...]
    """The environments that they are for."""


async def find_packed(context: Context, asked: PackSelection) -> Packed:
    """Needs no index. Raises :class:`~interlock.core.lock.freshness.LockOutdated` for a lock that is not fresh."""
    found = await locked_workspace(
        context, frozen=asked.frozen, locked=not asked.frozen, may_write=False, selection=asked.flags
    )
    pythons = pythons_of(found.context.means, found.context.place.start)
    files: dict[str, Wanted] = {}
    unpacked: set[str] = set()
    targets = []
    for target in targets_of(found, SyncOptions(selection=asked.flags)):
        interpreter = await anyio.to_thread.run_sync(target_python, found, target, pythons)
        targets.append((target, interpreter))
        for wanted in select(found.lock, interpreter.markers, target.selection, tags=interpreter.tags):
            artifact = wanted.artifact
            if artifact is not None and artifact.sha256 and isinstance(wanted.source, Registry | Url):
                files[artifact.sha256] = wanted
            elif isinstance(wanted.source, Git):
                unpacked.add(wanted.name)
    return Packed(
        found=found,
        files=tuple(files[sha256] for sha256 in sorted(files)),
        unpacked=tuple(sorted(unpacked)),
        key=cache_key(files, targets[0][1] if targets else None),
        targets=tuple(targets),
    )


def cache_key(files: dict[str, Wanted], interpreter: Interpreter | None) -> CacheKey:
    """A key of files, by their sha256, for environments of an interpreter."""
    kind = "any"
    if interpreter is not None:
        about = interpreter.markers
        threads = "t" if interpreter.free_threaded else ""
        python = f"{interpreter.implementation}{interpreter.minor}{threads}"
        kind = f"{python}-{about['sys_platform']}-{about['platform_machine']}".lower()
    digest = hashlib.sha256("\n".join((str(_KIND), kind, *sorted(files))).encode()).hexdigest()
    prefix = f"interlock-{kind}-"
    return CacheKey(key=prefix + digest[:_SHOWN], prefix=prefix)
