"""``interlock import``: projects of other tools in the standard form, with the versions that their locks have."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.core.editing.poetry_conversion import convert_poetry
from interlock.core.encoded_text import decode_text
from interlock.core.foreign_locks import FOREIGN_LOCKS, UnreadableLock, parse_foreign_lock
from interlock.core.foreign_projects import ForeignProject, format_project, from_pipfile, from_requirements
from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName, is_name
from interlock.core.pins import Pin
from interlock.core.sources import Member
from interlock.errors import UsageError
from interlock.ops.changes import ChangeOptions, ChangeOutcome, Draft, change
from interlock.ops.lock import lock
from interlock.ops.rewrite import read_manifest
from interlock.store.replace import replace_file
from interlock.workspace.context import Context
from interlock.workspace.discovery import NoProject, discover
from interlock.workspace.members import Workspace
from interlock.workspace.options import LockOptions

__all__ = ["Difference", "ImportOutcome", "NothingToImport", "import_projects"]


class NothingToImport(UsageError):
    code = "nothing-to-import"
    exit_code = 1


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A package that the two locks do not hold in the same versions."""

    name: NormalizedName
    before: tuple[str, ...]
    after: tuple[str, ...]


class ImportOutcome(msgspec.Struct, frozen=True, kw_only=True):
    change: ChangeOutcome
    converted: tuple[str, ...]
    """Paths of the members that were rewritten."""
    locks: tuple[str, ...]
    """Files that pins were taken from."""
    pins: int
    differences: tuple[Difference, ...]


async def import_projects(
    context: Context, files: tuple[str, ...], *, dry_run: bool, keep: bool, python: str = ""
) -> ImportOutcome:
    """Rewrite what is not in the standard form (unless ``keep``), and lock with the pins of the locks that are there.

    ``files`` are further locks or lists of requirements; ``python`` is the range of a project that says none. Nothing
    is installed.
    """
    created = _create(context, files, python)
    try:
        return await _import(context, files, dry_run=dry_run, keep=keep, new=created is not None)
    except BaseException:
        if created is not None:
            created.unlink(missing_ok=True)
        raise
    finally:
        if dry_run and created is not None:
            created.unlink(missing_ok=True)


async def _import(context: Context, files: tuple[str, ...], *, dry_run: bool, keep: bool, new: bool) -> ImportOutcome:
    workspace = discover(context.start, layout=context.layout)
    found = _locks(context, workspace, files)
    pins = tuple(dict.fromkeys(pin for path in found for pin in parse_foreign_lock(path.name, path.read_bytes())))
    converted: list[str] = []

    async def make(workspace: Workspace) -> Draft:
        converted.clear()
        result: dict[str, bytes] = {}
        for member in workspace.members:
            data = read_manifest(workspace, member.path)
            result[member.path] = data
            if not keep and b"poetry" in data and member.manifest.dialect in {"poetry", "interlock"}:
                result[member.path] = convert_poetry(data, member.manifest, member.file)
            if result[member.path] != data:
                converted.append(member.path)
        return Draft(files=result)

    wished = tuple(pin for pin in pins if not pin.local)
    if not (wished or new) and all(member.manifest.dialect != "poetry" for member in workspace.members):
        raise NothingToImport(
            "There is nothing to import here: the projects are in the standard form, "
            "and no other tool's lock is there.",
            hint="They are read as they are: go on with `interlock lock`.",
        )
    outcome = await change(context, make, ChangeOptions(no_sync=True, dry_run=dry_run, pins=wished))
    # A manifest that was made a moment ago is what is wanted already, and there were no pins.
    locked = outcome.lock or await lock(context, LockOptions(dry_run=dry_run))
    return ImportOutcome(
        change=msgspec.structs.replace(outcome, lock=locked),
        converted=tuple(converted),
        locks=tuple(path.name for path in found),
        pins=len(wished),
        differences=_differences(wished, locked.lock) if wished else (),
    )


def _create(context: Context, files: tuple[str, ...], python: str) -> Path | None:
    """A manifest for a directory that only has files of other tools; the file made, if one was."""
    try:
        discover(context.start, layout=context.layout)
    except NoProject:
        project = _foreign_project(context, files)
        if project is None:
            raise
        name = context.start.name if is_name(context.start.name) else "project"
        manifest = context.start / "pyproject.toml"
        replace_file(manifest, format_project(project, name, python).encode())
        return manifest
    return None


def _foreign_project(context: Context, files: tuple[str, ...]) -> ForeignProject | None:
    lists = [context.cwd / name for name in files if name.endswith((".txt", ".in"))]
    pipfile = context.start / "Pipfile"
    if pipfile.is_file() and not lists:
        return from_pipfile(_text(pipfile))
    lists = lists or sorted(context.start.glob("requirements*.in")) or sorted(context.start.glob("requirements*.txt"))
    if not lists:
        return None
    return from_requirements({path.name: _text(path) for path in lists})


def _text(path: Path) -> str:
    try:
        return decode_text(path.read_bytes())
    except UnicodeDecodeError as error:
        raise UnreadableLock(f"{path.name} cannot be read: {error}.") from error


def _locks(context: Context, workspace: Workspace, files: tuple[str, ...]) -> list[Path]:
    """Locks at the root and beside the members, and those that were named."""
    named = [context.cwd / name for name in files]
    for path in named:
        if not path.is_file():
            raise NothingToImport(f"There is no file {path}.")
    if named:
        return named
    places = [workspace.root, *(member.directory for member in workspace.members)]
    found = [place / name for place in dict.fromkeys(places) for name in FOREIGN_LOCKS if (place / name).is_file()]
    return found or sorted(workspace.root.glob("requirements*.txt"))


def _differences(pins: tuple[Pin, ...], lock: Lock) -> tuple[Difference, ...]:
    before: dict[NormalizedName, set[str]] = {}
    after: dict[NormalizedName, set[str]] = {}
    members = {member.name for member in lock.members}
    for pin in pins:
        if pin.name not in members:
            before.setdefault(pin.name, set()).add(pin.version)
    for package in lock.packages:
        if not isinstance(package.source, Member):
            after.setdefault(package.name, set()).add(package.version)
    return tuple(
        Difference(name=name, before=tuple(sorted(before.get(name, ()))), after=tuple(sorted(after.get(name, ()))))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )
