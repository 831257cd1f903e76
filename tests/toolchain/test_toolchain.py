"""A toolchain is complete when it is made: what it builds for and whom it asks is another one's, never changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import anyio
import msgspec
import pytest

from interlock.build.environment import BuildEnvironment, Provision
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Git, Index
from interlock.envs.interpreters import query_interpreter
from interlock.errors import InterlockError
from interlock.index.outcomes import Absent
from interlock.means import Means
from interlock.settings.decided import ResolutionSettings, Settings
from interlock.store.layout import Layout
from interlock.toolchain.checkouts import checkout_tree, locate
from interlock.toolchain.toolchain import Toolchain, ToolchainOptions, Tools
from tests.git.conftest import Repository
from tests.index_server import IndexServer
from tests.registry import registry

OURS, THEIRS = NormalizedName("ours"), NormalizedName("theirs")


class Refusing(Provision):
    """No build environments: nothing is built here."""

    async def __call__(self, requirements: tuple[str, ...], /, *, purpose: str) -> BuildEnvironment:
        raise AssertionError(purpose)

    async def mend(self, environment: BuildEnvironment, said: str, /) -> bool:
        return False


def tools(folder: Path, *indexes: Index) -> Tools:
    means = Means(
        settings=Settings(
            cache_dir=str(folder), resolving=ResolutionSettings(indexes=indexes), python=sys.executable, http_retries=0
        ),
        layout=Layout(folder / "cache"),
        environ=dict(os.environ),
        now=datetime.now(UTC),
    )
    return Tools(means, folder, ToolchainOptions(), lambda _: Refusing())


def test_who_asks_more_indexes_does_not_let_others_ask_them(tmp_path: Path, index: Callable[..., IndexServer]) -> None:
    first = Index(name="first", url=index(registry(ours={"1.0": []})).url)
    second = Index(name="second", url=index(registry(theirs={"1.0": []})).url)

    async def run() -> None:
        async with tools(tmp_path, first) as opened:
            plain = Toolchain(opened)
            more = plain.asking([second])
            assert more.client is more.on(await more.interpreter()).client is plain.asking([second]).client
            assert (plain.indexes, more.indexes) == ((first,), (first, second))
            assert plain.asking(()).client is plain.client
            for asking in (plain, more):
                assert not isinstance(await asking.client.listing(OURS), Absent)
                # Only what is pinned to an index of somebody else's is asked for there.
                assert isinstance(await asking.client.listing(THEIRS), Absent)
            assert not isinstance(await more.client.listing(THEIRS, "second"), Absent)
            with pytest.raises(InterlockError):
                await plain.client.listing(THEIRS, "second")

    anyio.run(run)


def test_a_reference_means_one_commit_for_all_of_a_command(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "origin")
    first = repository.commit(**{"one__pyproject.toml": "", "two__pyproject.toml": ""})
    one, two = (Git(url=repository.url, reference="branch:main", subdirectory=name) for name in ("one", "two"))

    async def run() -> None:
        async with tools(tmp_path) as opened:
            plain = Toolchain(opened)
            found = await locate(plain, one, root=tmp_path)
            second = repository.commit(**{"two__pyproject.toml": "# Changed.\n"})
            beside = await locate(plain.asking(()), two, root=tmp_path)
            assert (found.commit, beside.commit) == (first, first)
            tree = await checkout_tree(plain, beside, root=tmp_path)
            assert (tree.name, (tree / "pyproject.toml").read_text()) == ("two", "")
        async with tools(tmp_path) as another:
            assert (await locate(Toolchain(another), two, root=tmp_path)).commit == second

    anyio.run(run)


def test_each_interpreter_has_a_builder_of_its_own(tmp_path: Path) -> None:
    here = query_interpreter(sys.executable, tmp_path / "interpreters")
    other = msgspec.structs.replace(here, version="3.99.0")
    shared = BuildEnvironment(python=here.executable, path="", isolated=False)

    async def run() -> None:
        async with tools(tmp_path) as opened:
            plain = Toolchain(opened)
            built = [
                await plain.on(here).builder(),
                await plain.on(other).builder(),
                await plain.on(here, shared).builder(),
            ]
            assert len({id(builder) for builder in built}) == 3
            assert await plain.on(here).builder() is built[0]
            assert await plain.builder() is built[0]

    anyio.run(run)
