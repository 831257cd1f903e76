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
from collections.abc import Iterable
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.build.digest import read_tree
from interlock.core.lock.codec import encode_lock
from interlock.core.lock.model import Lock
from interlock.core.lock.part import part_of
from interlock.core.lock.reach import reach
from interlock.core.names import NormalizedName
from interlock.core.selection import Selection
from interlock.core.sources import Directory, File
from interlock.errors import InterlockError, ManifestError, UsageError
from interlock.git.command import GitCommand
from interlock.ops.sync import locked_workspace
from interlock.workspace.context import Context
from interlock.workspace.graph import member_graph
from interlock.workspace.lockfile import LOCKFILE
from interlock.workspace.members import Workspace
from interlock.workspace.selection import SelectionFlags, locked_extras, select

__all__ = ["OutputNotEmpty", "OutsideWorkspace", "PruneOptions", "PruneOutcome", "prune"]

MANIFESTS, FULL = "manifests", "full"
_ROOT_FILES = ("pyproject.toml", ".python-version")


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
    prepared, lock, _ = await locked_workspace(
        context, frozen=options.frozen, locked=not options.frozen, selection=options.selection
    )
    workspace = prepared.workspace
    selection = select(workspace, options.selection, absent=prepared.absent, extras=locked_extras(lock))
    output = context.place(options.output)
    await anyio.to_thread.run_sync(_check_output, output, workspace)
    names = _needed(workspace, lock, selection)
    places = [workspace.by_name[name].path for name in names]
    trees = [*places, *_local(lock, selection)]
    part = part_of(lock, names)
    files = await _files(context, workspace, trees)
    passing = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        await anyio.to_thread.run_sync(lambda: _write(workspace, passing, places, files, encode_lock(part)))
        await anyio.to_thread.run_sync(_put, passing, output)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(passing, ignore_errors=True))
    return PruneOutcome(output=output, members=names, packages=len(part.packages), files=len(files))


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


def _needed(workspace: Workspace, lock: Lock, selection: Selection) -> tuple[NormalizedName, ...]:
    """The members to bring along: selected, needed by these on any platform, or needed to build one of them."""
    reached = {NormalizedName(name) for name, _, kind in reach(lock, selection) if kind == "member"}
    reached |= {part.member for part in selection.members if part.member in workspace.by_name}
    graph = member_graph(workspace)
    builders = graph.dependencies_of(reached & workspace.by_name.keys(), frozenset({"build"})) - reached
    found = reached | graph.dependencies_of(builders, frozenset({"runtime", "build"}))
    return tuple(name for name in sorted(found) if name in workspace.by_name)


def _local(lock: Lock, selection: Selection) -> list[str]:
    """Paths of directories and archives, beside the members', that the selection needs."""
    reached = {(name, version) for name, version, kind in reach(lock, selection) if kind != "member"}
    found = []
    for package in lock.packages:
        if isinstance(package.source, Directory | File) and (package.name, package.version) in reached:
            if package.source.path.startswith(".."):
                raise OutsideWorkspace(
                    f"{package.name} comes from {package.source.path}, which is outside of the workspace.",
                    hint="Move it below the root, or leave out what needs it.",
                    facts={"package": package.name, "path": package.source.path},
                )
            found.append(package.source.path)
    return found


async def _files(context: Context, workspace: Workspace, trees: Iterable[str]) -> list[str]:
    """The files of some directories, relative to the root, without those of members that lie in them."""
    root = workspace.root
    git = GitCommand(context.environ, limiter=anyio.CapacityLimiter(1))
    found: set[str] = set()
    for tree in trees:
        names = await anyio.to_thread.run_sync(_walk, root, tree)
        listed = await _not_ignored(git, root, tree)
        others = tuple(f"{member.path}/" for member in workspace.members if member.path not in {tree, "."})
        inner = tuple(other for other in others if tree == "." or other.startswith(f"{tree}/"))
        found.update(
            name for name in names if (listed is None or name in listed) and not (inner and name.startswith(inner))
        )
    return sorted(found - {LOCKFILE})


async def _not_ignored(git: GitCommand, root: Path, tree: str) -> set[str] | None:
    """What git does not ignore below a directory; None where git is not to be asked."""
    try:
        listed = await git.run("ls-files", "-co", "--exclude-standard", "-z", "--", tree, cwd=root)
    except InterlockError:
        return None
    return set(listed.stdout.split("\0"))


def _walk(root: Path, tree: str) -> list[str]:
    place = root / tree
    if place.is_file():
        return [tree]
    prefix = "" if tree == "." else f"{tree}/"
    return [f"{prefix}{name}" for name, _, _ in read_tree(place)]


def _write(workspace: Workspace, output: Path, places: list[str], files: list[str], lock: bytes) -> None:
    root = workspace.root
    manifests = {name for name in _ROOT_FILES if (root / name).is_file()}
    manifests |= {"pyproject.toml" if place == "." else f"{place}/pyproject.toml" for place in places}
    for folder, names in ((MANIFESTS, manifests), (FULL, manifests | set(files))):
        for name in sorted(names):
            place = output / folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, place, follow_symlinks=False)
        (output / folder / LOCKFILE).write_bytes(lock)


def _put(made: Path, output: Path) -> None:
    if output.exists():
        shutil.rmtree(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    made.rename(output)
