"""Answers that are remembered: the same as resolving again, whatever has changed on the indexes since."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from interlock.core.artifacts.artifact import Artifact
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.core.relock.question import Answer, Question
from interlock.core.resolver.failure import Failure
from interlock.core.resolver.problem import Policy
from interlock.core.sources.source import Index
from interlock.events import SILENT
from interlock.index.fetcher import FetchOptions
from interlock.index.outcomes import Unavailable
from interlock.index.transport import open_fetcher
from interlock.index.upstream import Upstream, UpstreamOptions
from interlock.index.view import View, ViewOptions
from interlock.resolution.answer import answer
from interlock.resolution.memo import Memo, answer_or_recall, question_key
from interlock.store.layout import Layout
from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.service.questions import NOW, question
from tests.wheels import make_sdist, make_wheel


class _Counting:
    """An index that counts what is learned of versions: who remembers asks for nothing but listings."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.learned = 0

    async def listing(self, name: NormalizedName, index: str | None = None) -> Any:
        return await self._view.listing(name, index)

    async def metadata(self, *arguments: Any) -> Any:
        self.learned += 1
        return await self._view.metadata(*arguments)


async def _unavailable(name: NormalizedName, version: str, index: str, artifact: Artifact) -> Metadata | Unavailable:
    return Unavailable("nothing is built here")


@asynccontextmanager
async def _index(server: IndexServer, store: Path) -> AsyncIterator[_Counting]:
    upstream = Upstream(
        fetcher=open_fetcher(FetchOptions()), layout=Layout(store), options=UpstreamOptions(), credentials=None
    )
    try:
        yield _Counting(View(upstream, [Index(name="corp", url=server.url)], options=ViewOptions(now=NOW)))
    finally:
        await upstream.close()


async def _remembering(server: IndexServer, store: Path, asked: Question) -> tuple[Answer | Failure, bool]:
    """The answer, and whether it was remembered."""
    async with _index(server, store) as index:
        key = question_key(asked, [Index(name="corp", url=server.url)], "first-index")
        memo = Memo(Layout(store), key, asked.problem.policy)
        found = await answer_or_recall(asked, index, _unavailable, SILENT, memo)
        return found, not index.learned


async def _anew(server: IndexServer, store: Path, asked: Question) -> Answer | Failure:
    async with _index(server, store) as index:
        return await answer(asked, index, _unavailable, SILENT)


@pytest.fixture
def packages() -> Registry:
    return registry(a={"1.0": ["b", "c ; extra == 'never'"], "2.0": ["b>=2"]}, b={"1.0": [], "2.0": []})


def _late(packages: Registry, name: str, version: str) -> None:
    packages.publish(make_wheel(name, version), upload_time="2026-06-01T00:00:00Z")


_CHANGES: dict[str, Callable[[Registry], object]] = {
    "a newer release": lambda packages: packages.wheel("b", "3.0"),
    "an older release": lambda packages: packages.wheel("b", "0.5"),
    "another file of a release": lambda packages: packages.add(make_wheel("b", "2.0", tag="py3-none-win32")),
    "a source archive of a release": lambda packages: packages.add(make_sdist("b", "2.0")),
    "a file that is gone": lambda packages: packages.withdraw("b-2.0-py3-none-any.whl"),
    "a status": lambda packages: packages.statuses.update(a="deprecated"),
}


@pytest.mark.parametrize("change", _CHANGES)
async def test_what_has_changed_is_resolved_again(index: Any, packages: Registry, tmp_path: Path, change: str) -> None:
    server, asked = index(packages), question("a")
    first, known = await _remembering(server, tmp_path, asked)
    assert isinstance(first, Answer)
    assert not known
    again, known = await _remembering(server, tmp_path, asked)
    assert (again, known) == (first, True)
    _CHANGES[change](packages)
    found, known = await _remembering(server, tmp_path, asked)
    assert not known
    assert found == await _anew(server, tmp_path / "other", asked)
    assert await _remembering(server, tmp_path, asked) == (found, True)


async def test_a_name_that_there_was_not_counts_too(index: Any, tmp_path: Path) -> None:
    packages = registry(a={"1.0": [], "2.0": ["later"]})
    server, asked = index(packages), question("a")
    first, _ = await _remembering(server, tmp_path, asked)
    assert isinstance(first, Answer)
    assert [package.version for package in first.lock.packages] == ["1.0"]
    assert (await _remembering(server, tmp_path, asked))[1]
    packages.wheel("later", "1.0")
    found, known = await _remembering(server, tmp_path, asked)
    assert isinstance(found, Answer)
    assert not known
    assert [package.version for package in found.lock.packages] == ["2.0", "1.0"]


async def test_what_came_after_the_cutoff_changes_nothing(index: Any, packages: Registry, tmp_path: Path) -> None:
    server = index(packages)
    asked = question("a")
    asked = replace(asked, problem=replace(asked.problem, policy=Policy(cutoff="2026-01-01T00:00:00Z")))
    first, _ = await _remembering(server, tmp_path, asked)
    _late(packages, "b", "9.0")
    again, known = await _remembering(server, tmp_path, asked)
    assert (again, known) == (first, True)
    assert again == await _anew(server, tmp_path / "other", asked)
    without = question("a")
    before, _ = await _remembering(server, tmp_path, without)
    _late(packages, "b", "9.1")
    after, known = await _remembering(server, tmp_path, without)
    assert not known
    assert after != before


async def test_nothing_is_remembered_that_may_be_otherwise_tomorrow(index: Any, tmp_path: Path) -> None:
    packages = registry(a={"1.0": []})
    packages.add(make_sdist("a", "2.0", static=False))
    server, asked = index(packages), question("a")
    first, _ = await _remembering(server, tmp_path, asked)
    assert isinstance(first, Answer)
    assert [package.version for package in first.lock.packages] == ["1.0"]
    assert not (await _remembering(server, tmp_path, asked))[1]


async def test_a_failure_is_remembered_with_all_that_it_speaks_of(
    index: Any, packages: Registry, tmp_path: Path
) -> None:
    server, asked = index(packages), question("b>=3")
    asked = replace(asked, problem=replace(asked.problem, policy=Policy(cutoff="2026-01-01T00:00:00Z")))
    failed, _ = await _remembering(server, tmp_path, asked)
    assert isinstance(failed, Failure)
    again = await _remembering(server, tmp_path, asked)
    assert again[0] == failed
    _late(packages, "b", "9.0")
    found, _ = await _remembering(server, tmp_path, asked)
    assert found == await _anew(server, tmp_path / "other", asked) != failed


async def test_a_damaged_entry_is_an_absent_one(index: Any, packages: Registry, tmp_path: Path) -> None:
    server, asked = index(packages), question("a")
    first, _ = await _remembering(server, tmp_path, asked)
    (entry,) = (tmp_path / "answers-v1").glob("*/*")
    entry.write_bytes(entry.read_bytes()[:-7])
    assert await _remembering(server, tmp_path, asked) == (first, False)


def test_whatever_decides_an_answer_is_part_of_the_key() -> None:
    asked, corp = question("a"), Index(name="corp", url="https://corp.test/simple/")
    other = Index(name="corp", url="https://other.test/simple/")
    changed = replace(asked, problem=replace(asked.problem, policy=Policy(resolution="lowest")))
    keys = [
        question_key(asked, [corp], "first-index"),
        question_key(question("a>1"), [corp], "first-index"),
        question_key(changed, [corp], "first-index"),
        question_key(asked, [other], "first-index"),
        question_key(asked, [corp, other], "first-index"),
        question_key(asked, [other, corp], "first-index"),
        question_key(asked, [replace(corp, explicit=True)], "first-index"),
        question_key(asked, [corp], "unsafe-best-match"),
        question_key(asked, [corp], "first-index", facts=["a"]),
        question_key(replace(asked, inputs=replace(asked.inputs, exclude_newer_span="7 days")), [corp], "first-index"),
        question_key(replace(asked, stated=({"name": "a"},)), [corp], "first-index"),
    ]
    assert len(set(keys)) == len(keys)
    trees = replace(asked, inputs=replace(asked.inputs, trees={"x": "1"}))
    assert question_key(trees, [corp], "first-index") == keys[0]
