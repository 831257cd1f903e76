"""Which members have files that changed since a git reference."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.to_thread

from interlock.core.names import NormalizedName
from interlock.git.command import GitCommand
from interlock.workspace.context import Context
from interlock.workspace.members import Workspace

__all__ = ["changed_members"]


async def changed_members(context: Context, workspace: Workspace, reference: str) -> frozenset[NormalizedName]:
    """Members that hold a file which differs from ``reference``, or is new; raises :class:`GitFailed`."""
    git = GitCommand(context.environ, limiter=anyio.CapacityLimiter(2))
    top = Path((await git.run("rev-parse", "--show-toplevel", cwd=workspace.root)).stdout.rstrip("\n"))
    differing = await git.run("diff", "--name-only", "-z", "--end-of-options", reference, "--", cwd=top)
    fresh = await git.run("ls-files", "--others", "--exclude-standard", "-z", cwd=top)
    names = (differing.stdout + fresh.stdout).split("\0")
    return await anyio.to_thread.run_sync(_holders, workspace, top, names)


def _holders(workspace: Workspace, top: Path, names: list[str]) -> frozenset[NormalizedName]:
    root, real = workspace.root.resolve(), top.resolve()
    paths = (real / name for name in names if name)
    inside = (workspace.root / path.relative_to(root) for path in paths if path.is_relative_to(root))
    return frozenset(member.name for path in inside if (member := workspace.containing(path)) is not None)
