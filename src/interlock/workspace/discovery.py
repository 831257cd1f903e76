"""Which workspace a directory belongs to, and who its members are.

From the start upward, the nearest manifest is the project. It belongs to the first workspace table above it that lists
it, or else to a workspace of its own. The rules are uv's, with two things more: a member may lie below another member,
and a ``pyproject.toml`` that only configures other tools is no project.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from interlock.core.lock.model import Lock
from interlock.core.manifests.manifest import Manifest, WorkspaceTable
from interlock.core.names import NormalizedName
from interlock.errors import ManifestError
from interlock.store.layout import Layout
from interlock.workspace.catalog import with_catalog
from interlock.workspace.globs import expand, is_excluded, is_included
from interlock.workspace.ignored import holds_only_ignored
from interlock.workspace.manifest_cache import ManifestCache
from interlock.workspace.members import Member, Workspace
from interlock.workspace.required_version import check_required_version, check_unreadable

__all__ = [
    "DuplicateMember",
    "MemberWithoutProject",
    "MissingManifest",
    "NestedWorkspace",
    "NoProject",
    "UnmanagedProject",
    "absent_members",
    "discover",
]

_MANIFEST = "pyproject.toml"
_PROJECT = re.compile(
    rb"""^[ \t]*+\[?[ \t]*+["']?"""
    rb"""(?:project|dependency-groups|tool["']?[ \t]*+\.[ \t]*+["']?(?:uv|interlock|poetry))["']?[ \t]*+[\].=]""",
    re.MULTILINE,
)
_WORKSPACE = re.compile(rb"""workspace["']?\s*(?:[\].]|=\s*\{)""")


class NoProject(ManifestError):
    """There is no manifest here."""

    code = "no-project"


class UnmanagedProject(ManifestError):
    """The project asked to be left alone."""

    code = "unmanaged-project"


class MissingManifest(ManifestError):
    """A directory is listed as a member and has no manifest."""

    code = "missing-manifest"


class MemberWithoutProject(ManifestError):
    """A member's manifest has no ``[project]`` table."""

    code = "member-without-project"


class NestedWorkspace(ManifestError):
    """A member declares a workspace of its own."""

    code = "nested-workspace"


class DuplicateMember(ManifestError):
    """Two members have the same name."""

    code = "duplicate-member"


def discover(
    start: Path, *, project: Path | None = None, layout: Layout | None = None, top: Path | None = None
) -> Workspace:
    """Find the workspace of a directory, or of ``project`` when that is given, and read all its manifests.

    ``layout`` is where parsed manifests are kept between runs; what is above ``top`` does not count. Raises
    :class:`ManifestError`.
    """
    begin = Path(os.path.abspath(project if project is not None else start))
    above = [directory for directory in begin.parents if top is None or directory.is_relative_to(top)]
    candidates = [directory for directory in (begin, *above) if (directory / _MANIFEST).is_file()]
    if project is not None and candidates[:1] != [begin]:
        raise NoProject(f"There is no `pyproject.toml` in {begin}.")
    if not candidates:
        raise NoProject(
            f"There is no `pyproject.toml` in {begin} or above it.", hint="Create a project with `interlock init`."
        )
    position = next((at for at, place in enumerate(candidates) if _PROJECT.search(_read(place))), 0)
    home = candidates[position]
    root, cache = _root(home, candidates[position:], layout)
    manifest, inputs = _parse_root(cache, _read(root))
    if not manifest.managed:
        raise UnmanagedProject(
            f"The project in {root} says `managed = false`.", hint="Remove that line to manage it with Interlock."
        )
    members = _members(root, manifest, inputs, cache)
    if any(member.manifest.settings.indexes for member in members if member.path != "."):
        from interlock.workspace.index_addresses import check_index_addresses  # noqa: PLC0415 - few do

        check_index_addresses(manifest, members)
    cache.save()
    here = os.path.relpath(home, root).replace(os.sep, "/")
    current = next((member.name for member in members if member.path == here), None)
    return with_catalog(
        Workspace(
            root=root,
            manifest=manifest,
            members=members,
            current=current,
            root_inputs=inputs,
            digest=cache.digest(),
        )
    )


def absent_members(workspace: Workspace, lock: Lock) -> frozenset[NormalizedName]:
    """Locked members that the workspace still lists but whose directory is not here, as in a part of a checkout."""
    table = workspace.manifest.workspace or WorkspaceTable()
    return frozenset(
        member.name
        for member in lock.members
        if member.name not in workspace.by_name
        and _lists(table, member.path)
        and not (workspace.root / member.path / _MANIFEST).exists()
    )


def _read(directory: Path) -> bytes:
    return (directory / _MANIFEST).read_bytes()


def _parse_root(cache: ManifestCache, data: bytes) -> tuple[Manifest, dict[str, str]]:
    try:
        manifest, inputs = cache.parse(data, path=".")
    except ManifestError:
        check_unreadable(data)
        raise
    check_required_version(manifest.settings.required_version)
    return manifest, inputs


def _root(home: Path, candidates: list[Path], layout: Layout | None) -> tuple[Path, ManifestCache]:
    """The root of the project at ``home``; the candidates are the directories with manifests from there upward."""
    for place in candidates:
        data = _read(place)
        if _WORKSPACE.search(data) is None:
            continue
        cache = ManifestCache(layout, place)
        table = _parse_root(cache, data)[0].workspace
        if table is None:
            continue
        if place == home or _lists(table, os.path.relpath(home, place).replace(os.sep, "/")):
            return place, cache
        break
    return home, ManifestCache(layout, home)


def _lists(table: WorkspaceTable, path: str) -> bool:
    return is_included(path, table.members) and not is_excluded(path, table.exclude)


def _members(root: Path, manifest: Manifest, inputs: dict[str, str], cache: ManifestCache) -> tuple[Member, ...]:
    found: dict[NormalizedName, Member] = {}
    if manifest.name is not None:
        found[manifest.name] = Member(name=manifest.name, path=".", manifest=manifest, root=root, own_inputs=inputs)
    table = manifest.workspace or WorkspaceTable()
    base = str(root)
    seen = {"."}
    for pattern in table.members:
        for path, deep in expand(base, pattern):
            if path in seen or is_excluded(path, table.exclude):
                continue
            seen.add(path)
            data = _member_bytes(root, path, pattern, deep=deep)
            if data is None:
                continue
            member = _member(root, path, *cache.parse(data, path=path))
            if member is None:
                continue
            other = found.setdefault(member.name, member)
            if other is not member and not os.path.samefile(other.directory, member.directory):
                raise DuplicateMember(
                    f"Two members are called `{member.name}`: {other.file} and {member.file}.",
                    hint="Rename one of them, or exclude one from the workspace.",
                    facts={"name": member.name, "files": [other.file, member.file]},
                )
    return tuple(found[name] for name in sorted(found))


def _member_bytes(root: Path, path: str, pattern: str, *, deep: bool) -> bytes | None:
    """The member's manifest, or None for a directory that is none and need not be one."""
    try:
        with open(f"{root}/{path}/{_MANIFEST}", "rb", buffering=0) as file:
            return file.read()
    except FileNotFoundError:
        directory = root / path
        if deep or directory.name.startswith(".") or holds_only_ignored(directory):
            return None
        raise MissingManifest(
            f"{path} is a member of the workspace (by `{pattern}`) and has no `pyproject.toml`.",
            hint=f'Add one, or add "{path}" to `exclude` of the workspace table.',
            facts={"path": path, "pattern": pattern},
        ) from None


def _member(root: Path, path: str, manifest: Manifest, inputs: dict[str, str]) -> Member | None:
    if not manifest.managed:
        return None
    if manifest.name is None:
        raise MemberWithoutProject(
            f"{path}/pyproject.toml has no `[project]` table, which a member needs.",
            hint=f'Add one with a name, or add "{path}" to `exclude` of the workspace table.',
            facts={"path": path},
        )
    if manifest.workspace is not None:
        raise NestedWorkspace(
            f"{path}/pyproject.toml declares a workspace, but is itself a member of the one in {root.name}.",
            hint=f'Remove its workspace table, or add "{path}" to `exclude` of the outer one.',
            facts={"path": path},
        )
    return Member(name=manifest.name, path=path, manifest=manifest, root=root, own_inputs=inputs)
