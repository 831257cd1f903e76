"""What changed in a workspace since a git revision: its files, and the members that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.core.names import NormalizedName
from interlock.errors import UsageError
from interlock.git.command import GitCommand
from interlock.workspace.members import Workspace

__all__ = ["Changes", "UnknownRevision", "changed_members", "changes_since", "file_at"]


class UnknownRevision(UsageError):
    """A git revision is named that this repository does not have."""

    code = "unknown-revision"
    exit_code = 1


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    commit: str
    """What the files were compared with."""
    files: tuple[str, ...]
    """Changed, new and deleted files below the workspace's root, POSIX, relative to it, sorted."""


async def changed_members(environ: Mapping[str, str], workspace: Workspace, revision: str) -> frozenset[NormalizedName]:
    """Members that hold a file which differs from the revision, or is new; raises :class:`GitFailed`."""
    changes = await changes_since(environ, workspace.root, revision)
    inside = (workspace.root / name for name in changes.files)
    return frozenset(member.name for path in inside if (member := workspace.containing(path)) is not None)


async def changes_since(environ: Mapping[str, str], root: Path, revision: str, *, fork_point: bool = False) -> Changes:
    """Compare the working tree with a revision; with ``fork_point``, with where the branch left that revision.

    What git ignores does not count. Raises :class:`UnknownRevision`.
    """
    git = _git(environ)
    commit = await _commit(git, root, revision)
    if fork_point:
        # A shallow clone may not know where that was; the revision itself tells of more changes, never of fewer.
        base = await git.run("merge-base", commit, "HEAD", cwd=root, check=False)
        commit = commit if base.status else base.stdout.strip()
    top = Path((await git.run("rev-parse", "--show-toplevel", cwd=root)).stdout.rstrip("\n"))
    # A file that moved from one member to another concerns both.
    differing = await git.run("diff", "--name-only", "--no-renames", "-z", commit, "--", cwd=top)
    fresh = await git.run("ls-files", "--others", "--exclude-standard", "-z", cwd=top)
    names = (differing.stdout + fresh.stdout).split("\0")
    return Changes(commit=commit, files=await anyio.to_thread.run_sync(_below, root, top, names))


async def file_at(environ: Mapping[str, str], root: Path, commit: str, name: str) -> bytes | None:
    """The content of a file below the root as a commit has it; None when it has no such file."""
    found = await _git(environ).run("show", f"{commit}:./{name}", cwd=root, check=False)
    return None if found.status else found.stdout.encode("utf-8", "surrogateescape")


def _git(environ: Mapping[str, str]) -> GitCommand:
    return GitCommand(environ, limiter=anyio.CapacityLimiter(2))


async def _commit(git: GitCommand, root: Path, revision: str) -> str:
    inside = await git.run("rev-parse", "--git-dir", cwd=root, check=False)
    if inside.status:
        raise UnknownRevision(
            f"{root} is not in a git repository, so nothing can be compared with `{revision}`.",
            facts={"revision": revision},
        )
    found = await git.run(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", cwd=root, check=False
    )
    if found.status:
        raise UnknownRevision(
            f"This repository has no revision `{revision}`.",
            hint="Name a branch, a tag or a commit. In CI, the checkout has to bring its history along.",
            facts={"revision": revision},
        )
    return found.stdout.strip()


def _below(root: Path, top: Path, names: list[str]) -> tuple[str, ...]:
    inside, real = root.resolve(), top.resolve()
    paths = (real / name for name in names if name)
    return tuple(sorted({path.relative_to(inside).as_posix() for path in paths if path.is_relative_to(inside)}))
