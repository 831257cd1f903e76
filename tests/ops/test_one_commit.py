"""One commit asked for in several ways, and paths that lead back or nowhere."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from interlock.core.sources.source import Git
from tests.git.conftest import Repository
from tests.shop import Shop
from tests.wheels import BACKEND

BUILD = '[build-system]\nrequires = []\nbuild-backend = "in_tree_backend"\nbackend-path = ["."]\n'


def files(name: str, *requires: str) -> dict[str, str]:
    asked = "".join(f"Requires-Dist: {text}\n" for text in requires)
    return {
        "pyproject.toml": f'[project]\nname = "{name}"\nversion = "1.0"\ndependencies = {[*requires]!r}\n{BUILD}',
        "in_tree_backend.py": BACKEND,
        "METADATA.in": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{asked}",
        f"{name}.py": "",
    }


@pytest.fixture
def tree(tmp_path: Path) -> Repository:
    """A repository of ``tree`` with one commit that has many names."""
    found = Repository(tmp_path / "tree")
    found.commit(**files("tree"))
    found.git("tag", "v1")
    found.git("tag", "-a", "v1a", "-m", "annotated")
    found.git("branch", "other")
    return found


def ways(tree: Repository) -> dict[str, str]:
    """Requirements and sources tables that lead to the commit."""
    commit, at = tree.git("rev-parse", "HEAD"), f"tree @ git+{tree.url}"
    found = {"": at, "/": f"{at}/", ".git": f"{at}.git"}
    found |= {name: f"{at}@{name}" for name in ("main", "other", "v1", "v1a", "refs/tags/v1", commit[:10], commit)}
    return found | {
        f"source {keys}": f'[tool.interlock.sources]\ntree = {{ git = "{tree.url}"{keys} }}\n'
        for keys in ("", ', branch = "main"', ', tag = "v1"', f', rev = "{commit}"')
    }


def asks(shop: Shop, member: str, way: str) -> None:
    if way.startswith("["):
        shop.member(member, "tree", lines=way)
    else:
        shop.member(member, way)


def test_any_two_ways_to_one_commit_are_one_source(empty_shop: Shop, tree: Repository) -> None:
    shop, commit = empty_shop, tree.git("rev-parse", "HEAD")
    known = list(ways(tree).values())
    # Some pairs, rather than all of a hundred.
    for one, other in itertools.chain(itertools.pairwise(known), itertools.pairwise(known[::2])):
        asks(shop, "web", one)
        asks(shop, "api", other)
        shop.lockfile.unlink(missing_ok=True)
        shop.run("lock")
        (package,) = shop.lock.packages
        assert isinstance(package.source, Git)
        assert package.source.commit == commit
        shop.run("lock", "--check")


def test_commits_stay_for_every_reference_until_somebody_asks(empty_shop: Shop, tree: Repository) -> None:
    shop, first = empty_shop, tree.git("rev-parse", "HEAD")
    shop.member("web", f"tree @ git+{tree.url}@main")
    shop.member("api", f"tree @ git+{tree.url}@other")
    shop.run("lock")
    second = tree.commit(more="x")
    tree.git("branch", "-f", "other", second)
    shop.member("jobs", "click")
    shop.run("lock")
    assert [package.source.commit for package in shop.lock.packages if isinstance(package.source, Git)] == [first]
    shop.run("lock", "-P", "tree")
    assert [package.source.commit for package in shop.lock.packages if isinstance(package.source, Git)] == [second]


def test_references_to_different_commits_are_told_apart(empty_shop: Shop, tree: Repository) -> None:
    shop = empty_shop
    first = tree.git("rev-parse", "HEAD")
    second = tree.commit(more="x")
    shop.member("web", f"tree @ git+{tree.url}@main")
    shop.member("api", f"tree @ git+{tree.url}@v1")
    said = shop.refuses("lock", error="no-solution")
    assert f"web requires tree from git ../tree at main ({second[:10]})" in said.err
    assert f"api requires tree from git ../tree at v1 ({first[:10]})" in said.err


def test_a_reference_in_metadata_is_that_of_a_member(empty_shop: Shop, tree: Repository, tmp_path: Path) -> None:
    """As in a project whose backend writes what its sources say into the metadata."""
    shop = empty_shop
    other = Repository(tmp_path / "user")
    other.commit(**files("user", f"tree @ git+{tree.url}@v1"))
    shop.member(
        "web",
        "user",
        "tree",
        lines=f'[tool.interlock.sources]\nuser = {{ git = "{other.url}" }}\n'
        f'tree = {{ git = "{tree.url}", tag = "v1" }}\n',
    )
    shop.run("lock")
    assert shop.versions() == {"tree": "1.0", "user": "1.0"}


# ---- paths that lead back --------------------------------------------------------------------------------------------


def outside(shop: Shop, name: str, *requires: str, sources: str = "") -> Path:
    """A project beside the workspace."""
    found = Shop(shop.root.parent / f"place-of-{name}", shop.cache, shop.packages, shop.index)
    return found.member(name, *requires, lines=f"[tool.uv.sources]\n{sources}\n" if sources else "")


def test_a_path_that_leads_back_to_a_member_is_the_member(empty_shop: Shop) -> None:
    shop = empty_shop
    back = '{{ path = "../../../{}", editable = true }}'
    first = outside(shop, "first", "second", sources=f"second = {back.format('place-of-second/packages/second')}")
    outside(shop, "second", "web>=1.0", sources=f"web = {back.format('shop/packages/web')}")
    source = f'[tool.interlock.sources]\nfirst = {{ path = "../../../{first.relative_to(shop.root.parent)}" }}\n'
    shop.member("web", lines=f'[dependency-groups]\ndev = ["first"]\n{source}')
    shop.run("lock")
    assert sorted(shop.versions()) == ["first", "second"], "a member is no locked package"
    shop.run("sync", "--package", "web")
    assert shop.installed().keys() == {"first", "second", "web"}
    before = shop.lockfile.read_bytes()
    shop.run("lock", "--upgrade")
    assert shop.lockfile.read_bytes() == before


def test_the_version_of_a_tree_moves_with_the_tree(empty_shop: Shop) -> None:
    shop = empty_shop
    place = outside(shop, "lib")
    shop.member(
        "web",
        "lib",
        lines=f'[tool.interlock.sources]\nlib = {{ path = "../../../{place.relative_to(shop.root.parent)}" }}\n',
    )
    shop.run("sync", "--package", "web")
    for name in ("pyproject.toml", "METADATA.in"):
        file = place / name
        file.write_text(
            file.read_text().replace('version = "1.0"', 'version = "1.1"').replace("Version: 1.0", "Version: 1.1")
        )
    shop.run("sync", "--package", "web")
    assert shop.installed()["lib"] == "1.1"
    shop.run("sync", "--package", "web", "--check")


def test_another_workspace_that_is_needed_nowhere_is_not_looked_at(empty_shop: Shop) -> None:
    shop = empty_shop
    source = 'gone = { workspace = "../../../nowhere", marker = "python_version < \'3.5\'" }'
    shop.packages.wheel("gone", "1.0")
    shop.member("web", "gone", lines=f"[tool.interlock.sources]\n{source}\n")
    shop.run("lock")
    assert shop.versions() == {"gone": "1.0"}


NOWHERE = [
    ("sys_platform == 'never' and sys_platform == 'ever'", ""),
    ("python_version < '3.5'", ""),
    ("sys_platform == 'win32'", "[tool.interlock]\nenvironments = [\"sys_platform == 'linux'\"]\n"),
]
PLACES = [
    'path = "../nowhere"',
    'path = "../nowhere.whl"',
    'git = "file:///nowhere"',
    'url = "https://host.test/a.whl"',
]


@pytest.mark.parametrize(("marker", "settings"), NOWHERE)
@pytest.mark.parametrize("place", PLACES)
def test_a_source_whose_marker_never_holds_is_not_opened(
    empty_shop: Shop, marker: str, settings: str, place: str
) -> None:
    shop = empty_shop
    root = shop.root / "pyproject.toml"
    root.write_text(settings + root.read_text())
    shop.member("web", f"gone ; {marker}", "click", lines=f"[tool.interlock.sources]\ngone = {{ {place} }}\n")
    shop.run("lock")
    assert shop.versions() == {"click": "8.1"}
    rule = f'gone = {{ {place}, marker = "{marker}" }}'
    shop.packages.wheel("gone", "1.0")
    shop.member("web", "gone", "click", lines=f"[tool.interlock.sources]\n{rule}\n")
    shop.run("lock")
    assert shop.versions() == {"click": "8.1", "gone": "1.0"}
    shop.run("lock", "--check")
