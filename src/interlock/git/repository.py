"""Repositories in the store, and the commits that references mean.

::

    git-v1/
      db/<key>/                   bare clone; key is a digest of the canonical URL
      db/<key>.references         what references meant when they were last asked (msgpack)
      checkouts/<key>/<commit>/   see checkout.py

A commit that is present is used without the network; a branch or tag is asked once and then remembered until a refresh.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import msgspec

from interlock.core.sources.git_reference import GitReference, read_reference
from interlock.core.sources.git_url import canonical_git_url, redact_url
from interlock.errors import GitError
from interlock.git.command import GitCommand, GitOutput
from interlock.store.layout import Bucket, Layout
from interlock.store.locks import hold

__all__ = ["GitOffline", "ReferenceMissing", "Repositories", "repository_key"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT = re.compile(r"[0-9a-f]{4,39}")


class GitOffline(GitError):
    """The network would be needed and may not be used."""

    code = "git-offline"


class ReferenceMissing(GitError):
    """A repository has no such branch, tag or commit."""

    code = "git-reference-missing"


def repository_key(url: str) -> str:
    """The name of a repository in the store; equal for all ways to write its URL."""
    return hashlib.sha256(canonical_git_url(url).encode("utf-8", "surrogateescape")).hexdigest()[:32]


class Repositories:
    """The bare clones of the store."""

    def __init__(self, layout: Layout, git: GitCommand, *, offline: bool = False, refresh: bool = False) -> None:
        self._layout = layout
        self._git = git
        self._offline = offline
        self._refresh = refresh
        self._refreshed: set[tuple[str, str]] = set()

    @property
    def offline(self) -> bool:
        return self._offline

    def path(self, url: str) -> Path:
        return self._layout.bucket(Bucket.GIT) / "db" / repository_key(url)

    def lock(self, url: str) -> Path:
        return self._layout.locks / f"git-{repository_key(url)}"

    async def resolve(self, url: str, reference: str = "", *, refresh: bool = False) -> str:
        """The commit a reference (``branch:x``, ``tag:x``, ``rev:x``, or empty) means, peeled, present in the store.

        What was learned before is believed unless ``refresh`` asks for the reference to be looked up again.
        Raises :class:`ReferenceMissing`, :class:`GitOffline`, :class:`GitFailed`.
        """
        meant = read_reference(reference)
        if reference and (meant is None or meant.name.startswith("-")):
            raise ReferenceMissing(f"`{reference}` is not a git reference (branch:x, tag:x or rev:x).")
        async with hold(self.lock(url)):
            if meant is not None and meant.kind == "rev" and _COMMIT.fullmatch(meant.name):
                await self._ensure(url, meant.name)
                return meant.name
            known = self._known(url).get(reference)
            first = (repository_key(url), reference)
            fresh = not (self._refresh or refresh) or first in self._refreshed
            if known is not None and fresh and await self._has(url, known):
                return known
            commit = await self._ask(url, meant)
            self._refreshed.add(first)
            self._remember(url, reference, commit)
            return commit

    async def ensure(self, url: str, commit: str) -> Path:
        """The bare clone, holding this commit; the network is used only if it does not."""
        async with hold(self.lock(url)):
            await self._ensure(url, commit)
        return self.path(url)

    async def _ensure(self, url: str, commit: str) -> None:
        if await self._has(url, commit):
            return
        await self._open(url, commit[:12])
        # Servers may refuse to hand out a commit by its name; then everything is fetched and it is in there.
        single = await self._git.run(
            "fetch", "--quiet", "--", url, f"{commit}:refs/interlock/kept/{commit}", cwd=self.path(url), check=False
        )
        if single.status and not await self._has(url, commit):
            await self._fetch_all(url)
        if not await self._has(url, commit):
            raise ReferenceMissing(
                f"The repository {redact_url(url)} has no commit {commit}.",
                hint="It may have been removed by a forced push; ask for a branch or tag anew with an upgrade.",
            )

    async def _ask(self, url: str, reference: GitReference | None) -> str:
        """Fetch one reference, by default that of the default branch, and say which commit it is now."""
        await self._open(url, str(reference or "the default branch"))
        wanted = _refs(reference)
        failed: GitOutput | None = None
        for ref in wanted:
            failed = await self._git.run(
                "fetch",
                "--quiet",
                "--force",
                "--",
                url,
                f"+{ref}:refs/interlock/asked",
                cwd=self.path(url),
                check=False,
            )
            if not failed.status:
                commit = await self._peel(url, "refs/interlock/asked")
                assert commit is not None
                # A name of its own keeps the commit from being collected as garbage.
                await self._git.run("update-ref", f"refs/interlock/kept/{commit}", commit, cwd=self.path(url))
                return commit
            if "couldn't find remote ref" not in failed.stderr:
                raise self._git.failure(("fetch", url, ref), failed)
        if reference is not None and reference.kind == "rev" and _SHORT.fullmatch(reference.name):
            commit = await self._peel(url, reference.name)
            if commit is None:
                await self._fetch_all(url)
                commit = await self._peel(url, reference.name)
            if commit is not None:
                return commit
        raise ReferenceMissing(
            f"The repository {redact_url(url)} has no {_described(reference)}.",
            hint="Check the name; branches and tags are told apart, and commits need at least 4 digits.",
            facts={"url": redact_url(url), "reference": str(reference or "")},
        )

    async def _fetch_all(self, url: str) -> None:
        await self._git.run(
            "fetch",
            "--quiet",
            "--force",
            "--prune",
            "--no-tags",
            "--",
            url,
            "+refs/heads/*:refs/heads/*",
            "+refs/tags/*:refs/tags/*",
            cwd=self.path(url),
        )

    async def _open(self, url: str, wanted: str) -> None:
        """Make sure that there is a bare repository to fetch into, and that fetching is allowed."""
        if self._offline:
            raise GitOffline(
                f"{wanted} of {redact_url(url)} is not in the store, and the network may not be used.",
                hint="Run once without --offline.",
            )
        path = self.path(url)
        if (path / "HEAD").exists():
            return
        fresh = self._layout.temporary_directory()
        try:
            await self._git.run("init", "--quiet", "--bare", "--template=", str(fresh))
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(path, ignore_errors=True)
            fresh.rename(path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    async def _has(self, url: str, commit: str) -> bool:
        return await self._peel(url, commit) == commit

    async def _peel(self, url: str, name: str) -> str | None:
        path = self.path(url)
        if not (path / "HEAD").exists():
            return None
        output = await self._git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", cwd=path, check=False
        )
        found = output.stdout.strip()
        return found if not output.status and _COMMIT.fullmatch(found) else None

    def _known(self, url: str) -> dict[str, str]:
        data = self._layout.read(self._references(url))
        try:
            return msgspec.msgpack.decode(data, type=dict[str, str]) if data is not None else {}
        except msgspec.MsgspecError:
            return {}

    def _remember(self, url: str, reference: str, commit: str) -> None:
        known = {**self._known(url), reference: commit}
        self._layout.write(self._references(url), msgspec.msgpack.encode(known))

    def _references(self, url: str) -> Path:
        path = self.path(url)
        return path.with_name(f"{path.name}.references")


def _refs(reference: GitReference | None) -> list[str]:
    """What a reference may be called by a server, the likeliest first."""
    if reference is None:
        return ["HEAD"]
    branch, tag = f"refs/heads/{reference.name}", f"refs/tags/{reference.name}"
    match reference.kind:
        case "branch":
            return [branch]
        case "tag":
            return [tag]
        case "rev":
            return [reference.name] if reference.name.startswith("refs/") else [tag, branch]


def _described(reference: GitReference | None) -> str:
    if reference is None:
        return "default branch"
    return f"{'revision' if reference.kind == 'rev' else reference.kind} `{reference.name}`"
