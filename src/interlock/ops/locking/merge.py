"""``interlock lock --merge``: locks merged by meaning, for git and for files that git gave up on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import anyio.to_thread

from interlock.context import Context
from interlock.core.lock.codec import decode_lock, encode_lock
from interlock.core.lock.merge import has_conflicts, merge_locks, shared_pins, split_conflicts
from interlock.core.lock.model import Lock
from interlock.errors import GitError, LockError
from interlock.store.replace import read_regular, replace_file
from interlock.workspace.discovery import discover
from interlock.workspace.lockfile import LOCKFILE, read_lockfile

__all__ = ["MergeDisputed", "NoRepository", "install_merge_driver", "merge_files", "pins_of_conflicted"]

_ATTRIBUTE = f"{LOCKFILE} merge=interlock"
_DRIVER = "interlock lock --merge %O %A %B"


class MergeDisputed(LockError):
    """Two locks cannot be merged without resolving again."""

    code = "merge-disputed"


class NoRepository(GitError):
    code = "no-repository"


def pins_of_conflicted(root: Path) -> Lock | None:
    """What both sides of a lock with conflict markers agree on, to resolve from; None when there are no markers."""
    data = read_lockfile(root)
    if data is None or not has_conflicts(data):
        return None
    return shared_pins(split_conflicts(data, file=LOCKFILE))


async def merge_files(context: Context, base: str, ours: str, theirs: str) -> None:
    """Merge three files as a git merge driver does: the result goes into ``ours``.

    Raises :class:`MergeDisputed` when a resolution has to decide; then ``ours`` holds git's own textual merge, with
    conflict markers, which ``interlock lock`` resolves once the manifests are merged.
    """
    paths = [context.place.directory / name for name in (base, ours, theirs)]

    def work() -> bool:
        texts = [path.read_bytes() for path in paths]
        locks = [decode_lock(text, file=LOCKFILE) if text.strip() else Lock() for text in texts]
        merged = merge_locks(*locks)
        if merged is None:
            done = subprocess.run(
                ["git", "merge-file", "--diff3", "-p", str(paths[1]), str(paths[0]), str(paths[2])],
                capture_output=True,
                check=False,
            )
            text = done.stdout if has_conflicts(done.stdout) else _whole(texts)
        else:
            text = encode_lock(merged)
        replace_file(paths[1], text)
        return merged is not None

    if not await anyio.to_thread.run_sync(work):
        raise MergeDisputed(
            f"Both sides changed {LOCKFILE} in ways that have to be resolved together.",
            hint="Merge the manifests, then run `interlock lock`: it keeps what both sides share.",
        )


def _whole(texts: list[bytes]) -> bytes:
    """Both sides as one conflict: lines that merge cleanly may still not fit together."""
    base, ours, theirs = texts
    return b"<<<<<<< ours\n" + ours + b"||||||| base\n" + base + b"=======\n" + theirs + b">>>>>>> theirs\n"


def _git(top: Path, *arguments: str) -> str:
    """What git says; nothing when it fails."""
    return subprocess.run(
        ["git", "-C", str(top), *arguments], capture_output=True, text=True, check=False
    ).stdout.strip()


async def install_merge_driver(context: Context) -> tuple[Path, ...]:
    """Make git merge locks with us in this repository; returns the files that changed.

    The driver is named in ``.gitattributes``, which belongs into the repository, and defined in the clone's own
    configuration, which git does not share.
    """

    def work() -> tuple[Path, ...]:
        root = discover(context.place.start, layout=context.means.layout).root
        found = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=False
        )
        if found.returncode:
            raise NoRepository(f"{root} is in no git repository.", hint="Run `git init` first.")
        top = Path(found.stdout.strip())
        changed = []
        for key, value in (("name", "Interlock's lock by meaning"), ("driver", _DRIVER)):
            if _git(top, "config", "--get", f"merge.interlock.{key}") != value:
                subprocess.run(["git", "-C", str(top), "config", f"merge.interlock.{key}", value], check=True)
                # Worktrees share the configuration of their repository.
                changed = [top / _git(top, "rev-parse", "--git-common-dir") / "config"]
        attributes = root / ".gitattributes"
        lines = read_regular(attributes).decode().splitlines() if attributes.exists() else []
        if _ATTRIBUTE not in lines:
            replace_file(attributes, ("\n".join([*lines, _ATTRIBUTE]) + "\n").encode())
            changed.append(attributes)
        return tuple(changed)

    return await anyio.to_thread.run_sync(work)
