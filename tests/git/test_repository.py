"""Which commit a reference means, and when the repository is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from interlock.git.command import GitFailed, GitMissing, GitTimeout
from interlock.git.repository import GitOffline, ReferenceMissing, repository_key
from tests.git.conftest import Git, Repository

MakeGit = Callable[..., Git]


async def test_branches_tags_commits_and_the_default_branch(repository: Repository, git: MakeGit) -> None:
    first = repository.commit(a="1")
    repository.git("tag", "light")
    repository.git("tag", "--annotate", "-m", "x", "heavy")
    repository.git("checkout", "--quiet", "-b", "feature/x")
    second = repository.commit(a="2")
    repository.git("checkout", "--quiet", "main")
    third = repository.commit(a="3")
    resolve = git().repositories.resolve
    url = repository.url
    assert await resolve(url) == third
    assert await resolve(url, "branch:main") == third
    assert await resolve(url, "branch:feature/x") == second
    assert await resolve(url, "tag:light") == first
    assert await resolve(url, "tag:heavy") == first  # the commit, not the tag object
    assert await resolve(url, "rev:heavy") == first
    assert await resolve(url, "rev:feature/x") == second
    assert await resolve(url, f"rev:{second}") == second
    assert await resolve(url, f"rev:{second[:7]}") == second
    assert await resolve(str(repository.path), "branch:main") == third


@pytest.mark.parametrize(
    "reference",
    [
        "branch:nope",
        "tag:main",
        "branch:v1",
        "rev:nope",
        f"rev:{'0' * 40}",
        "rev:0123456",
        "rev:--help",
        "sha:1",
        "branch:",
    ],
)
async def test_what_is_not_there_is_an_error(repository: Repository, git: MakeGit, reference: str) -> None:
    repository.commit(a="1")
    repository.git("tag", "v1")
    with pytest.raises(ReferenceMissing):
        await git().repositories.resolve(repository.url, reference)


async def test_a_moving_branch_is_ignored_until_a_refresh(repository: Repository, git: MakeGit) -> None:
    first = repository.commit(a="1")
    assert await git().repositories.resolve(repository.url, "branch:main") == first
    second = repository.commit(a="2")
    assert await git().repositories.resolve(repository.url, "branch:main") == first
    refreshing = git(refresh=True)
    assert await refreshing.repositories.resolve(repository.url, "branch:main") == second
    runs = refreshing.command.runs
    assert await refreshing.repositories.resolve(repository.url, "branch:main") == second
    assert refreshing.command.runs == runs + 1  # looked at, not fetched again


async def test_a_forced_push_and_a_moved_tag_are_followed_by_a_refresh(repository: Repository, git: MakeGit) -> None:
    repository.commit(a="1")
    repository.git("tag", "v1")
    await git().repositories.resolve(repository.url, "tag:v1")
    repository.git("commit", "--quiet", "--amend", "-m", "other")
    repository.git("tag", "--force", "v1")
    moved = repository.git("rev-parse", "HEAD")
    assert await git().repositories.resolve(repository.url, "tag:v1", refresh=True) == moved


async def test_offline_uses_what_is_there_and_says_what_is_not(repository: Repository, git: MakeGit) -> None:
    commit = repository.commit(a="1")
    with pytest.raises(GitOffline, match="default branch"):
        await git(offline=True).repositories.resolve(repository.url)
    await git().repositories.resolve(repository.url, "branch:main")
    offline = git(offline=True).repositories
    assert await offline.resolve(repository.url, "branch:main") == commit
    assert await offline.resolve(repository.url, f"rev:{commit}") == commit
    with pytest.raises(GitOffline):
        await offline.resolve(repository.url, "branch:other")


async def test_a_commit_outside_of_all_branches_is_found(repository: Repository, git: MakeGit) -> None:
    repository.commit(a="1")
    repository.git("checkout", "--quiet", "--detach")
    commit = repository.commit(a="2")
    repository.git("update-ref", "refs/pull/1/head", commit)
    repository.git("checkout", "--quiet", "main")
    assert await git().repositories.resolve(repository.url, f"rev:{commit}") == commit
    assert await git().repositories.resolve(repository.url, "rev:refs/pull/1/head") == commit


async def test_many_tasks_clone_once(repository: Repository, git: MakeGit) -> None:
    commit = repository.commit(a="1")
    room = git()
    found: list[str] = []

    async def resolve() -> None:
        found.append(await room.repositories.resolve(repository.url, "branch:main"))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(resolve)
    assert found == [commit] * 8
    assert room.command.runs <= 4 + 7  # init, fetch, peel, keep; then one look each


async def test_one_repository_whatever_its_url_looks_like() -> None:
    keys = {
        repository_key(url)
        for url in (
            "https://Example.test/o/r",
            "https://example.test/o/r.git/",
            "git+https://u:p@example.test:443/o/r.git",
        )
    }
    assert len(keys) == 1
    assert repository_key("https://example.test/O/r") not in keys


async def test_a_failure_shows_gits_words_and_no_credentials(tmp_path: Path, git: MakeGit) -> None:
    with pytest.raises(GitFailed) as caught:
        await git().repositories.resolve(f"file://{tmp_path}/nowhere", "branch:main")
    assert "does not appear to be a git repository" in caught.value.message
    with pytest.raises(GitFailed) as caught:
        await git().repositories.resolve("https://user:secret@127.0.0.1:1/o/r", "branch:main")
    assert "secret" not in str(caught.value.__dict__)
    assert "127.0.0.1" in caught.value.message
    assert caught.value.hint is not None


async def test_git_may_not_take_for_ever(repository: Repository, git: MakeGit) -> None:
    with pytest.raises(GitTimeout):
        await git(timeout=0.2).command.run("-c", "alias.wait=!sleep 30", "wait")


async def test_git_may_be_missing(git: MakeGit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(GitMissing):
        await git().command.run("version")
