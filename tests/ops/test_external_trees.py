"""Source trees outside of the workspace: path dependencies, and members of another workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.core.sources.source import Git
from tests.git.conftest import Repository
from tests.index_server import IndexServer
from tests.shop import Shop


@pytest.fixture
def other(empty_shop: Shop, tmp_path: Path, index: Callable[..., IndexServer]) -> Shop:
    """Another workspace beside the shop: ``core`` needs its fellow member ``basis`` and a package."""
    found = Shop(tmp_path / "other", empty_shop.cache, empty_shop.packages, empty_shop.index)
    found.capture = empty_shop.capture
    found.member("basis", "safe")
    found.member("core", "basis", "click")
    return found


def uses(shop: Shop, source: str, *requires: str) -> None:
    shop.member("web", *requires, lines=f"[tool.interlock.sources]\n{source}\n")


def test_a_member_of_another_workspace(empty_shop: Shop, other: Shop) -> None:
    shop = empty_shop
    uses(shop, 'core = { workspace = "../../../other" }', "core")
    shop.run("lock")
    locked = {str(package.name): package.source for package in shop.lock.packages}
    assert str(locked["core"]) == "Directory(path='../other/packages/core', editable=True)"
    assert str(locked["basis"]) == "Directory(path='../other/packages/basis', editable=True)"
    shop.run("sync", "--package", "web")
    assert shop.installed().keys() == {"basis", "click", "core", "safe", "web"}
    other.write("packages/basis/basis.py", "NAME = 'edited'\n")
    assert shop.python("import basis; print(basis.NAME)") == "edited"
    before = shop.lockfile.read_bytes()
    shop.run("lock", "--upgrade")
    assert shop.lockfile.read_bytes() == before
    shop.run("lock", "--check")


def test_it_need_not_be_editable(empty_shop: Shop, other: Shop) -> None:
    uses(empty_shop, 'core = { workspace = "../../../other", editable = false }', "core")
    empty_shop.run("sync", "--package", "web")
    other.write("packages/core/core.py", "NAME = 'edited'\n")
    assert empty_shop.python("import core; print(core.NAME)") == "core"


def test_a_path_dependency_brings_its_own_along(empty_shop: Shop, other: Shop, tmp_path: Path) -> None:
    """Sources are relative to the manifest they stand in, also that of a dependency (not of a member)."""
    alone = Shop(tmp_path / "alone", empty_shop.cache, empty_shop.packages, empty_shop.index)
    alone.member("tool", "core", "jinja", lines="[tool.uv.sources]\ncore = { path = '../../../other/packages/core' }\n")
    uses(empty_shop, 'tool = { path = "../../../alone/packages/tool" }', "tool")
    empty_shop.run("sync", "--package", "web")
    assert empty_shop.installed().keys() == {"basis", "click", "core", "jinja", "safe", "tool", "web"}


def test_what_is_not_there_is_told(empty_shop: Shop, other: Shop) -> None:
    uses(empty_shop, 'core = { workspace = "../../../nowhere" }', "core")
    empty_shop.refuses("lock", error="no-project")
    uses(empty_shop, 'click = { workspace = "../../../other" }', "click")
    refused = empty_shop.refuses("lock", error="source-not-member")
    assert "comes from the workspace in ../other" in refused.err
    uses(empty_shop, "core = { workspace = false }", "core")
    assert "path of another workspace" in empty_shop.refuses("lock", error="invalid-manifest").err


@pytest.fixture
def upstream(empty_shop: Shop, tmp_path: Path) -> Repository:
    """A repository with a workspace: ``core`` needs its fellow member ``basis``, which needs ``tail`` by its path."""
    repository = Repository(tmp_path / "upstream")
    inside = Shop(repository.path / "python", empty_shop.cache, empty_shop.packages, empty_shop.index)
    inside.member("basis", "safe", "tail", lines='[tool.uv.sources]\ntail = { path = "../../../tail" }\n')
    inside.member("core", "basis", "click")
    moved = Shop(repository.path / "made", empty_shop.cache, empty_shop.packages, empty_shop.index)
    moved.member("tail")
    (repository.path / "made" / "packages" / "tail").rename(repository.path / "tail")
    repository.commit()
    return repository


def test_a_project_in_a_repository_brings_its_fellows_of_the_same_commit(
    empty_shop: Shop, upstream: Repository
) -> None:
    uses(empty_shop, f'core = {{ git = "{upstream.url}", subdirectory = "python/packages/core" }}', "core")
    empty_shop.run("lock")
    first = upstream.git("rev-parse", "HEAD")
    assert _places(empty_shop) == {
        "basis": (first, "python/packages/basis"),
        "core": (first, "python/packages/core"),
        "tail": (first, "tail"),
    }
    empty_shop.run("sync", "--package", "web")
    assert empty_shop.installed().keys() == {"basis", "click", "core", "safe", "tail", "web"}
    before = empty_shop.lockfile.read_bytes()
    upstream.commit(tail__tail_py="NAME = 'later'\n")
    empty_shop.run("lock", "--check")
    empty_shop.lockfile.touch()
    empty_shop.member("other", "jinja")
    empty_shop.run("lock")
    assert {commit for commit, _ in _places(empty_shop).values()} == {first}
    empty_shop.run("lock", "--upgrade")
    assert empty_shop.lockfile.read_bytes() != before
    assert {commit for commit, _ in _places(empty_shop).values()} == {upstream.git("rev-parse", "HEAD")}


def test_a_fellow_asked_for_by_itself_is_the_same_package(empty_shop: Shop, upstream: Repository) -> None:
    place = f'git = "{upstream.url}", branch = "main"'
    uses(
        empty_shop,
        f'core = {{ {place}, subdirectory = "python/packages/core" }}\n'
        f'basis = {{ {place}, subdirectory = "python/packages/basis" }}',
        "core",
        "basis",
    )
    empty_shop.run("lock")
    assert sorted(_places(empty_shop)) == ["basis", "core", "tail"]
    upstream.commit(tail__tail_py="NAME = 'later'\n")
    empty_shop.run("lock", "--upgrade-package", "core")
    assert {commit for commit, _ in _places(empty_shop).values()} == {upstream.git("rev-parse", "HEAD")}


def test_a_project_in_a_repository_reaches_no_further_than_its_commit(empty_shop: Shop, upstream: Repository) -> None:
    manifest = upstream.path / "tail" / "pyproject.toml"
    manifest.write_text(
        manifest.read_text().replace("dependencies = []", 'dependencies = ["click"]')
        + '[tool.uv.sources]\nclick = { path = "../../click" }\n'
    )
    upstream.commit()
    uses(empty_shop, f'tail = {{ git = "{upstream.url}", subdirectory = "tail" }}', "tail")
    refused = empty_shop.refuses("lock", error="not-in-repository")
    assert "takes `click` from ../click, which is outside of it." in refused.err


def _places(shop: Shop) -> dict[str, tuple[str, str]]:
    return {
        str(package.name): (package.source.commit, package.source.subdirectory)
        for package in shop.lock.packages
        if isinstance(package.source, Git)
    }
