"""The part of a lock that some members need: a lock by itself, fresh where only those members are."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from interlock.core.lock.graph import key_of
from interlock.core.lock.model import Lock
from interlock.core.lock.reach import closure, members_reaching
from interlock.core.names import NormalizedName

__all__ = ["part_of"]


def part_of(lock: Lock, names: Iterable[NormalizedName]) -> Lock:
    """The lock with only the members named, the root if it is one, what these need, and the settings as they are.

    What one of its members asks for in any extra or group is in it, since that decides whether it is fresh.
    """
    roots = [member.name for member in lock.members if member.path == "."]
    kept = closure(lock, *dict.fromkeys((*names, *roots)))
    members = tuple(member for member in lock.members if member.name in kept)
    reaching = members_reaching(msgspec.structs.replace(lock, members=members))
    packages = tuple(package for package in lock.packages if reaching.get(key_of(package)))
    return msgspec.structs.replace(lock, members=members, packages=packages)
