"""``interlock version``: the versions of members shown, set and raised; manifests change, the lock does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
from packaging.version import Version

from interlock.context import Context
from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.toml.document import TomlDocument, format_value
from interlock.core.versions.bump import RULES, bump, by_rule, checked_version
from interlock.errors import ManifestError
from interlock.events import Warned
from interlock.ops.editing.version_report import Cause, MemberVersion, VersionReport, VersionRequest
from interlock.ops.locking.unmet_bounds import unmet_bounds
from interlock.ops.tools import open_toolchain
from interlock.store.locks import hold
from interlock.store.replace import replace_file
from interlock.toolchain.siblings import BuildSiblings
from interlock.toolchain.toolchain import ToolchainOptions
from interlock.workspace.changed import changed_members
from interlock.workspace.discovery import discover
from interlock.workspace.graph import Need, member_graph
from interlock.workspace.guards import workspace_guard
from interlock.workspace.members import Member, Workspace

__all__ = ["DynamicVersion", "InvalidVersionTable", "version"]

_RUNTIME: frozenset[Need] = frozenset({"runtime", "extra"})
_DEPENDENTS = ("patch", "same", "none")
_SOURCES = (
    (("tool", "hatch", "version"), "hatch's version source"),
    (("tool", "setuptools_scm"), "setuptools-scm"),
    (("tool", "setuptools", "dynamic", "version"), "setuptools"),
    (("tool", "pdm", "version"), "pdm-backend's version source"),
    (("tool", "poetry-dynamic-versioning"), "poetry-dynamic-versioning"),
)


class DynamicVersion(ManifestError):
    """A version is to be set that is not written in the manifest."""

    code = "dynamic-version"


class InvalidVersionTable(ManifestError):
    """``[tool.interlock.version]`` has a value that cannot be used."""

    code = "invalid-version-table"


class _Policy(msgspec.Struct, frozen=True):
    groups: tuple[frozenset[NormalizedName], ...] = ()
    """Members that always have the same version."""
    dependents: str = "none"


async def version(context: Context, request: VersionRequest) -> VersionReport:
    """Show versions, or set them in all manifests concerned or in none."""
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    context = context.within(workspace.manifest.settings)
    names = await _chosen(context.means.environ, workspace, request)
    if not request.value and not request.bumps:
        return VersionReport(members=await _show(context, workspace, names))
    async with hold(workspace_guard(workspace.root), passing=True):
        found = _plan(workspace, names, request, _policy(workspace, request))
        for text in unmet_bounds(workspace, {change.name: change.new for change in found}):
            context.means.reporter.report(
                Warned("requirement-left-behind", f"{text}; change it, or leave the range out.")
            )
        if not request.dry_run:
            await anyio.to_thread.run_sync(_write, found)
    return VersionReport(members=found, written=not request.dry_run)


async def _chosen(
    environ: Mapping[str, str], workspace: Workspace, request: VersionRequest
) -> tuple[NormalizedName, ...]:
    flags = request.selection
    names: Iterable[NormalizedName] = workspace.by_name
    if flags.packages and not flags.all_packages:
        names = [workspace.member(normalize_name(name)).name for name in flags.packages]
    elif workspace.current is not None and not flags.all_packages and not request.changed:
        names = [workspace.current]
    if request.changed:
        changed = await changed_members(environ, workspace, request.changed)
        names = [name for name in names if name in changed]
    return tuple(sorted(set(names)))


# ---- showing -------------------------------------------------------------------------------------------------


async def _show(context: Context, workspace: Workspace, names: tuple[NormalizedName, ...]) -> tuple[MemberVersion, ...]:
    members = [workspace.by_name[name] for name in names]
    asked = [member.name for member in members if member.manifest.version is None]
    told = await _dynamic(context, workspace, asked) if asked else {}
    return tuple(
        MemberVersion(
            name=member.name,
            path=_file(member),
            version=member.manifest.version or told[member.name],
            dynamic=_origin(member) if member.manifest.version is None else "",
        )
        for member in members
    )


async def _dynamic(
    context: Context, workspace: Workspace, names: Iterable[NormalizedName]
) -> dict[NormalizedName, str]:
    """What the backends say."""
    tool = workspace.manifest.settings
    siblings = BuildSiblings(workspace, tool)
    found: dict[NormalizedName, str] = {}
    async with open_toolchain(context, ToolchainOptions(tool=tool, siblings=siblings)) as toolchain:
        builder = await toolchain.builder()

        async def one(name: NormalizedName) -> None:
            found[name] = (await builder.metadata(await siblings.source(name, builder))).version

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(one, name)
    return found


def _origin(member: Member) -> str:
    document = TomlDocument(_file(member).read_bytes(), member.file)
    for path, shown in _SOURCES:
        table = document.get(path)
        if table is not None:
            said = table if isinstance(table, dict) else {}
            place = said.get("path") or said.get("file") or said.get("attr") or said.get("source")
            return f"{shown} ({place})" if isinstance(place, str) else shown
    return "its build backend"


def _file(member: Member) -> Path:
    return member.directory / "pyproject.toml"


# ---- deciding ------------------------------------------------------------------------------------------------


def _policy(workspace: Workspace, request: VersionRequest) -> _Policy:
    table = workspace.manifest.kept.get("version", {})
    if not isinstance(table, dict):
        raise InvalidVersionTable("`version` in [tool.interlock] is not a table.")
    groups = table.get("groups", [])
    groups = list(groups.values()) if isinstance(groups, dict) else groups
    if groups == "all":
        groups = [list(workspace.by_name)]
    found = []
    for group in groups if isinstance(groups, list) else [None]:
        if not isinstance(group, list) or not all(isinstance(name, str) and is_name(name) for name in group):
            raise InvalidVersionTable('`groups` in [tool.interlock.version] has to be lists of members, or "all".')
        found.append(frozenset(workspace.member(normalize_name(name)).name for name in group))
    dependents = request.dependents or table.get("dependents", "none")
    if dependents not in _DEPENDENTS:
        raise InvalidVersionTable(
            f"`dependents` in [tool.interlock.version] is {dependents!r}; it can be {', '.join(_DEPENDENTS)}."
        )
    return _Policy(tuple(found), dependents)


def _plan(
    workspace: Workspace, names: tuple[NormalizedName, ...], request: VersionRequest, policy: _Policy
) -> tuple[MemberVersion, ...]:
    """Every member whose version changes, by name."""
    new: dict[NormalizedName, tuple[str, Cause]] = {}
    for name in names:
        member = workspace.by_name[name]
        if member.manifest.version is None and (request.selection.all_packages or request.changed):
            continue  # the next commit or tag changes it
        new[name] = (_raised(_static(member), request), "asked")
    _lock_step(workspace, new, request, policy)
    if policy.dependents != "none" and new:
        graph = member_graph(workspace)
        highest = max((value for value, _ in new.values()), key=Version)
        for name in sorted(graph.dependents_of(new, _RUNTIME) - new.keys()):
            known = workspace.by_name[name].manifest.version
            if known is not None:
                value = bump(known, ["patch"]) if policy.dependents == "patch" else highest
                new[name] = (value, "dependent")
        _lock_step(workspace, new, request, policy)
    return tuple(
        MemberVersion(
            name=name,
            path=_file(workspace.by_name[name]),
            version=_static(workspace.by_name[name]),
            new=new[name][0],
            reason=new[name][1],
        )
        for name in sorted(new)
    )


def _lock_step(
    workspace: Workspace, new: dict[NormalizedName, tuple[str, Cause]], request: VersionRequest, policy: _Policy
) -> None:
    """Members of a group get one version: the asked change made to the highest one there is among them."""
    for group in policy.groups:
        concerned = group & new.keys()
        if not concerned:
            continue
        if any(new[name][1] == "asked" for name in concerned):
            value = _raised(max((_static(workspace.by_name[name]) for name in group), key=Version), request)
        else:
            value = max((new[name][0] for name in concerned), key=Version)
        for name in group:
            new[name] = (value, new[name][1] if name in new else "group")


def _raised(old: str, request: VersionRequest) -> str:
    if request.bumps:
        return bump(old, request.bumps)
    if request.value in RULES:
        return by_rule(old, request.value, next_phase=request.next_phase)
    return checked_version(request.value)


def _static(member: Member) -> str:
    if member.manifest.version is None:
        raise DynamicVersion(
            f"The version of {member.name} is not written in {member.file}; it comes from {_origin(member)}.",
            hint="Change it where it comes from: the file, or a tag in version control.",
            facts={"member": member.name},
        )
    return member.manifest.version


# ---- writing -------------------------------------------------------------------------------------------------


def _write(changes: tuple[MemberVersion, ...]) -> None:
    """Change every manifest; when one cannot be written, those before it get their old text again."""
    texts = [(change.path, change.path.read_bytes(), _edited(change)) for change in changes]
    done: list[tuple[Path, bytes]] = []
    try:
        for path, before, after in texts:
            replace_file(path, after)
            done.append((path, before))
    except BaseException:
        for path, before in done:
            replace_file(path, before)
        raise


def _edited(change: MemberVersion) -> bytes:
    document = TomlDocument(change.path.read_bytes(), str(change.path))
    path = ("project", "version") if document.get(("project", "version")) is not None else ("tool", "poetry", "version")
    document.set(path, format_value(change.new))
    return document.data
