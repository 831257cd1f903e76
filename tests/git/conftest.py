"""Real repositories below the test's own folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from interlock.git.checkout import Checkouts
from interlock.git.command import GitCommand
from interlock.git.repository import Repositories
from interlock.store.layout import Layout

_NEUTRAL = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.test",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.test",
    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
}


class Repository:
    """A repository to clone from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path,
            env={**os.environ, **_NEUTRAL},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        for name, content in files.items():
            path = self.path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def commit_with_lfs(self, **files: str) -> str:
        """A commit whose files are kept by git-lfs."""
        self.git("lfs", "install", "--local", "--skip-repo")
        self.git("lfs", "track", *files)
        return self.commit(**files)


class Git:
    """All of the room for one command; a new one is like a new process."""

    def __init__(
        self, layout: Layout, *, offline: bool = False, refresh: bool = False, timeout: float = 30.0, path: str = ""
    ) -> None:
        environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        environ |= {"PATH": path} if path else {}
        self.command = GitCommand(environ, limiter=anyio.CapacityLimiter(4), timeout=timeout)
        self.repositories = Repositories(layout, self.command, offline=offline, refresh=refresh)
        self.checkouts = Checkouts(layout, self.command, self.repositories)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "origin")


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    layout = Layout(tmp_path / "store")
    yield layout
    assert not list(layout.tmp.glob("*")), "work in progress was left behind"


@pytest.fixture
def git(layout: Layout) -> Callable[..., Git]:
    def make(*, offline: bool = False, refresh: bool = False, timeout: float = 30.0, path: str = "") -> Git:
        return Git(layout, offline=offline, refresh=refresh, timeout=timeout, path=path)

    return make
