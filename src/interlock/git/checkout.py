"""Checkouts by commit, ``git-v1/checkouts/<key>/<commit>``: made once, complete or not there, never changed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio.to_thread

from interlock.core.sources.git_reference import GitReference
from interlock.core.sources.git_url import parse_git_url, redact_url
from interlock.core.sources.source import Git
from interlock.errors import GitError
from interlock.git.command import GitCommand, GitFailed
from interlock.git.repository import GitOffline, Repositories, repository_key
from interlock.store.layout import Bucket, Layout
from interlock.store.locks import hold

__all__ = ["Checkouts", "InvalidCommit", "LfsMissing", "source_of"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_READY = ".interlock-checkout"


class InvalidCommit(GitError):
    code = "invalid-commit"


class LfsMissing(GitError):
    """A source asks for files of git-lfs, and the program is not there."""

    code = "git-lfs-missing"


class Checkouts:
    """The checked out commits of the store."""

    def __init__(self, layout: Layout, git: GitCommand, repositories: Repositories) -> None:
        self._layout = layout
        self._git = git
        self.repositories = repositories

    def path(self, url: str, commit: str, *, lfs: bool = False) -> Path:
        name = f"{commit}-lfs" if lfs else commit
        return self._layout.bucket(Bucket.GIT) / "checkouts" / repository_key(url) / name

    async def checkout(self, url: str, commit: str, *, lfs: bool = False) -> Path:
        """The files of a commit with its submodules; present ones need neither git nor the network.

        Files kept by git-lfs stay pointers unless ``lfs`` asks for them; those of submodules always do.
        """
        if not _COMMIT.fullmatch(commit):
            raise InvalidCommit(f"`{commit}` is not a full commit of {redact_url(url)}.")
        target = self.path(url, commit, lfs=lfs)
        if (target / ".git" / _READY).exists():
            return target
        if lfs:
            await self._require_lfs(url)
        bare = await self.repositories.ensure(url, commit)
        async with hold(self.repositories.lock(url)):
            if not (target / ".git" / _READY).exists():
                await self._make(url, commit, bare, target, lfs=lfs)
        return target

    async def _make(self, url: str, commit: str, bare: Path, target: Path, *, lfs: bool) -> None:
        fresh = self._layout.temporary_directory() / "tree"
        # Whatever filters the user has set up: git-lfs is asked below, where its errors can be told.
        environ = {"GIT_LFS_SKIP_SMUDGE": "1"}
        try:
            # Objects are borrowed from the bare clone; tags come along for backends that read versions from them.
            await self._git.run(
                "clone", "--quiet", "--shared", "--no-checkout", "--template=", "--", str(bare), str(fresh)
            )
            # Relative submodule URLs are relative to the place the repository really comes from.
            await self._git.run("config", "remote.origin.url", redacted_origin(url), cwd=fresh)
            await self._git.run("checkout", "--quiet", "--force", "--detach", commit, cwd=fresh, environ=environ)
            if (fresh / ".gitmodules").exists():
                await self._submodules(url, fresh, environ)
            if lfs:
                await self._pull_lfs(url, fresh)
            (fresh / ".git" / _READY).touch()
            await anyio.to_thread.run_sync(_publish, fresh, target)
        finally:
            shutil.rmtree(fresh.parent, ignore_errors=True)

    async def _require_lfs(self, url: str) -> None:
        if self.repositories.offline:
            raise GitOffline(
                f"The files that {redact_url(url)} keeps with git-lfs are not in the store, and --offline was given.",
                hint="Run the command once without --offline.",
                facts={"url": redact_url(url)},
            )
        if (await self._git.run("lfs", "version", check=False)).status:
            raise LfsMissing(
                f"The source {redact_url(url)} has `lfs = true`, and `git lfs` is not installed.",
                hint="Install git-lfs, or remove `lfs` from the source to have the pointers instead of the files.",
                facts={"url": redact_url(url)},
            )

    async def _pull_lfs(self, url: str, fresh: Path) -> None:
        async with self._from_origin(url, fresh, f"files that {redact_url(url)} keeps with git-lfs"):
            # Only in the configuration of this checkout; git-lfs puts no files where its filters are not set up.
            await self._git.run("lfs", "install", "--local", "--skip-repo", cwd=fresh)
            await self._git.run("lfs", "pull", "origin", cwd=fresh)

    async def _submodules(self, url: str, fresh: Path, environ: dict[str, str]) -> None:
        # A local repository may have local submodules; from a server they would be a way to read this machine.
        local = "://" not in url or url.startswith("file:")
        allow = ["-c", "protocol.file.allow=always"] if local else []
        async with self._from_origin(url, fresh, f"submodules of {redact_url(url)}"):
            await self._git.run(
                *allow, "submodule", "--quiet", "update", "--init", "--recursive", cwd=fresh, environ=environ
            )

    @asynccontextmanager
    async def _from_origin(self, url: str, fresh: Path, what: str) -> AsyncIterator[None]:
        """Within, the checkout's origin has its credentials; a failure says ``what`` could not be fetched."""
        try:
            await self._git.run("config", "remote.origin.url", url, cwd=fresh)
            yield
            await self._git.run("config", "remote.origin.url", redacted_origin(url), cwd=fresh)
        except GitFailed as error:
            raise GitFailed(
                f"The {what} cannot be fetched. {error.message}", hint=error.hint, facts=error.facts
            ) from error


def redacted_origin(url: str) -> str:
    """A URL to store in a checkout: without credentials."""
    shown = redact_url(url)
    return shown.replace("****@", "")


def _publish(fresh: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    with suppress(FileNotFoundError):
        os.rename(fresh, target)


def source_of(text: str) -> Git:
    """The source that a ``git+https://...`` reference of a requirement means; its commit is not resolved.

    What follows ``@`` may be a branch, a tag or a commit, so it becomes a ``rev:``.
    """
    parsed = parse_git_url(text)
    return Git(
        url=redacted_origin(parsed.url),
        reference=str(GitReference("rev", parsed.revision)) if parsed.revision else "",
        subdirectory=parsed.subdirectory,
    )
