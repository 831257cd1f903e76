"""Merging locks: what two branches agree on is kept, and only what they dispute is open again.

Merging is by meaning, not by line. A merge of two locks is *sound* when every block of the result stands as one of the
sides wrote it, and everything a block's edges lead to is what they led to on that side; then nothing has to be
resolved. When it is not, what both sides share still serves as preferences for the next resolution.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeVar

import msgspec

from interlock.core.lock.codec import LockCorrupt, decode_lock
from interlock.core.lock.graph import Graph, Key, Target, key_of
from interlock.core.lock.layout import package_order
from interlock.core.lock.model import Lock, LockedMember, LockedPackage
from interlock.core.names import NormalizedName
from interlock.core.versions.version_list import release_key

__all__ = ["Sides", "has_conflicts", "merge_locks", "shared_pins", "split_conflicts"]

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")
_START, _BASE, _MIDDLE, _END = b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"


class Sides(NamedTuple):
    """The versions of a lock that a merge started from; ``base`` is known only with git's diff3 style."""

    base: Lock | None
    ours: Lock
    theirs: Lock


def split_conflicts(data: bytes, *, file: str = "interlock.lock") -> Sides:
    """Take a file with git's conflict markers apart.

    Raises :class:`LockCorrupt` when a side is no lock.
    """
    parts: dict[str, list[bytes]] = {"ours": [], "base": [], "theirs": []}
    within = ""
    has_base = False
    for line in data.splitlines(keepends=True):
        mark = line[:7]
        if mark == _START and not within:
            within = "ours"
        elif mark == _BASE and within == "ours":
            within, has_base = "base", True
        elif mark == _MIDDLE and within in {"ours", "base"} and not line[7:].strip():
            within = "theirs"
        elif mark == _END and within == "theirs":
            within = ""
        else:
            for name in (within,) if within else parts:
                parts[name].append(line)
    if within:
        raise LockCorrupt(f"A merge conflict in {file} has no end.", hint="Restore it from version control.")
    base, ours, theirs = (b"".join(parts[name]) for name in ("base", "ours", "theirs"))
    return Sides(
        decode_lock(base, file=file) if has_base else None,
        decode_lock(ours, file=file),
        decode_lock(theirs, file=file),
    )


class _Disputed(Exception):
    """Both sides changed the same thing differently."""


def _choose(base: _V | None, ours: _V | None, theirs: _V | None) -> _V | None:
    if ours == theirs:
        return ours
    if theirs == base:
        return ours
    if ours == base:
        return theirs
    raise _Disputed


def _merged(base: Mapping[_K, _V], ours: Mapping[_K, _V], theirs: Mapping[_K, _V]) -> dict[_K, _V]:
    found: dict[_K, _V] = {}
    for key in {**ours, **theirs, **base}:
        chosen = _choose(base.get(key), ours.get(key), theirs.get(key))
        if chosen is not None:
            found[key] = chosen
    return found


def merge_locks(base: Lock, ours: Lock, theirs: Lock) -> Lock | None:
    """The sound merge of two locks, or ``None`` when there is none and a resolution has to decide."""
    try:
        members = _merged(_members(base), _members(ours), _members(theirs))
        packages = _merged(_packages(base), _packages(ours), _packages(theirs))
        inputs = _choose(base.inputs, ours.inputs, theirs.inputs)
        forks = _choose(base.forks, ours.forks, theirs.forks)
        python = _choose(base.requires_python, ours.requires_python, theirs.requires_python)
    except _Disputed:
        return None
    assert inputs is not None
    assert forks is not None
    assert python is not None
    merged = Lock(
        requires_python=python,
        inputs=inputs,
        forks=forks,
        members=tuple(members[name] for name in sorted(members)),
        packages=tuple(sorted(packages.values(), key=package_order)),
    )
    merged = _without_orphans(merged)
    return merged if _is_sound(merged, (ours, theirs)) else None


def _members(lock: Lock) -> dict[NormalizedName, LockedMember]:
    return {member.name: member for member in lock.members}


def _packages(lock: Lock) -> dict[Key, LockedPackage]:
    return {key_of(package): package for package in lock.packages}


def _without_orphans(lock: Lock) -> Lock:
    """Leave out what nothing leads to any more: each side dropped another of its parents."""
    try:
        graph = Graph(lock)
        reached: set[Key] = set()
        queue: list[Target] = list(lock.members)
        while queue:
            for edge in queue.pop().every():
                target = graph.target(edge)
                if key_of(target) not in reached:
                    reached.add(key_of(target))
                    queue.append(target)
    except LockCorrupt:
        return lock
    kept = tuple(package for package in lock.packages if key_of(package) in reached)
    return msgspec.structs.replace(lock, packages=kept)


def _blocks(lock: Lock) -> dict[Key, Target]:
    found: dict[Key, Target] = {key_of(member): member for member in lock.members}
    found.update((key_of(package), package) for package in lock.packages)
    return found


def _is_sound(merged: Lock, sides: tuple[Lock, Lock]) -> bool:
    graph = Graph(merged)
    known = [(Graph(side), _blocks(side)) for side in sides]
    try:
        for key, block in _blocks(merged).items():
            meant = [key_of(graph.target(edge)) for edge in block.every()]
            if not any(
                blocks.get(key) == block and [key_of(side.target(edge)) for edge in block.every()] == meant
                for side, blocks in known
            ):
                return False
    except LockCorrupt:
        return False
    return True


def shared_pins(sides: Sides) -> Lock:
    """A lock to take preferences from: pins of both sides, and where they differ the changed one before the other.

    It is no answer to anything; only its packages and forks are meant to be looked at.
    """
    base = _packages(sides.base) if sides.base is not None else {}
    ours, theirs = _packages(sides.ours), _packages(sides.theirs)
    kept = [package for key, package in {**theirs, **ours}.items() if key in ours and key in theirs]
    names = {package.name for package in kept}
    disputed: dict[NormalizedName, list[tuple[bool, LockedPackage]]] = {}
    for key, package in {**ours, **theirs}.items():
        if key in ours and key in theirs:
            continue
        # A pin that only one side has and the base had too was removed by the other side.
        disputed.setdefault(package.name, []).append((key in base, package))
    for name in sorted(disputed):
        if name in names and sides.base is None:
            continue
        rows = sorted(disputed[name], key=lambda row: release_key(row[1].version), reverse=True)
        kept += [msgspec.structs.replace(package, markers=()) for _, package in sorted(rows, key=lambda row: row[0])]
    same_forks = sides.ours.forks == sides.theirs.forks
    return msgspec.structs.replace(
        sides.ours, packages=tuple(kept), forks=sides.ours.forks if same_forks else (), members=()
    )


_CONFLICT = re.compile(rb"^<{7} ", re.MULTILINE)


def has_conflicts(data: bytes) -> bool:
    """Whether git left conflict markers in the bytes."""
    return _CONFLICT.search(data) is not None
