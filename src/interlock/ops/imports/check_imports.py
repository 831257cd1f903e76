"""``interlock check --imports``: what members import and do not declare, and what they declare for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.imports.judge import Declared, Fault, judge
from interlock.core.imports.modules import Modules
from interlock.core.imports.owners import Owners
from interlock.core.imports.standard import standard_modules
from interlock.core.manifests.lines import find_line
from interlock.core.manifests.manifest import Manifest
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.events import Warned
from interlock.ops.imports.memory import Memory
from interlock.ops.imports.offered import Offered
from interlock.ops.imports.sources import MemberSources, read_sources
from interlock.ops.showing.reading import Locked, read_locked
from interlock.workspace.members import Member, Workspace
from interlock.workspace.selection import SelectionFlags

__all__ = ["ImportCode", "ImportFinding", "ImportsReport", "check_imports"]

_BUILD_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TEST_EXTRAS = frozenset({"dev", "develop", "development", "test", "tests", "testing"})
_SHOWN = 3


ImportCode = Literal["undeclared-import", "unused-dependency"]


class ImportFinding(msgspec.Struct, frozen=True, kw_only=True):
    code: ImportCode
    member: NormalizedName
    file: str
    line: int | None
    package: NormalizedName
    """What has to be declared, or need not be."""
    locked: bool
    """Whether it is in the lock; what is not is named after the module."""
    module: str
    places: tuple[str, ...]
    """Everywhere it is imported, ``file:line``."""
    command: str
    """What mends it."""
    message: str


class ImportsReport(msgspec.Struct, frozen=True, kw_only=True):
    members: int
    files: int
    findings: tuple[ImportFinding, ...]
    unknown: tuple[NormalizedName, ...]
    """Packages that members declare, and of which it is not known what they offer."""
    broken: tuple[str, ...]
    """Files that are no Python that could be read."""


async def check_imports(context: Context, flags: SelectionFlags) -> ImportsReport:
    """Look at the sources of the members that are selected.

    Raises :class:`~interlock.workspace.lockfile.NoLock`, :class:`~interlock.workspace.members.UnknownMember` and
    :class:`~interlock.ops.imports.sources.SourceTooLarge`.
    """
    locked = await read_locked(context, flags, frozen=False, locked=False, strict=False)
    memory = await anyio.to_thread.run_sync(Memory, locked.context.means.layout, locked.workspace.root)
    sources = await anyio.to_thread.run_sync(_read_all, locked.workspace, memory)
    chosen = [locked.workspace.by_name[part.member] for part in locked.selection.members if part.member]
    offered = Offered(locked.context, locked.workspace, locked.lock, memory)
    known = await _modules(locked, chosen, sources, offered)
    report = await anyio.to_thread.run_sync(_report, locked, chosen, sources, known)
    await anyio.to_thread.run_sync(memory.save)
    return report


def _read_all(workspace: Workspace, memory: Memory) -> dict[NormalizedName, MemberSources]:
    """Of all members, since those that are selected may import any."""
    folders = frozenset(member.path for member in workspace.members if member.path != ".")
    return {member.name: read_sources(member, folders, memory) for member in workspace.members}


async def _modules(
    locked: Locked, chosen: Iterable[Member], sources: dict[NormalizedName, MemberSources], offered: Offered
) -> dict[NormalizedName, Modules]:
    """What packages and members offer; packages that nobody declares are looked at only for what has no owner yet."""
    members = {name: found.modules for name, found in sources.items()}
    declared = {name for member in chosen for name in _all_names(locked.workspace, member)}
    known = {**await offered.of(declared), **members}
    owners = Owners(known)
    for member in chosen:
        standard = standard_modules(member.manifest.requires_python)
        for file in sources[member.name].files:
            for found in file.scan.imports:
                root = found.module.partition(".")[0]
                if root not in standard and root not in file.local and not all(map(owners.of, owners.each(found))):
                    return {**await offered.of(offered.names), **members}
    return known


def _report(
    locked: Locked,
    chosen: list[Member],
    sources: dict[NormalizedName, MemberSources],
    known: dict[NormalizedName, Modules],
) -> ImportsReport:
    workspace, owners = locked.workspace, Owners(known)
    asked = {name for member in chosen for name in _all_names(workspace, member)}
    locked_names = {package.name for package in locked.lock.packages}
    unknown = frozenset(name for name in asked & locked_names if name not in known)
    if unknown:
        text = f"It is not known what {', '.join(sorted(unknown))} offer to those who import: no wheel of them is here."
        locked.context.means.reporter.report(Warned("unknown-modules", text))
    findings: list[ImportFinding] = []
    for member in chosen:
        faults = judge(sources[member.name].files, _declared(workspace, member, unknown), owners)
        text = (member.directory / "pyproject.toml").read_text(encoding="utf-8", errors="replace") if faults else ""
        findings += [_finding(member, fault, text, locked=fault.package in known) for fault in faults]
    return ImportsReport(
        members=len(chosen),
        files=sum(len(sources[member.name].files) for member in chosen),
        findings=tuple(findings),
        unknown=tuple(sorted(unknown)),
        broken=tuple(file for member in chosen for file in sources[member.name].broken),
    )


def _declared(workspace: Workspace, member: Member, unknown: frozenset[NormalizedName]) -> Declared:
    manifest, root = member.manifest, workspace.manifest
    groups = {*_group_names(manifest), *_group_names(root)}
    has_tests = bool(groups) or not _TEST_EXTRAS.isdisjoint(manifest.extras)
    build = manifest.build_system.requires if manifest.build_system is not None else ()
    needed = (found[1] for text in build if (found := _BUILD_NAME.match(text)))
    return Declared(
        member=member.name,
        project=frozenset(_names(manifest.dependencies)),
        extras=frozenset(name for asked in manifest.extras.values() for name in _names(asked)),
        groups=frozenset({*groups, *map(normalize_name, needed)}),
        has_tests=has_tests,
        ignored=frozenset({*_ignored(manifest), *_ignored(root)}),
        unknown=unknown,
        standard=standard_modules(manifest.requires_python),
        words=frozenset(_words([manifest.kept.get("tasks"), root.kept.get("tasks")])),
    )


def _names(requirements: Iterable[Requirement]) -> Iterator[NormalizedName]:
    return (requirement.name for requirement in requirements)


def _group_names(manifest: Manifest) -> Iterator[NormalizedName]:
    for entries in manifest.groups.values():
        yield from (entry.name for entry in entries if isinstance(entry, Requirement))


def _all_names(workspace: Workspace, member: Member) -> set[NormalizedName]:
    return {*_names(member.manifest.every()), *_group_names(workspace.manifest)}


def _ignored(manifest: Manifest) -> Iterator[str]:
    table = manifest.kept.get("imports")
    names = table.get("ignore", ()) if isinstance(table, dict) else ()
    return (normalize_name(name) for name in names)


def _words(value: object) -> Iterator[str]:
    """The words of all texts in a value."""
    if isinstance(value, str):
        yield from _WORD.findall(value)
    elif isinstance(value, dict):
        yield from _words(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)


def _finding(member: Member, fault: Fault, text: str, *, locked: bool) -> ImportFinding:
    name = fault.package
    places = tuple(f"{place.file}:{place.line}" for place in fault.places)
    code: ImportCode
    if fault.kind == "unused":
        line = find_line(text, ("project", "dependencies"), near=name)
        file, code, command = member.file, "unused-dependency", f"interlock remove {name} --package {member.name}"
        message = f"{member.name} declares {name}, and imports nothing of it."
    else:
        file, line, code = fault.places[0].file, fault.places[0].line, "undeclared-import"
        dev = " --dev" if fault.slot == "dev" else ""
        command = f"interlock add {name} --package {member.name}{dev}"
        message = f"imports `{fault.module}`, {_why(member, fault)}{_also(places)}."
    return ImportFinding(
        code=code,
        member=member.name,
        file=file,
        line=line,
        package=name,
        locked=locked,
        module=fault.module,
        places=places,
        command=command,
        message=f"{message} Mend it with `{command}`.",
    )


def _why(member: Member, fault: Fault) -> str:
    if not fault.owners:
        return f"which nothing that is locked offers, and {member.name} declares nothing for it"
    others = [name for name in fault.owners if name != fault.package]
    also = f" (or {', '.join(others)})" if others else ""
    if fault.slot == "group":
        return f"which is of {fault.package}{also}, and {member.name} has that only in a dependency group"
    return f"which is of {fault.package}{also}, and {member.name} does not declare that"


def _also(places: tuple[str, ...]) -> str:
    more = places[1 : 1 + _SHOWN]
    rest = len(places) - 1 - len(more)
    return f" (also {', '.join(more)}{f' and {rest} more' if rest else ''})" if more else ""
