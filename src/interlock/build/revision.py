"""What version control contributes to a build: backends that take the version from git tags read more than files."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import anyio

from interlock.core.manifests.manifest import BuildSystem

__all__ = ["Revisions", "reads_revision"]

_WORDS = re.compile(
    rb"scm|vcs|versioneer|versioningit|dunamai|dynamic[-_]version|\bpbr\b|git[-_]version|git describe|[\"']git[\"']|"
    rb"setupmeta|milksnake|mercurial",
    re.IGNORECASE,
)
_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "hatch.toml", "hatch_build.py", "versioneer.py")


def reads_revision(system: BuildSystem, files: Mapping[str, bytes]) -> bool:
    """Whether the build may look at version control; in doubt it does. ``files`` lie at the top of the tree."""
    return bool(system.backend_path) or any(_WORDS.search(files[name]) for name in _FILES if name in files)


class Revisions:
    """The state of the repositories around source trees, each asked once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
        self._states: dict[Path, str | None] = {}
        self._lock = anyio.Lock()

    async def state(self, tree: Path) -> str | None:
        """A text that stands for commit, branch and tags; empty outside of a repository, and None when files of the
        repository were changed, because such a version may hold today's date: then nothing may be stored."""
        root = next((folder for folder in (tree, *tree.parents) if (folder / ".git").exists()), None)
        if root is None:
            return ""
        async with self._lock:
            if root not in self._states:
                self._states[root] = await self._read(root)
            return self._states[root]

    async def _read(self, root: Path) -> str | None:
        found = hashlib.sha256()
        for arguments in (
            ["status", "--porcelain", "--untracked-files=no", "--ignore-submodules"],
            ["rev-parse", "HEAD"],
            ["symbolic-ref", "--quiet", "HEAD"],
            ["for-each-ref", "--format=%(refname) %(objectname)", "refs/tags"],
        ):
            try:
                done = await anyio.run_process(
                    ["git", "--no-optional-locks", *arguments],
                    cwd=root,
                    env=self._environ,
                    check=False,
                    stdin=subprocess.DEVNULL,
                )
            except OSError:
                # Without git the backend cannot ask it either.
                return "no git"
            if arguments[0] == "status" and (done.stdout or done.returncode):
                return None
            found.update(len(done.stdout).to_bytes(8, "big") + done.stdout)
        return found.hexdigest()
