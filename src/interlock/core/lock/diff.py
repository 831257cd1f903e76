"""The difference between two locks, with the members each change reaches; and its text, Markdown and plain data."""

from __future__ import annotations

from typing import Literal

import msgspec

from interlock.core.lock.freshness import Change
from interlock.core.lock.graph import Graph
from interlock.core.lock.layout import source_key
from interlock.core.lock.model import Lock, LockedPackage
from interlock.core.lock.reach import members_reaching
from interlock.core.names import NormalizedName, shown_member
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Source, Url
from interlock.core.versions.version_list import release_key

__all__ = [
    "LockDiff",
    "MemberChange",
    "PackageChange",
    "SettingChange",
    "diff",
    "shown_source",
    "to_data",
    "to_markdown",
    "to_text",
]

_SHOWN = 5
"""How many members a line names before it counts the rest."""


PackageKind = Literal["added", "removed", "upgraded", "downgraded", "changed", "source", "artifacts", "dependencies"]


class PackageChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one name."""

    name: NormalizedName
    kind: PackageKind
    """The most telling difference. ``changed`` is between sets of versions, when one lock holds several."""
    old: tuple[str, ...] = ()
    """Versions, ascending."""
    new: tuple[str, ...] = ()
    old_sources: tuple[str, ...] = ()
    """In words; only given when they differ."""
    new_sources: tuple[str, ...] = ()
    artifacts_added: tuple[str, ...] = ()
    """File names that came, or came with another hash, for a version that stayed."""
    artifacts_removed: tuple[str, ...] = ()
    because: tuple[NormalizedName, ...] = ()
    """Members that reach it (in the old lock, when it was removed)."""
    parents: tuple[NormalizedName, ...] = ()
    """Members and packages that depend on it directly."""
    moved_with: tuple[NormalizedName, ...] = ()
    """Those of the parents that changed too: whoever forced the change is among them."""


class MemberChange(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    kind: Change
    keys: tuple[str, ...] = ()
    """The inputs that changed; empty when only what was resolved for it did."""


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    old: str
    new: str


class LockDiff(msgspec.Struct, frozen=True, kw_only=True):
    packages: tuple[PackageChange, ...] = ()
    members: tuple[MemberChange, ...] = ()
    settings: tuple[SettingChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.packages or self.members or self.settings)

    @property
    def affected(self) -> tuple[NormalizedName, ...]:
        """Members for which something changed: themselves, or a package they reach."""
        names = {change.name for change in self.members}
        return tuple(sorted(names.union(*(change.because for change in self.packages))))


def diff(old: Lock | None, new: Lock) -> LockDiff:
    """Compare two locks; None is a lock with nothing in it."""
    before = old or Lock()
    changes = []
    olds, news = Graph(before).packages, Graph(new).packages
    for name in sorted(olds.keys() | news.keys()):
        change = _compare(name, olds.get(name, []), news.get(name, []))
        if change is not None:
            changes.append(change)
    members = _members(before, new)
    if changes:
        reaching = _attribution(before), _attribution(new)
        parents = _parents(before), _parents(new)
        moved = {member.name for member in members} | {change.name for change in changes if change.kind != "artifacts"}
        changes = [
            msgspec.structs.replace(
                change,
                because=tuple(sorted(reaching[change.kind != "removed"].get(change.name, ()))),
                parents=tuple(sorted(parents[change.kind != "removed"].get(change.name, ()))),
                moved_with=tuple(sorted(parents[change.kind != "removed"].get(change.name, set()) & moved)),
            )
            for change in changes
        ]
    return LockDiff(packages=tuple(changes), members=members, settings=_settings(before, new))


def _compare(name: NormalizedName, old: list[LockedPackage], new: list[LockedPackage]) -> PackageChange | None:
    if old == new:
        return None
    versions = tuple(tuple(sorted({part.version for part in parts}, key=release_key)) for parts in (old, new))
    sources = tuple(tuple(sorted({source_key(part.source) for part in parts})) for parts in (old, new))
    differ = sources[0] != sources[1] and bool(old and new)
    files_old, files_new = (
        {
            (file.filename, file.sha256)
            for part in parts
            for file in part.artifacts
            if part.version in versions[0] and part.version in versions[1]
        }
        for parts in (old, new)
    )
    added = tuple(sorted({file for file, _ in files_new - files_old}))
    removed = tuple(sorted({file for file, _ in files_old - files_new}))
    return PackageChange(
        name=name,
        kind=_kind(versions[0], versions[1], moved=differ, files=bool(added or removed)),
        old=versions[0],
        new=versions[1],
        old_sources=tuple(sorted({shown_source(part.source) for part in old})) if differ else (),
        new_sources=tuple(sorted({shown_source(part.source) for part in new})) if differ else (),
        artifacts_added=added,
        artifacts_removed=removed,
    )


def _kind(old: tuple[str, ...], new: tuple[str, ...], *, moved: bool, files: bool) -> PackageKind:
    if not old or not new:
        return "removed" if old else "added"
    if old != new:
        if len(old) > 1 or len(new) > 1:
            return "changed"
        return "upgraded" if sorted((old[0], new[0]), key=release_key)[1] == new[0] else "downgraded"
    if moved:
        return "source"
    return "artifacts" if files else "dependencies"


def shown_source(source: Source) -> str:
    """A source for people."""
    match source:
        case Registry(index=index):
            return f"index {index}"
        case Git(url=url, commit=commit):
            return f"{url} at {commit[:12]}"
        case Url(url=url):
            return url
        case File(path=path) | Directory(path=path):
            return path
        case Member(name=name):  # pragma: no branch - these are all the kinds of source
            return f"member {name}"


def _attribution(lock: Lock) -> dict[str, set[NormalizedName]]:
    names: dict[str, set[NormalizedName]] = {}
    for key, members in members_reaching(lock).items():
        names.setdefault(key[0], set()).update(members)
    return names


def _parents(lock: Lock) -> dict[NormalizedName, set[NormalizedName]]:
    found: dict[NormalizedName, set[NormalizedName]] = {}
    for part in Graph(lock).targets():
        for edge in part.every():
            found.setdefault(edge.name, set()).add(part.name)
    return found


def _members(old: Lock, new: Lock) -> tuple[MemberChange, ...]:
    olds = {member.name: member for member in old.members}
    news = {member.name: member for member in new.members}
    changes = []
    for name in sorted(olds.keys() | news.keys()):
        before, after = olds.get(name), news.get(name)
        if before is None or after is None:
            changes.append(MemberChange(name=name, kind="added" if before is None else "removed"))
        elif before != after:
            keys = {
                key
                for key in before.inputs.keys() | after.inputs.keys()
                if before.inputs.get(key) != after.inputs.get(key)
            }
            if before.path != after.path:
                keys.add("path")
            if keys or before.requires_python != after.requires_python or before.package != after.package:
                changes.append(MemberChange(name=name, kind="changed", keys=tuple(sorted(keys))))
    return tuple(changes)


def _settings(old: Lock, new: Lock) -> tuple[SettingChange, ...]:
    before = {"requires_python": old.requires_python} | msgspec.structs.asdict(old.inputs)
    after = {"requires_python": new.requires_python} | msgspec.structs.asdict(new.inputs)
    return tuple(
        SettingChange(key=key.replace("_", "-"), old=_written(before[key]), new=_written(after[key]))
        for key in sorted(before)
        if before[key] != after[key]
    )


def _written(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value, order="deterministic").decode()


def to_data(change: LockDiff) -> dict[str, object]:
    """Plain data for JSON."""
    data: dict[str, object] = msgspec.json.decode(msgspec.json.encode(change))
    return data | {"affected": list(change.affected)}


_SIGNS = {"added": "+", "removed": "-", "upgraded": "^", "downgraded": "v"}


def to_text(change: LockDiff) -> list[str]:
    """Lines for a terminal: settings, members, then packages."""
    lines = [f"~ {words}" for words in _written_settings(change.settings, "->")]
    for member in change.members:
        keys = f" ({', '.join(member.keys)})" if member.keys else ""
        lines.append(f"{_SIGNS.get(member.kind, '~')} member {shown_member(member.name)}{keys}")
    for package in change.packages:
        because = _because(package)
        # A member that changed itself is among those that need it.
        moved = _counted(tuple(name for name in package.moved_with if name not in package.because))
        words = "; ".join(filter(None, (because, f"with {moved}" if moved else "")))
        lines.append(
            f"{_SIGNS.get(package.kind, '~')} {package.name} {_step(package)}{f'  ({words})' if words else ''}"
        )
    return lines


def to_markdown(change: LockDiff) -> list[str]:
    """Lines of Markdown: a table of packages, and lists of what else changed."""
    if change.is_empty:
        return ["No changes."]
    lines = []
    if change.packages:
        lines += ["| package | change | from | to | needed by | moved with |", "| --- | --- | --- | --- | --- | --- |"]
        for package in change.packages:
            old, new = _side(package.old, package.old_sources), _side(package.new, package.new_sources)
            cells = (f"`{package.name}`", package.kind, old, new, _because(package), _counted(package.moved_with))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    for member in change.members:
        keys = f": {', '.join(f'`{key}`' for key in member.keys)}" if member.keys else ""
        lines.append(f"- member `{member.name}` {member.kind}{keys}")
    lines += [f"- setting {words}" for words in _written_settings(change.settings, "→", "`")]
    return lines[:-1] if lines[-1] == "" else lines


def _written_settings(settings: tuple[SettingChange, ...], arrow: str, mark: str = "") -> list[str]:
    """What to say of each; of source trees only which ones, since their digests tell a reader nothing."""
    lines = []
    for item in settings:
        if item.key != "trees":
            lines.append(f"{mark}{item.key}{mark}: {item.old or 'none'} {arrow} {item.new or 'none'}")
            continue
        old, new = msgspec.json.decode(item.old), msgspec.json.decode(item.new)
        for path in sorted(old.keys() | new.keys()):
            if old.get(path) != new.get(path):
                kind = "added" if path not in old else "removed" if path not in new else "changed"
                lines.append(f"source tree {mark}{path}{mark}: {kind}")
    return lines


def _step(change: PackageChange) -> str:
    if change.kind in {"artifacts", "dependencies"}:
        what = "dependencies changed" if change.kind == "dependencies" else _files(change)
        return f"{_side(change.new, ())}: {what}"
    old, new = _side(change.old, change.old_sources), _side(change.new, change.new_sources)
    if change.kind == "added":
        return new
    return old if change.kind == "removed" else f"{old} -> {new}"


def _files(change: PackageChange) -> str:
    parts = [("added", change.artifacts_added), ("removed", change.artifacts_removed)]
    return ", ".join(f"{len(files)} file{'s' if len(files) > 1 else ''} {verb}" for verb, files in parts if files)


def _side(versions: tuple[str, ...], sources: tuple[str, ...]) -> str:
    text = ", ".join(version or "source tree" for version in versions)
    return f"{text} ({', '.join(sources)})" if sources else text


def _because(change: PackageChange) -> str:
    return _counted(change.because)


def _counted(names: tuple[NormalizedName, ...]) -> str:
    shown = ", ".join(map(shown_member, names[:_SHOWN]))
    rest = len(names) - _SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
