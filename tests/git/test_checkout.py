"""Checkouts: complete, reused without git, with submodules, without credentials."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from interlock.core.sources.source import Git as GitSource
from interlock.git.checkout import InvalidCommit, LfsMissing, source_of
from interlock.git.command import GitFailed
from interlock.git.repository import GitOffline
from interlock.store.layout import Layout
from tests.git.conftest import Git, Repository

MakeGit = Callable[..., Git]
needs_git_lfs = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")


def _git(tree: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=tree, check=True, capture_output=True, text=True).stdout


async def test_a_checkout_is_made_once_and_then_needs_nothing(repository: Repository, git: MakeGit) -> None:
    commit = repository.commit(a="1", sub__b="2")
    repository.commit(a="later")
    tree = await git().checkouts.checkout(repository.url, commit)
    assert (tree / "a").read_text() == "1"
    assert (tree / "sub" / "b").read_text() == "2"
    shutil.rmtree(repository.path)
    offline = git(offline=True)
    assert await offline.checkouts.checkout(repository.url, commit) == tree
    assert offline.command.runs == 0


async def test_a_checkout_knows_its_tags(repository: Repository, git: MakeGit) -> None:
    """Backends that take the version from git need them."""
    repository.commit(a="1")
    repository.git("tag", "v1.2")
    commit = repository.commit(a="2")
    tree = await git().checkouts.checkout(repository.url, commit)
    assert _git(tree, "describe", "--tags").startswith("v1.2-1-g")
    assert _git(tree, "status", "--porcelain") == ""


async def test_submodules_come_along(repository: Repository, git: MakeGit, tmp_path: Path) -> None:
    inner = Repository(tmp_path / "inner")
    inner.commit(deep="d")
    repository.commit(a="1")
    repository.git("submodule", "--quiet", "add", "../inner", "vendor")
    commit = repository.commit(a="2")
    tree = await git().checkouts.checkout(repository.url, commit)
    assert (tree / "vendor" / "deep").read_text() == "d"


@needs_git_lfs
async def test_files_of_git_lfs_are_fetched_when_asked_for(repository: Repository, git: MakeGit) -> None:
    commit = repository.commit_with_lfs(model="weights" * 100)
    plain = await git().checkouts.checkout(repository.url, commit)
    assert (plain / "model").read_text().startswith("version https://git-lfs"), "a pointer"
    tree = await git().checkouts.checkout(repository.url, commit, lfs=True)
    assert (tree / "model").read_text() == "weights" * 100
    assert tree != plain
    assert _git(tree, "status", "--porcelain") == ""
    shutil.rmtree(repository.path)
    offline = git(offline=True)
    assert await offline.checkouts.checkout(repository.url, commit, lfs=True) == tree
    assert offline.command.runs == 0


@needs_git_lfs
async def test_a_file_that_git_lfs_does_not_have_is_told(repository: Repository, git: MakeGit, layout: Layout) -> None:
    commit = repository.commit_with_lfs(model="weights")
    shutil.rmtree(repository.path / ".git" / "lfs" / "objects")
    with pytest.raises(GitFailed, match="keeps with git-lfs cannot be fetched"):
        await git().checkouts.checkout(repository.url, commit, lfs=True)
    assert not git().checkouts.path(repository.url, commit, lfs=True).exists()


@needs_git_lfs
async def test_offline_what_git_lfs_keeps_is_not_fetched(repository: Repository, git: MakeGit) -> None:
    commit = repository.commit_with_lfs(model="weights")
    await git().checkouts.checkout(repository.url, commit)
    with pytest.raises(GitOffline, match="keeps with git-lfs"):
        await git(offline=True).checkouts.checkout(repository.url, commit, lfs=True)


async def test_without_git_lfs_it_is_told(repository: Repository, git: MakeGit, tmp_path: Path) -> None:
    commit = repository.commit(a="1")
    alone = tmp_path / "bin"
    alone.mkdir()
    (alone / "git").symlink_to(str(shutil.which("git")))
    with pytest.raises(LfsMissing, match="is not installed") as raised:
        await git(path=str(alone)).checkouts.checkout(repository.url, commit, lfs=True)
    assert "Install git-lfs" in (raised.value.hint or "")


async def test_a_missing_submodule_is_named(repository: Repository, git: MakeGit, tmp_path: Path) -> None:
    inner = Repository(tmp_path / "inner")
    inner.commit(deep="d")
    repository.commit(a="1")
    repository.git("submodule", "--quiet", "add", "../inner", "vendor")
    commit = repository.commit(a="2")
    shutil.rmtree(inner.path)
    with pytest.raises(GitFailed, match="submodules of"):
        await git().checkouts.checkout(repository.url, commit)
    assert not git().checkouts.path(repository.url, commit).exists()


async def test_concurrent_checkouts_are_one(repository: Repository, git: MakeGit) -> None:
    commit = repository.commit(a="1")
    room, other = git(), git()
    trees: list[Path] = []

    async def checkout(who: Git) -> None:
        trees.append(await who.checkouts.checkout(repository.url, commit))

    async with anyio.create_task_group() as group:
        for who in (room, other, room, other):
            group.start_soon(checkout, who)
    assert len(set(trees)) == 1
    assert (trees[0] / "a").read_text() == "1"


async def test_an_interrupted_checkout_is_made_again(repository: Repository, git: MakeGit) -> None:
    commit = repository.commit(a="1")
    target = git().checkouts.path(repository.url, commit)
    target.mkdir(parents=True)
    (target / "half").touch()
    tree = await git().checkouts.checkout(repository.url, commit)
    assert sorted(os.listdir(tree)) == [".git", "a"]


async def test_offline_without_the_commit(repository: Repository, git: MakeGit) -> None:
    commit = repository.commit(a="1")
    with pytest.raises(GitOffline):
        await git(offline=True).checkouts.checkout(repository.url, commit)
    with pytest.raises(InvalidCommit):
        await git().checkouts.checkout(repository.url, commit[:10])


async def test_hooks_and_links_of_a_repository_do_nothing(repository: Repository, git: MakeGit, tmp_path: Path) -> None:
    (repository.path / "link").symlink_to("/etc/hostname")
    commit = repository.commit(a="1")
    tree = await git().checkouts.checkout(repository.url, commit)
    assert (tree / "link").is_symlink()
    assert not list((tree / ".git").glob("hooks/*"))


def test_the_source_of_a_reference() -> None:
    assert source_of("git+https://user:secret@example.test/o/r.git@v1#subdirectory=p/q&egg=r") == GitSource(
        url="https://example.test/o/r.git", reference="rev:v1", subdirectory="p/q"
    )
    assert source_of("git+ssh://git@example.test/o/r").url == "ssh://git@example.test/o/r"
