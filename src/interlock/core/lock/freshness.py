"""Whether a lock still answers what the manifests ask, decided from digests alone: no network, no interpreter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar, Literal

import msgspec

from interlock.core.lock.model import FORMAT, Lock, LockedMember, ResolutionInputs
from interlock.core.names import NormalizedName
from interlock.errors import LockError

__all__ = ["Change", "CurrentMember", "LockOutdated", "Stale", "compare", "with_digests"]

Change = Literal["added", "removed", "changed"]
"""As seen from the lock."""


class CurrentMember(msgspec.Struct, frozen=True, kw_only=True):
    """A member as its manifest says it is now."""

    name: NormalizedName
    path: str
    inputs: Mapping[str, str]


class Stale(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why the lock is not fresh."""

    member: NormalizedName | None
    """None for a setting of the workspace."""
    key: str
    """The key of the manifest, ``member`` for a whole member, ``trees`` for a source tree, ``format`` or a setting."""
    kind: Change
    path: str = ""

    def __str__(self) -> str:
        if self.key == "trees":
            return f"{self.path}: what the project there says it needs has {_PHRASES[self.kind]}"
        if self.key == "format":
            return "it has declared conflicts and was written in an older format, which loses what is reached by them"
        if self.member is None:
            return f"the setting {self.key} has {_PHRASES[self.kind]}"
        where = "the workspace root" if self.path in {"", "."} else self.path
        if self.key == "member":
            verb = {"added": "is a new member", "removed": "is no member any more"}.get(self.kind, "moved")
            return f"{where}: {self.member or 'the root'} {verb}"
        return f"{where}: {self.key} {'have' if self.key == 'dependencies' else 'has'} {_PHRASES[self.kind]}"


class LockOutdated(LockError):
    """The lock was made from something else than what the manifests say now."""

    code = "lock-outdated"
    exit_code: ClassVar[int] = 3

    def __init__(self, reasons: tuple[Stale, ...], *, whatever: bool = False) -> None:
        """``whatever``: the lock cannot be used whatever the manifests say, which were not looked at."""
        why = [str(reason) for reason in reasons]
        super().__init__(
            f"interlock.lock cannot be used as it is: {'; '.join(why)}."
            if whatever
            else "\n  ".join(("interlock.lock does not match the manifests:", *why)),
            hint="Run `interlock lock`.",
            facts={"stale": [msgspec.to_builtins(reason) for reason in reasons]},
        )
        self.reasons = reasons


_PHRASES: dict[Change, str] = {"added": "been added", "removed": "been removed", "changed": "changed"}


def compare(
    lock: Lock,
    members: Iterable[CurrentMember],
    inputs: ResolutionInputs,
    *,
    absent: Collection[NormalizedName] = (),
) -> tuple[Stale, ...]:
    """Everything that has changed since the lock was made, settings first; empty when it is fresh.

    ``absent`` are locked members whose directory is not here, as in an image that holds part of the workspace: they
    count as unchanged. Of a relative window only its length counts, so that time alone makes nothing stale.
    """
    found = _settings(lock.inputs, inputs)
    if inputs.conflicts and lock.inputs.conflicts and lock.format[0] < FORMAT[0]:
        # Written before what a selection reaches counted as selected: it may lack what is reached only so.
        found.append(Stale(member=None, key="format", kind="changed"))
    locked = {member.name: member for member in lock.members}
    seen = set()
    for member in members:
        seen.add(member.name)
        before = locked.get(member.name)
        if before is None:
            found.append(Stale(member=member.name, key="member", kind="added", path=member.path))
        elif before.path != member.path:
            found.append(Stale(member=member.name, key="member", kind="changed", path=member.path))
        if before is not None and before.inputs != member.inputs:
            found.extend(_keys(before, member))
    for name, before in locked.items():
        if name not in seen and name not in absent:
            found.append(Stale(member=name, key="member", kind="removed", path=before.path))
    return tuple(found)


def with_digests(lock: Lock, members: Iterable[CurrentMember]) -> Lock:
    """The lock as it is made from these members: with the digests of what they say now."""
    inputs = {member.name: dict(sorted(member.inputs.items())) for member in members}
    found = (msgspec.structs.replace(member, inputs=inputs.get(member.name, {})) for member in lock.members)
    return msgspec.structs.replace(lock, members=tuple(found))


def _keys(before: LockedMember, now: CurrentMember) -> Iterable[Stale]:
    for key in sorted({*before.inputs, *now.inputs}):
        was, is_now = before.inputs.get(key), now.inputs.get(key)
        if was != is_now:
            kind: Change = "added" if was is None else "removed" if is_now is None else "changed"
            yield Stale(member=now.name, key=key, kind=kind, path=now.path)


def _settings(before: ResolutionInputs, now: ResolutionInputs) -> list[Stale]:
    if before == now:
        return []
    found = []
    for field in ResolutionInputs.__struct_fields__:
        was, is_now = getattr(before, field), getattr(now, field)
        if field == "trees":
            changed = [path for path in sorted({*was, *is_now}) if was.get(path) != is_now.get(path)]
            found += [Stale(member=None, key="trees", kind="changed", path=path) for path in changed]
        elif was != is_now:
            kind: Change = "changed" if was and is_now else "removed" if was else "added"
            found.append(Stale(member=None, key=field.replace("_", "-"), kind=kind))
    return found
