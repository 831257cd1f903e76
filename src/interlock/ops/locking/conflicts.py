"""``interlock lock --declare-conflicts``: members that cannot agree, found out and written down.

The lock then forks for them: each side gets its answer, and what both sides can share is still chosen once.
"""

from __future__ import annotations

from functools import cached_property
from itertools import combinations, count
from pathlib import Path
from typing import Any

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.members.asks import MemberAsks
from interlock.core.members.conflict_sets import exclusive_sets, joint_sets
from interlock.core.names import normalize_name
from interlock.core.requirements.slot import slot_of
from interlock.core.resolver.failure import NoSolution
from interlock.core.toml.document import TomlDocument
from interlock.events import Advanced, Finished, Started, Steps
from interlock.ops.locking.lock import lock_held
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.locking.lock_outcome import LockOutcome
from interlock.resolution.lowering import lower
from interlock.store.locks import hold
from interlock.store.replace import replace_file
from interlock.store.usage import using
from interlock.workspace.discovery import discover
from interlock.workspace.guards import workspace_guard
from interlock.workspace.members import Workspace

__all__ = ["Declared", "declare_conflicts", "find_conflicts"]

_MOST = 50
"""Failures to look at before giving up; each costs a resolution."""

Conflict = tuple[ConflictItem, ...]


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What was found and written."""

    found: tuple[Conflict, ...]
    """Of each only one can be in an environment."""
    together: tuple[Conflict, ...]
    """The largest sets of what conflicts anywhere that can be in one environment; all else fits with each of them."""
    outcome: LockOutcome
    manifest: Path


async def declare_conflicts(context: Context, options: LockOptions) -> Declared:
    """Lock, and wherever members cannot agree declare in the root's manifest that they conflict.

    A pair is taken from what each failure names, with those who ask for the same, and only as much as is needed. Raises
    :class:`NoSolution` for a failure that no declaration can help; then nothing is written.
    """
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    async with using(context.means.layout), hold(workspace_guard(workspace.root), passing=True):
        found = exclusive_sets(await find_conflicts(context, workspace))
        manifest = workspace.root / "pyproject.toml"
        if found and not options.dry_run:
            await anyio.to_thread.run_sync(
                _write, manifest, (*workspace.manifest.settings.conflicts, *found), workspace
            )
        outcome = await lock_held(context, _with(workspace, found), options)
    together = joint_sets((*workspace.settings.conflicts, *found))
    return Declared(found=found, together=together, outcome=outcome, manifest=manifest)


async def find_conflicts(context: Context, workspace: Workspace) -> tuple[Conflict, ...]:
    """Pairs of which only one can be in an environment, as few as are needed; the caller holds the guard.

    Raises :class:`NoSolution` for a failure that no declaration can help.
    """
    reporter, asking = context.means.reporter, _Asking(workspace)
    trying = context.reporting_to(Steps(reporter))
    found: tuple[Conflict, ...] = ()
    reporter.report(Started("conflicts"))
    try:
        for tried in count(1):
            try:
                await lock_held(trying, _with(workspace, found), LockOptions(dry_run=True))
            except NoSolution as failure:
                pairs = [pair for pair in _pairs(failure.facts, asking) if pair not in found]
                if not pairs or tried > _MOST:
                    raise
                found = (*found, *pairs)
                for pair in pairs:
                    reporter.report(Advanced("conflicts", " | ".join(item.key for item in pair)))
            else:
                break
    finally:
        reporter.report(Finished("conflicts"))
    return found


def _with(workspace: Workspace, more: tuple[Conflict, ...]) -> Workspace:
    """The workspace as it will be with more conflicts declared."""
    settings = msgspec.structs.replace(
        workspace.manifest.settings, conflicts=(*workspace.manifest.settings.conflicts, *more)
    )
    manifest = msgspec.structs.replace(workspace.manifest, settings=settings)
    members = tuple(
        msgspec.structs.replace(member, manifest=manifest) if member.path == "." else member
        for member in workspace.members
    )
    return msgspec.structs.replace(workspace, manifest=manifest, members=members)


class _Asking:
    """What the members ask for, and who asks for the same: what two requirements exclude, all exclude who have them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @cached_property
    def _members(self) -> dict[str, MemberAsks]:
        return {asks.name: asks for asks in lower(self._workspace)}

    @cached_property
    def _by_text(self) -> dict[str, list[ConflictItem]]:
        found: dict[str, list[ConflictItem]] = {}
        for asks in self._members.values():
            for ask in asks.every():
                found.setdefault(ask.origin.text, []).append(_item_of(ask.origin.member, ask.origin.table))
        return found

    def alike(self, entry: dict[str, Any]) -> list[ConflictItem]:
        own = _item(entry)
        return list(dict.fromkeys((own, *self._by_text.get(str(entry["requirement"]), ()))))

    def apart(self, one: ConflictItem, other: ConflictItem) -> bool:
        """Whether each of two items can be had without the other."""
        return other not in self._with(one) and one not in self._with(other)

    def _with(self, item: ConflictItem) -> list[ConflictItem]:
        """An item and all that is there wherever it is."""
        found = [item]
        for here in found:
            more = [ConflictItem(here.member)] if here.extra is not None else []
            asks = self._members.get(here.member)
            for ask in asks.of(here.slot) if asks is not None else ():
                name = ask.requirement.name
                if name in self._members and not ask.requirement.marker and not ask.condition:
                    more += [ConflictItem(name, extra) for extra in (None, *ask.requirement.extras)]
            found += [following for following in more if following not in found]
        return found


def _pairs(facts: dict[str, Any], asking: _Asking) -> list[Conflict]:
    """The two items that a failure names, and all that are in the same case when two requirements are all there is."""
    pair = _pair(facts, asking)
    asked = facts.get("requirements", ())
    if pair is None or len(asked) != 2 or _package(asked[0]) != _package(asked[1]):
        return [] if pair is None else [pair]
    left, right = (asking.alike(entry) for entry in asked)
    return list(
        dict.fromkeys(
            _sorted(one, other) for one in left for other in right if one != other and asking.apart(one, other)
        )
    )


def _sorted(one: ConflictItem, other: ConflictItem) -> Conflict:
    return tuple(sorted((one, other), key=lambda item: item.order))


def _pair(facts: dict[str, Any], asking: _Asking) -> Conflict | None:
    """Two items that a failure names and that need not be installed together: preferably two that want one package."""
    asked = [(_item(entry), entry) for entry in facts.get("requirements", ())]
    pairs = [
        (_package(one[1]) != _package(other[1]), _sorted(one[0], other[0]))
        for one, other in combinations(asked, 2)
        if one[0] != other[0] and asking.apart(one[0], other[0])
    ]
    return min(pairs, key=lambda pair: (pair[0], [item.order for item in pair[1]]))[1] if pairs else None


def _item(entry: dict[str, Any]) -> ConflictItem:
    return _item_of(entry["member"], entry["table"])


def _item_of(member: str, table: str) -> ConflictItem:
    """The item that a table of a member's manifest belongs to, named as origins name it."""
    return ConflictItem(normalize_name(member), *slot_of(table))


def _package(entry: dict[str, Any]) -> str:
    text = str(entry["requirement"])
    end = next((i for i, character in enumerate(text) if not (character.isalnum() or character in "-_.")), len(text))
    return normalize_name(text[:end])


def _write(path: Path, conflicts: tuple[Conflict, ...], workspace: Workspace) -> None:
    document = TomlDocument(path.read_bytes(), str(path))
    rows = "".join(f"    [{', '.join(_inline(item) for item in items)}],\n" for items in conflicts)
    document.set((*workspace.manifest.tool_table, "conflicts"), f"[\n{rows}]")
    replace_file(path, document.data)


def _inline(item: ConflictItem) -> str:
    parts = [f'package = "{item.member}"']
    if item.extra is not None:
        parts.append(f'extra = "{item.extra}"')
    if item.group is not None:
        parts.append(f'group = "{item.group}"')
    return "{ " + ", ".join(parts) + " }"
