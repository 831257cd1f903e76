"""Source trees outside of the workspace: path dependencies, and members of another workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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
