"""``interlock import --workspace``: the projects of a repository as members of one workspace, with one lock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.editing.poetry_conversion import convert_poetry
from interlock.core.editing.workspace_conversion import Gathered, gather, workspace_root
from interlock.core.foreign.locks import FOREIGN_LOCKS, parse_foreign_lock
from interlock.core.lock.codec import encode_lock
from interlock.core.lock.inputs import own_inputs
from interlock.core.lock.moves import Moves
from interlock.core.lock.pins import Pin
from interlock.core.manifests.manifest import ConflictItem, Manifest
from interlock.core.manifests.parse import parse_manifest
from interlock.core.members.conflict_sets import exclusive_sets
from interlock.core.names import NormalizedName
from interlock.core.resolver.failure import NoSolution
from interlock.core.versions.version_list import release_key
from interlock.errors import InterlockError, UsageError
from interlock.git.command import GitCommand
from interlock.ops.editing.rewrite import read_file
from interlock.ops.importing.import_differences import Difference, find_differences
from interlock.ops.locking.conflicts import find_conflicts
from interlock.ops.locking.lock import lock_held
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.locking.lock_outcome import LockOutcome
from interlock.store.locks import hold
from interlock.store.replace import replace_file
from interlock.store.usage import using
from interlock.workspace.discovery import DuplicateMember
from interlock.workspace.guards import workspace_guard
from interlock.workspace.lockfile import lockfile_path
from interlock.workspace.members import Member, Workspace

__all__ = ["WorkspaceImport", "import_workspace", "pins_beside", "shared_pins"]

_MANIFEST = "pyproject.toml"
_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "build", "dist"})


class NothingToJoin(UsageError):
    """There are no projects below a directory that could be a workspace."""

    code = "nothing-to-join"
    exit_code = 1


class WorkspaceImport(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[str, ...]
    """Paths."""
    files: dict[str, bytes]
    """Manifests that were changed, by the path of their directory."""
    locks: tuple[str, ...]
    """Files that pins were taken from."""
    pins: int
    notes: tuple[str, ...]
    """What could not be kept as it was, one sentence each."""
    conflicts: tuple[tuple[ConflictItem, ...], ...]
    """What cannot be in one environment, which has been declared."""
    lock: LockOutcome
    differences: tuple[Difference, ...]


async def import_workspace(context: Context, *, dry_run: bool) -> WorkspaceImport:
    """Make a workspace of all projects in and below the directory; nothing is written unless it can be locked.

    Raises :class:`NothingToJoin`, and what resolving raises.
    """
    root = context.place.start
    places = await _places(context.means.environ, root)
    manifests, left_alone = await anyio.to_thread.run_sync(_read, root, places)
    if not [path for path in manifests if path != "."]:
        raise NothingToJoin(
            f"There are no projects below {root} to make a workspace of.",
            hint="Run it at the root of the repository, above its projects.",
        )
    gathered = gather(manifests)
    before = {path: read_file(root / path / _MANIFEST) or b"" for path in {".", *manifests}}
    converted = {path: _converted(before[path], manifest) for path, manifest in gathered.manifests.items()}
    pins = await anyio.to_thread.run_sync(pins_beside, root, manifests)
    wished = LockOptions(moves=Moves(pins=shared_pins(pins)), dry_run=True)
    context.means.layout.prepare()
    async with using(context.means.layout), hold(workspace_guard(root), passing=True):
        made = _Made(root, converted, gathered, before["."])
        try:
            outcome = await lock_held(context, made.workspace(), wished)
        except NoSolution:
            made.conflicts = exclusive_sets(await find_conflicts(context, made.workspace()))
            outcome = await lock_held(context, made.workspace(), wished)
        files = {path: data for path, data in made.files().items() if data != before[path]}
        if not dry_run:
            targets = {root / path / _MANIFEST: data for path, data in files.items()}
            await anyio.to_thread.run_sync(_write, {**targets, lockfile_path(root): encode_lock(outcome.lock)})
    differences = await find_differences(context, pins, outcome.lock) if pins else ()
    return WorkspaceImport(
        members=tuple(sorted(manifests)),
        files=files,
        locks=tuple(pins),
        pins=len(wished.moves.pins),
        notes=(*gathered.notes, *left_alone),
        conflicts=made.conflicts,
        lock=outcome,
        differences=differences,
    )


class _Made:
    """The workspace as it will be."""

    def __init__(self, root: Path, converted: Mapping[str, bytes], gathered: Gathered, old: bytes) -> None:
        self._root = root
        self._converted = converted
        self._gathered = gathered
        self._old = old
        self.conflicts: tuple[tuple[ConflictItem, ...], ...] = ()

    def __repr__(self) -> str:
        return f"<workspace of {len(self._converted)} projects>"

    def files(self) -> dict[str, bytes]:
        paths = [path for path in self._converted if path != "."]
        own = self._converted.get(".", self._old)
        return {**self._converted, ".": workspace_root(own, paths, self._gathered.indexes, self.conflicts)}

    def workspace(self) -> Workspace:
        members: dict[NormalizedName, Member] = {}
        top: tuple[Manifest, dict[str, str]] | None = None
        for path, data in self.files().items():
            manifest = parse_manifest(data, path=path, file=_file(path))
            inputs = own_inputs(manifest)
            if path == ".":
                top = manifest, inputs
            if manifest.name is None:
                continue
            member = Member(name=manifest.name, path=path, manifest=manifest, root=self._root, own_inputs=inputs)
            other = members.setdefault(manifest.name, member)
            if other is not member:
                raise DuplicateMember(
                    f"Two projects are called `{member.name}`: {other.file} and {member.file}.",
                    hint="Rename one of them.",
                    facts={"name": member.name, "files": [other.file, member.file]},
                )
        assert top is not None
        return Workspace(
            root=self._root,
            manifest=top[0],
            members=tuple(members[name] for name in sorted(members)),
            root_inputs=top[1],
        )


def _file(path: str) -> str:
    return _MANIFEST if path == "." else f"{path}/{_MANIFEST}"


def _converted(data: bytes, manifest: Manifest) -> bytes:
    return convert_poetry(data, manifest, _file(manifest.path)) if manifest.dialect == "poetry" else data


async def _places(environ: Mapping[str, str], root: Path) -> list[str]:
    """Directories with a manifest, relative to the root, without what git ignores."""
    found = await anyio.to_thread.run_sync(_walk, root)
    git = GitCommand(environ, limiter=anyio.CapacityLimiter(1))
    try:
        listed = await git.run("ls-files", "-co", "--exclude-standard", "-z", "--", ".", cwd=root)
    except InterlockError:
        return found
    known = set(listed.stdout.split("\0"))
    return [path for path in found if _file(path) in known]


def _walk(root: Path) -> list[str]:
    found = []
    for folder, folders, names in os.walk(root):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        if _MANIFEST in names:
            found.append(os.path.relpath(folder, root).replace(os.sep, "/"))
    return sorted(found)


def _read(root: Path, places: list[str]) -> tuple[dict[str, Manifest], list[str]]:
    """The projects among them, and what is to be said of the others."""
    found: dict[str, Manifest] = {}
    notes = []
    for path in places:
        file = root / path / _MANIFEST
        try:
            manifest = parse_manifest(file.read_bytes(), path=path, file=_file(path))
        except InterlockError as error:
            if path == ".":
                raise
            notes.append(f"{_file(path)} is left alone: {error.message.splitlines()[0]}")
            continue
        if manifest.workspace is not None:
            raise NothingToJoin(
                f"{_file(path)} has a workspace already.",
                hint="Go on with it: `interlock import` without --workspace takes the versions of its locks over.",
            )
        if manifest.name is not None and manifest.managed:
            found[path] = manifest
    return found, notes


def pins_beside(root: Path, manifests: Mapping[str, Manifest]) -> dict[str, tuple[Pin, ...]]:
    """The pins of each lock that another tool has left beside a project, by the file's path; blocking."""
    found = {}
    for path in sorted({".", *manifests}):
        asked = tuple(manifests[path].every()) if path in manifests else ()
        for name in FOREIGN_LOCKS:
            file = root / path / name
            if file.is_file():
                shown = name if path == "." else f"{path}/{name}"
                found[shown] = parse_foreign_lock(name, file.read_bytes(), asked)
    return found


def shared_pins(pins: Mapping[str, tuple[Pin, ...]]) -> tuple[Pin, ...]:
    """All pins as wishes of one resolution. Where locks have different versions of a package, none says where which
    one counts: each spoke for itself."""
    versions: dict[NormalizedName, set[frozenset[str]]] = {}
    for found in pins.values():
        own: dict[NormalizedName, set[str]] = {}
        for pin in found:
            own.setdefault(pin.name, set()).add(pin.version)
        for name, here in own.items():
            versions.setdefault(name, set()).add(frozenset(here))
    wished = [
        pin if len(versions[pin.name]) == 1 else msgspec.structs.replace(pin, markers=())
        for found in pins.values()
        for pin in found
        if not pin.local
    ]
    # Of several wishes the first that will do counts: the newest.
    return tuple(sorted(dict.fromkeys(wished), key=lambda pin: release_key(pin.version), reverse=True))


def _write(targets: Mapping[Path, bytes]) -> None:
    undo = {path: read_file(path) for path in targets}
    try:
        for path, data in targets.items():
            replace_file(path, data)
    except BaseException:
        for path, was in undo.items():
            if was is None:
                path.unlink(missing_ok=True)
            else:
                replace_file(path, was)
        raise
