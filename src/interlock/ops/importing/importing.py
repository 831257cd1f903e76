"""``interlock import``: projects of other tools in the standard form, with the versions that their locks have."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.context import Context, Place
from interlock.core.editing.poetry_conversion import convert_poetry
from interlock.core.foreign.locks import FOREIGN_LOCKS, UnreadableLock, parse_foreign_lock
from interlock.core.foreign.projects import ForeignProject, format_project, from_pipfile, from_requirements
from interlock.core.lock.pins import Pin
from interlock.core.names import is_name
from interlock.core.text.encoding import decode_text
from interlock.errors import UsageError
from interlock.ops.editing.changes import ChangeOptions, ChangeOutcome, Draft, change
from interlock.ops.editing.rewrite import read_manifest
from interlock.ops.importing.import_differences import Difference, find_differences
from interlock.ops.importing.importing_workspace import shared_pins
from interlock.ops.locking.lock import lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.store.replace import replace_file
from interlock.workspace.discovery import NoProject, discover
from interlock.workspace.members import Workspace

__all__ = ["ImportOutcome", "NothingToImport", "import_projects"]


class NothingToImport(UsageError):
    code = "nothing-to-import"
    exit_code = 1


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
    workspace = discover(context.place.start, layout=context.means.layout)
    found = _locks(context.place.directory, workspace, files)
    by_lock = {_shown(path, workspace): _pins(path, workspace) for path in found}
    pins = shared_pins(by_lock)
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

    if not (pins or new) and all(member.manifest.dialect != "poetry" for member in workspace.members):
        raise NothingToImport(
            "There is nothing to import here: the projects are in the standard form, "
            "and no other tool's lock is there.",
            hint="They are read as they are: go on with `interlock lock`.",
        )
    outcome = await change(context, make, ChangeOptions(no_sync=True, dry_run=dry_run, pins=pins))
    # A manifest that was made a moment ago is what is wanted already, and there were no pins.
    locked = outcome.lock or await lock(context, LockOptions(dry_run=dry_run))
    return ImportOutcome(
        change=msgspec.structs.replace(outcome, lock=locked),
        converted=tuple(converted),
        locks=tuple(path.name for path in found),
        pins=len(pins),
        differences=await find_differences(context, by_lock, locked.lock) if pins else (),
    )


def _shown(path: Path, workspace: Workspace) -> str:
    return path.relative_to(workspace.root).as_posix() if path.is_relative_to(workspace.root) else path.name


def _pins(path: Path, workspace: Workspace) -> tuple[Pin, ...]:
    beside = [member.manifest for member in workspace.members if member.directory == path.parent]
    asked = tuple(beside[0].every()) if beside else ()
    return parse_foreign_lock(path.name, path.read_bytes(), asked)


def _create(context: Context, files: tuple[str, ...], python: str) -> Path | None:
    """A manifest for a directory that only has files of other tools; the file made, if one was."""
    try:
        discover(context.place.start, layout=context.means.layout)
    except NoProject:
        project = _foreign_project(context.place, files)
        if project is None:
            raise
        name = context.place.start.name if is_name(context.place.start.name) else "project"
        manifest = context.place.start / "pyproject.toml"
        replace_file(manifest, format_project(project, name, python).encode())
        return manifest
    return None


def _foreign_project(place: Place, files: tuple[str, ...]) -> ForeignProject | None:
    lists = [place.directory / name for name in files if name.endswith((".txt", ".in"))]
    pipfile = place.start / "Pipfile"
    if pipfile.is_file() and not lists:
        return from_pipfile(_text(pipfile))
    lists = lists or sorted(place.start.glob("requirements*.in")) or sorted(place.start.glob("requirements*.txt"))
    if not lists:
        return None
    return from_requirements({path.name: _text(path) for path in lists})


def _text(path: Path) -> str:
    try:
        return decode_text(path.read_bytes())
    except UnicodeDecodeError as error:
        raise UnreadableLock(f"{path.name} cannot be read: {error}.") from error


def _locks(directory: Path, workspace: Workspace, files: tuple[str, ...]) -> list[Path]:
    """Locks at the root and beside the members, and those that were named."""
    named = [directory / name for name in files]
    for path in named:
        if not path.is_file():
            raise NothingToImport(f"There is no file {path}.")
    if named:
        return named
    places = [workspace.root, *(member.directory for member in workspace.members)]
    found = [place / name for place in dict.fromkeys(places) for name in FOREIGN_LOCKS if (place / name).is_file()]
    return found or sorted(workspace.root.glob("requirements*.txt"))
