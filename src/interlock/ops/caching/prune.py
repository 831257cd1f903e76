"""``interlock prune``: the part of a workspace that some members need, as the context a container is built from.

::

    <output>/
      manifests/    pyproject.toml of the root and of each member, .python-version, and interlock.lock, cut down:
                    enough to install what the members need, and the same as long as that does not change
      full/         the same with the members' files

Both are workspaces in which the lock is fresh. Files that git ignores are left out, as are its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.build.digest import read_tree
from interlock.context import Context
from interlock.core.editing.reduced_root import RootUse, reduce_root
from interlock.core.lock.codec import encode_lock
from interlock.core.lock.freshness import with_digests
from interlock.core.lock.model import Lock
from interlock.core.lock.part import Slots, concerns, part_of, slots_needed, slots_of
from interlock.core.lock.reach import reach
from interlock.core.members.selection import Selection
from interlock.core.names import NormalizedName
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.slot import PROJECT
from interlock.core.sources.source import Directory, File, Registry
from interlock.errors import InterlockError, ManifestError, UsageError
from interlock.git.command import GitCommand
from interlock.ops.locking.locked_workspace import locked_workspace
from interlock.resolution.reading import Reading, read_workspace
from interlock.store.space import write_file
from interlock.workspace.discovery import discover
from interlock.workspace.graph import member_graph
from interlock.workspace.lockfile import LOCKFILE
from interlock.workspace.members import VIRTUAL_ROOT, Member, Workspace
from interlock.workspace.output import made_beside, put_output
from interlock.workspace.selection import SelectionFlags, locked_extras, select

__all__ = ["OutputNotEmpty", "OutsideWorkspace", "PruneOptions", "PruneOutcome", "prune"]

MANIFESTS, FULL = "manifests", "full"
_MANIFEST = "pyproject.toml"
_ROOT_FILES = (".python-version",)


class OutputNotEmpty(UsageError):
    """Something else is where files are to be written."""

    code = "output-not-empty"
    exit_code = 1


class OutsideWorkspace(ManifestError):
    """A part of a workspace needs something that lies outside of it."""

    code = "outside-workspace"


class PruneOptions(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags
    output: str
    """Relative to the working directory."""
    frozen: bool = False
    """Do not look whether the lock is fresh."""


class PruneOutcome(msgspec.Struct, frozen=True, kw_only=True):
    output: Path
    members: tuple[NormalizedName, ...]
    """Those whose files were copied."""
    packages: int
    """In the lock that was written."""
    files: int


async def prune(context: Context, options: PruneOptions) -> PruneOutcome:
    """Write the part of the workspace; an earlier one at the same place is replaced.

    Raises :class:`OutputNotEmpty`, :class:`OutsideWorkspace`, and :class:`LockOutdated` for a lock that is not fresh.
    """
    found = await locked_workspace(
        context, frozen=options.frozen, locked=not options.frozen, selection=options.selection
    )
    reading, lock = found.reading, found.lock
    workspace = reading.workspace
    selection = select(workspace, options.selection, absent=reading.absent, extras=locked_extras(lock))
    output = context.place.path(options.output)
    async with made_beside(output) as passing:
        await anyio.to_thread.run_sync(_check_output, output, workspace)
        reach(lock, selection)  # refuses what cannot be installed together
        part = _part(reading, lock, selection)
        files = await _files(context.means.environ, workspace, [*part.places, *_local(part.lock)])
        await anyio.to_thread.run_sync(lambda: _write(context, reading, part, passing, files))
        await anyio.to_thread.run_sync(put_output, output)
    return PruneOutcome(output=output, members=part.members, packages=len(part.lock.packages), files=len(files))


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[NormalizedName, ...]
    places: tuple[str, ...]
    lock: Lock
    """Its inputs are still those of the whole."""
    use: RootUse


def _part(reading: Reading, lock: Lock, selection: Selection) -> _Part:
    workspace = reading.workspace
    slots = _needed(reading, lock, selection)
    members = [workspace.by_name[name] for name in sorted(slots) if name in workspace.by_name]
    conflicts = frozenset(items for items in workspace.manifest.settings.conflicts if concerns(items, slots))
    # What the members say themselves stays in their manifests, and so in the lock.
    own = {items for member in members if member.path != "." for items in member.manifest.settings.conflicts}
    part = part_of(lock, slots, tuple(items for items in lock.inputs.conflicts if items in conflicts | own))
    asked = {
        ask.requirement.name for asks in reading.asks for slot in slots.get(asks.name, ()) for ask in asks.of(slot)
    }
    built_with = {name for member in members for name in _build_requirements(reading, member)}
    packages = {package.name for package in part.packages}
    return _Part(
        members=tuple(member.name for member in members),
        places=tuple(member.path for member in members),
        lock=part,
        use=RootUse(
            is_member=any(member.path == "." for member in members),
            paths=tuple(sorted(member.path for member in members if member.path != ".")),
            names=frozenset((*packages, *slots, *built_with)),
            sources=frozenset((*asked, *built_with, *packages)),
            indexes=frozenset(
                package.source.index for package in part.packages if isinstance(package.source, Registry)
            ),
            groups=frozenset(slot.group for slot in slots.get(VIRTUAL_ROOT, ()) if slot.group is not None),
            conflicts=conflicts,
        ),
    )


def _build_requirements(reading: Reading, member: Member) -> set[str]:
    system = member.manifest.build_system
    found = {parse_requirement(text).name for text in (system.requires if system is not None else ())}
    extra = reading.tool.extra_build_dependencies.get(member.name, ())
    return {*found, *(requirement.name for requirement in extra)}


def _check_output(output: Path, workspace: Workspace) -> None:
    if not output.exists():
        return
    entries = set(os.listdir(output)) if output.is_dir() else {""}
    ours = entries == {MANIFESTS, FULL} and (output / MANIFESTS / LOCKFILE).is_file()
    if (entries and not ours) or output == workspace.root:
        raise OutputNotEmpty(
            f"{output} has something else in it, which is left alone.",
            hint="Choose another directory with --output, or empty it.",
            facts={"path": str(output)},
        )


def _needed(reading: Reading, lock: Lock, selection: Selection) -> Slots:
    """What is selected, what that needs on any platform, and what any of it is built with."""
    workspace = reading.workspace
    graph = member_graph(workspace)
    found = slots_needed(lock, reading.asks, slots_of(selection))
    while True:
        builders = graph.dependencies_of(found.keys() & workspace.by_name.keys(), frozenset({"build"})) - found.keys()
        if not builders:
            return found
        found = slots_needed(lock, reading.asks, {**found, **{name: {PROJECT} for name in builders}})


def _local(part: Lock) -> list[str]:
    """Paths of directories and archives, beside the members', that a part needs."""
    found = []
    for package in part.packages:
        if isinstance(package.source, Directory | File):
            if package.source.path.startswith(".."):
                raise OutsideWorkspace(
                    f"{package.name} comes from {package.source.path}, which is outside of the workspace.",
                    hint="Move it below the root, or leave out what needs it.",
                    facts={"package": package.name, "path": package.source.path},
                )
            found.append(package.source.path)
    return found


async def _files(environ: Mapping[str, str], workspace: Workspace, trees: Iterable[str]) -> list[str]:
    """The files of some directories, relative to the root, without those of members that lie in them."""
    root = workspace.root
    git = GitCommand(environ, limiter=anyio.CapacityLimiter(1))
    wanted = list(trees)
    listed = await _not_ignored(git, root, wanted)
    found: set[str] = set()
    for tree in wanted:
        names = await anyio.to_thread.run_sync(_walk, root, tree)
        others = tuple(f"{member.path}/" for member in workspace.members if member.path not in {tree, "."})
        inner = tuple(other for other in others if tree == "." or other.startswith(f"{tree}/"))
        known = listed[tree]
        found.update(
            name for name in names if (known is None or name in known) and not (inner and name.startswith(inner))
        )
    return sorted(found - {LOCKFILE})


async def _not_ignored(git: GitCommand, root: Path, trees: Sequence[str]) -> dict[str, frozenset[str] | None]:
    """What git does not ignore below each directory; None where git is not to be asked.

    One question for all of them, since starting git takes longer than its answer; where git does not want to hear of
    one directory, one for each.
    """
    try:
        listed = await git.run("ls-files", "-co", "--exclude-standard", "-z", "--", *trees, cwd=root)
    except InterlockError:
        if len(trees) == 1:
            return {trees[0]: None}
        alone = [await _not_ignored(git, root, [tree]) for tree in trees]
        return {tree: known for found in alone for tree, known in found.items()}
    names = frozenset(listed.stdout.split("\0"))
    return dict.fromkeys(trees, names)


def _walk(root: Path, tree: str) -> list[str]:
    place = root / tree
    if place.is_file():
        return [tree]
    prefix = "" if tree == "." else f"{tree}/"
    return [f"{prefix}{name}" for name, _, _ in read_tree(place)]


def _write(context: Context, reading: Reading, part: _Part, output: Path, files: list[str]) -> None:
    root = reading.workspace.root
    copied = {name for name in _ROOT_FILES if (root / name).is_file()}
    copied |= {f"{place}/{_MANIFEST}" for place in part.places if place != "."}
    own = reduce_root((root / _MANIFEST).read_bytes(), reading.workspace.manifest, part.use)
    for folder, names in ((MANIFESTS, copied), (FULL, copied | set(files))):
        for name in sorted(names - {_MANIFEST}):
            place = output / folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, place, follow_symlinks=False)
        (output / folder).mkdir(parents=True, exist_ok=True)
        write_file(output / folder / _MANIFEST, own)
        shutil.copymode(root / _MANIFEST, output / folder / _MANIFEST)
    lock = encode_lock(_with_inputs(context, reading, part.lock, output / FULL))
    for folder in (MANIFESTS, FULL):
        write_file(output / folder / LOCKFILE, lock)


def _with_inputs(context: Context, reading: Reading, part: Lock, root: Path) -> Lock:
    """The lock of a part, fresh for the manifests that go with it."""
    paths = {package.source.path for package in part.packages if isinstance(package.source, Directory)}
    paths |= {member.path for member in part.members}
    trees = {path: digest for path, digest in part.inputs.trees.items() if path in paths}
    part = msgspec.structs.replace(part, inputs=msgspec.structs.replace(part.inputs, trees=trees))
    there = discover(root, project=root)
    reduced = read_workspace(context.within(there.settings).means, there, part)
    inputs = msgspec.structs.replace(reduced.inputs, trees=trees)
    return with_digests(msgspec.structs.replace(part, inputs=inputs), reduced.current)
