"""``interlock affected``: the members that a change since a git revision touches.

A changed file affects the member that holds it and all members that need that one. A changed lock affects the members
whose own closure is different. The root's manifest and the lock are judged by what they mean, not by their bytes::

    [tool.interlock.affected]
    ignore = ["**/*.md"]            # files that affect nobody
    everyone = ["ruff.toml"]        # files that affect every member
"""

from __future__ import annotations

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.lock.affected import reached_by_changes
from interlock.core.lock.codec import decode_lock
from interlock.core.lock.freshness import LockOutdated
from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName
from interlock.errors import ManifestError
from interlock.events import Warned
from interlock.ops.locking.lock import lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.workspace.changed import Changes, changes_since, file_at
from interlock.workspace.discovery import discover
from interlock.workspace.globs import is_included
from interlock.workspace.graph import Need, member_graph
from interlock.workspace.lockfile import LOCKFILE, load_lock_if_any
from interlock.workspace.members import Workspace

__all__ = ["AffectedMember", "AffectedReport", "InvalidAffectedTable", "affected"]

_TABLE = "affected"
_LASTING: frozenset[Need] = frozenset({"runtime", "extra", "build"})
"""Dependencies that reach on to who depends on the member; a group's end there."""
_MANIFEST = "pyproject.toml"


class InvalidAffectedTable(ManifestError):
    """``[tool.interlock.affected]`` has a value that cannot be used."""

    code = "invalid-affected-table"


class AffectedMember(msgspec.Struct, frozen=True, kw_only=True):
    """A member that is affected, and everything that says so."""

    name: NormalizedName
    path: str
    package: bool = True
    """Whether it is built and installed."""
    files: tuple[str, ...] = ()
    """Its own files that changed, relative to the workspace root, and those that count for everyone."""
    needs: tuple[NormalizedName, ...] = ()
    """Members with changed files that it needs, directly or not."""
    packages: tuple[NormalizedName, ...] = ()
    """What of its closure is locked differently."""
    because: str = ""
    """A reason that holds for every member."""


class AffectedReport(msgspec.Struct, frozen=True, kw_only=True):
    commit: str
    """What was compared with."""
    members: tuple[AffectedMember, ...]
    """Sorted by name."""


class _Rules(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    ignore: tuple[str, ...] = ()
    everyone: tuple[str, ...] = ()


async def affected(context: Context, revision: str, *, frozen: bool = False, locked: bool = False) -> AffectedReport:
    """Compare with where this branch left the revision.

    A lock that does not match the manifests is a warning, an error with ``locked``, and not noticed with ``frozen``.
    Raises :class:`UnknownRevision`, :class:`InvalidAffectedTable`.
    """
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    rules = _rules(workspace)
    new = await anyio.to_thread.run_sync(load_lock_if_any, workspace.root)
    if new is not None and not frozen:
        await _check(context, locked=locked)
    changes = await changes_since(context.means.environ, workspace.root, revision, fork_point=True)
    data = await file_at(context.means.environ, workspace.root, changes.commit, LOCKFILE)
    old = decode_lock(data, file=f"{changes.commit[:12]}:{LOCKFILE}") if data is not None else None
    return await anyio.to_thread.run_sync(lambda: _judge(workspace, rules, changes, old, new))


async def _check(context: Context, *, locked: bool) -> None:
    try:
        await lock(context, LockOptions(check=True))
    except LockOutdated as error:
        if locked:
            raise
        context.means.reporter.report(
            Warned(error.code, f"{error.message}\nWhat follows is judged by the lock as it is.")
        )


def _rules(workspace: Workspace) -> _Rules:
    try:
        return msgspec.convert(workspace.manifest.kept.get(_TABLE, {}), _Rules)
    except msgspec.ValidationError as error:
        raise InvalidAffectedTable(
            f"`tool.interlock.{_TABLE}` in {_MANIFEST} cannot be used: {error}.",
            hint="It has `ignore` and `everyone`, each a list of patterns such as `docs/**`.",
        ) from error


def _judge(workspace: Workspace, rules: _Rules, changes: Changes, old: Lock | None, new: Lock | None) -> AffectedReport:
    files = [name for name in changes.files if name != LOCKFILE and not is_included(name, rules.ignore)]
    common = tuple(name for name in files if is_included(name, rules.everyone))
    because = _for_everyone(files, old, new)
    own: dict[NormalizedName, list[str]] = {}
    for name in files:
        member = workspace.containing(workspace.root / name)
        if member is not None:
            own.setdefault(member.name, []).append(name)
    packages = reached_by_changes(old, new) if old is not None and new is not None else {}
    needs = _needs(workspace, own)
    found = []
    for member in workspace.members:
        item = AffectedMember(
            name=member.name,
            path=member.path,
            package=member.manifest.package,
            files=tuple(dict.fromkeys((*own.get(member.name, ()), *common))),
            needs=needs.get(member.name, ()),
            packages=packages.get(member.name, ()),
            because=because,
        )
        if item.files or item.needs or item.packages or because:
            found.append(item)
    return AffectedReport(commit=changes.commit, members=tuple(found))


def _for_everyone(files: list[str], old: Lock | None, new: Lock | None) -> str:
    """Why nothing can be said of single members, when that is so."""
    if old is None and new is None:
        return f"{_MANIFEST} of the root changed, and there is no lock to tell for whom" if _MANIFEST in files else ""
    if old is None:
        return "there was no lock before"
    return "there is no lock any more" if new is None else ""


def _needs(
    workspace: Workspace, changed: dict[NormalizedName, list[str]]
) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
    """For each member the changed ones that it needs: through whatever chain, the last step of which may be a group."""
    graph = member_graph(workspace)
    found: dict[NormalizedName, set[NormalizedName]] = {}
    for name in changed:
        lasting = graph.dependents_of((name,), _LASTING)
        through = {item.member for item in graph.dependencies if item.kind == "group" and item.needs in lasting}
        for member in (lasting | through) - {name}:
            found.setdefault(member, set()).add(name)
    return {member: tuple(sorted(names)) for member, names in found.items()}
