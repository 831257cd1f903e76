"""Corners of locking that the peers had to learn, each with a real index: what is not told by a scenario."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.core.sources.source import Directory
from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.shop import Shop
from tests.wheels import make_sdist, make_wheel

IndexFactory = Callable[..., IndexServer]


def test_a_yanked_pin_stays_with_a_warning_and_installs(empty_shop: Shop, packages: Registry) -> None:
    empty_shop.member("app", "safe")
    empty_shop.run("lock")
    assert empty_shop.versions() == {"safe": "2.1"}
    packages.withdraw("safe-2.1-py3-none-any.whl")
    packages.publish(make_wheel("safe", "2.1"), yanked="eats data")
    # What is locked is installed as it was locked, whatever became of it since.
    empty_shop.run("sync", "--frozen", "--all-packages", "--no-install-workspace", "--no-cache")
    empty_shop.member("app", "safe", "click<8.1")
    empty_shop.run("lock", "--no-cache")
    assert empty_shop.versions() == {"click": "8.0", "safe": "2.1"}
    # Asked for exactly, it can be had, and the reason is told.
    empty_shop.member("app", "safe==2.1", "click<8.1")
    empty_shop.lockfile.unlink()
    done = empty_shop.run("lock", "--no-cache")
    assert "warning[yanked]: safe 2.1 is yanked (eats data); it is pinned exactly or was locked before.\n" in done.err
    empty_shop.member("app", "safe", "click<8.1")
    empty_shop.run("lock", "--upgrade", "--no-cache")
    assert empty_shop.versions() == {"click": "8.0", "safe": "2.0"}


def test_an_extra_that_nobody_has_is_told_and_asks_for_nothing(empty_shop: Shop, packages: Registry) -> None:
    packages.add(make_wheel("lib", "1.0", extras={"fast": ["click"]}))
    empty_shop.member("app", "lib[fsat]")
    done = empty_shop.run("lock")
    assert done.err.startswith("warning[unknown-extra]: `app` requires `lib[fsat]`, but lib 1.0 has no extra `fsat`.\n")
    assert empty_shop.versions() == {"lib": "1.0"}
    # One that is there is not mistaken for one that is not, also when its package is locked already.
    empty_shop.member("app", "lib[Fast]")
    assert "warning" not in empty_shop.run("lock").err
    assert empty_shop.versions() == {"click": "8.1", "lib": "1.0"}


def test_a_path_is_relative_to_the_file_that_says_it_however_far_down(empty_shop: Shop, tmp_path: Path) -> None:
    """A member's directory needs another one beside it; the workspace may stand anywhere."""
    for name, more in (("near", 'dependencies = ["deep @ file:../deep"]\n'), ("deep", "")):
        empty_shop.write(f"vendor/{name}/pyproject.toml", f'[project]\nname = "{name}"\nversion = "1.0"\n{more}')
    empty_shop.member("app", "near", lines='[tool.interlock.sources]\nnear = { path = "../../vendor/near" }\n')
    empty_shop.run("lock")
    sources = {package.name: package.source for package in empty_shop.lock.packages}
    assert sources == {"near": Directory(path="vendor/near"), "deep": Directory(path="vendor/deep")}
    before = empty_shop.lockfile.read_bytes()
    moved = tmp_path / "elsewhere" / "deeper" / "shop"
    shutil.copytree(empty_shop.root, moved)
    (moved / "interlock.lock").unlink()
    empty_shop.run("-C", str(moved), "lock")
    assert (moved / "interlock.lock").read_bytes() == before


def test_one_directory_cannot_be_editable_and_not(empty_shop: Shop) -> None:
    empty_shop.write("vendor/lib/pyproject.toml", '[project]\nname = "lib"\nversion = "1.0"\n')
    for name, editable in (("one", "true"), ("two", "false")):
        source = f'[tool.interlock.sources]\nlib = {{ path = "../../vendor/lib", editable = {editable} }}\n'
        empty_shop.member(name, "lib", lines=source)
    done = empty_shop.run("lock", code=1)
    assert "`one` and `two` cannot both have what they require: they want `lib` from different sources." in done.err


def test_a_file_that_comes_later_is_not_picked_for_a_locked_version(empty_shop: Shop, packages: Registry) -> None:
    empty_shop.member("app", "safe==2.0")
    empty_shop.run("lock")
    packages.add(make_sdist("safe", "2.0"))
    assert [file.filename for file in empty_shop.lock.packages[0].artifacts] == ["safe-2.0-py3-none-any.whl"]
    empty_shop.run("lock", "--no-cache")
    empty_shop.run("sync", "--all-packages", "--no-install-workspace", "--no-cache")
    assert not empty_shop.index.paths("safe-2.0.tar.gz")


def test_only_the_fresh_file_of_a_release_is_hidden_by_a_cutoff(empty_shop: Shop, packages: Registry) -> None:
    """A wheel for one more platform can come years after a release; the cutoff is asked of each file."""
    for tag, time in (("py3-none-any", "2025-01-01T00:00:00Z"), ("cp312-cp312-win_amd64", "2026-06-01T00:00:00Z")):
        packages.publish(make_wheel("native", "1.0", tag=tag), upload_time=time)
    empty_shop.member("app", "native")
    empty_shop.run("lock", "--exclude-newer", "2026-01-01T00:00:00Z")
    assert [file.filename for file in empty_shop.lock.packages[0].artifacts] == ["native-1.0-py3-none-any.whl"]


def test_a_source_names_an_index_of_the_project_not_of_the_command_line(empty_shop: Shop, index: IndexFactory) -> None:
    other = index(registry(safe={"9.0": []}))
    empty_shop.member("app", "safe", lines='[tool.interlock.sources]\nsafe = { index = "corp" }\n')
    done = empty_shop.run("lock", "--index", f"corp={other.url}", code=1)
    assert "corp" in done.err
    assert "unknown-source-index" in done.err
    assert not other.requests


def test_sources_of_a_directory_outside_count_for_what_it_asks_only(empty_shop: Shop, index: IndexFactory) -> None:
    """Its own table says where its requirements come from; the workspace's names come from where the workspace says."""
    empty_shop.write("vendor/safe/pyproject.toml", '[project]\nname = "safe"\nversion = "7.0"\n')
    empty_shop.write(
        "vendor/lib/pyproject.toml",
        '[project]\nname = "lib"\nversion = "1.0"\ndependencies = ["safe"]\n'
        '[tool.uv.sources]\nsafe = { path = "../safe" }\nclick = { path = "../nowhere" }\n',
    )
    empty_shop.member("app", "lib", "click", lines='[tool.interlock.sources]\nlib = { path = "../../vendor/lib" }\n')
    empty_shop.run("lock")
    assert {package.name: package.version for package in empty_shop.lock.packages} == {
        "click": "8.1",
        "lib": "1.0",
        "safe": "7.0",
    }


def test_a_project_that_is_quarantined_has_no_files_and_an_archived_one_still_does(
    empty_shop: Shop, packages: Registry
) -> None:
    packages.raw["infected"] = []
    packages.statuses["infected"] = "quarantined"
    packages.statuses["safe"] = "archived"
    empty_shop.member("app", "safe")
    done = empty_shop.run("lock")
    assert "safe is archived: its index says that no further versions are to be expected." in done.err
    assert empty_shop.versions() == {"safe": "2.1"}
    assert "archived" not in empty_shop.run("lock").err
    empty_shop.member("app", "infected")
    done = empty_shop.run("lock", code=1)
    assert "requires `infected` (packages/app/pyproject.toml" in done.err
    assert "and `infected` is quarantined by its index, which gives no files of it." in done.err
    assert "Do without `infected`" in done.err


def test_only_what_a_member_asks_for_itself_is_called_deprecated(empty_shop: Shop, packages: Registry) -> None:
    packages.statuses["safe"] = "deprecated"
    packages.wheel("jinja-on-top", "1.0", "safe")
    empty_shop.member("app", "jinja-on-top")
    assert "deprecated" not in empty_shop.run("lock").err
    empty_shop.member("web", "safe")
    done = empty_shop.run("lock")
    assert "safe is deprecated: its index says that its authors advise against using it." in done.err


def _poetry_member(shop: Shop, version: str, allow: str = "") -> None:
    shop.write(
        "packages/app/pyproject.toml",
        '[tool.poetry]\nname = "app"\nversion = "1"\n[tool.poetry.dependencies]\npython = ">=3.11"\n'
        f'early = {{ version = "{version}"{allow} }}\n',
    )


def test_poetry_says_of_a_dependency_that_pre_releases_may_or_may_not_be_taken(
    empty_shop: Shop, packages: Registry
) -> None:
    for version in ("1.0", "2.0rc1"):
        packages.wheel("early", version)
    refused = ", allow-prereleases = false"
    _poetry_member(empty_shop, "*", refused)
    empty_shop.run("lock", "--prerelease", "allow")
    assert empty_shop.versions() == {"early": "1.0"}
    empty_shop.run("lock", "--check", "--prerelease", "allow")
    _poetry_member(empty_shop, "*")
    done = empty_shop.run("lock", "--check", "--prerelease", "allow", code=3)
    assert "the setting prerelease-package has been removed" in done.err
    empty_shop.run("lock", "--upgrade", "--prerelease", "allow")
    assert empty_shop.versions() == {"early": "2.0rc1"}
    _poetry_member(empty_shop, ">=2.0rc1")
    empty_shop.run("lock")
    assert empty_shop.versions() == {"early": "2.0rc1"}
    _poetry_member(empty_shop, ">=2.0rc1", refused)
    done = empty_shop.run("lock", code=1)
    assert "hint: `allow-prereleases = false` or a prerelease-package entry keeps 2.0rc1 of `early` out." in done.err


def test_a_package_has_its_own_rule_for_pre_releases(empty_shop: Shop, packages: Registry) -> None:
    for name, version in itertools.product(("early", "other"), ("1.0", "2.0rc1")):
        packages.wheel(name, version)
    empty_shop.write(
        "pyproject.toml",
        '[tool.interlock]\nprerelease-package = { early = "allow" }\n'
        '[tool.interlock.workspace]\nmembers = ["packages/*"]\n',
    )
    empty_shop.member("app", "early", "other")
    empty_shop.run("lock")
    assert empty_shop.versions() == {"early": "2.0rc1", "other": "1.0"}


@pytest.mark.parametrize("name", ["Jinja", "JINJA", "jinja"])
def test_names_are_the_same_whatever_their_spelling(name: str, empty_shop: Shop) -> None:
    empty_shop.member(
        "app", f"{name}==3.0", lines='[dependency-groups]\nDev_Tools = ["S.a.f.e", "safe"]\n'.replace("S.a.f.e", "SAFE")
    )
    empty_shop.run("lock")
    assert empty_shop.versions() == {"jinja": "3.0", "safe": "2.1"}
    assert empty_shop.run("lock").err.startswith("interlock.lock is up to date")


def test_a_member_may_need_itself_only_through_an_extra(empty_shop: Shop) -> None:
    empty_shop.member("app", lines='[project.optional-dependencies]\nall = ["app[fast]"]\nfast = ["safe"]\n')
    empty_shop.run("lock")
    assert empty_shop.versions() == {"safe": "2.1"}
    empty_shop.member("app", "app")
    done = empty_shop.run("lock", code=None)
    assert done.code in {0, 1}
    assert "bug" not in done.err


def test_members_may_need_each_other(empty_shop: Shop) -> None:
    empty_shop.member("one", "two", "safe", lines="[tool.interlock.sources]\ntwo = { workspace = true }\n")
    empty_shop.member("two", "one", "safe")
    empty_shop.run("lock")
    assert empty_shop.versions() == {"safe": "2.1"}
    assert empty_shop.run("lock", "--check").code == 0
