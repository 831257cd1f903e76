"""What stays in a lock and what moves: pins stay until somebody asks for their upgrade."""

from __future__ import annotations

import subprocess
from pathlib import Path

from interlock.core.sources.source import Git
from tests.registry import Registry
from tests.shop import Shop
from tests.wheels import BACKEND


def test_pins_stay_until_somebody_asks(shop: Shop, packages: Registry) -> None:
    shop.run("lock")
    for name, version in (("click", "8.2"), ("safe", "2.2"), ("jinja", "3.2")):
        packages.wheel(name, version)
    shop.member("catalog", "click", "checker")
    shop.run("lock")
    assert shop.versions() == {"checker": "1.0", "click": "8.1", "flask": "3.1", "jinja": "3.1", "safe": "2.1"}
    shop.run("lock", "-P", "click")
    assert shop.versions() == {"checker": "1.0", "click": "8.2", "flask": "3.1", "jinja": "3.1", "safe": "2.1"}
    shop.run("lock", "-P", "click==8.0")
    assert shop.versions()["click"] == "8.0"
    shop.run("lock", "--check")
    shop.run("lock", "--upgrade")
    assert shop.versions() == {"checker": "1.0", "click": "8.2", "flask": "3.1", "jinja": "3.2", "safe": "2.2"}


def test_an_upgrade_leaves_what_differs_by_python(empty_shop: Shop) -> None:
    empty_shop.packages.wheel("core", "1.0")
    empty_shop.packages.wheel("core", "2.0", requires_python=">=3.12")
    empty_shop.packages.wheel("tool", "1.0")
    empty_shop.member("web", "core", "tool")
    empty_shop.run("lock")
    empty_shop.packages.wheel("tool", "2.0")
    empty_shop.run("lock", "-P", "tool")
    assert [found.version for found in empty_shop.lock.packages] == ["1.0", "2.0", "2.0"]


def test_an_upgrade_to_a_version_that_is_not_there(shop: Shop) -> None:
    shop.run("lock")
    said = shop.refuses("lock", "-P", "click==99", error="no-solution")
    assert "click==99" in said.err


def test_a_package_that_is_not_needed_any_more_leaves(shop: Shop) -> None:
    shop.run("lock")
    shop.member("web", "catalog")
    shop.run("lock")
    assert shop.versions() == {"click": "8.1"}


def git(place: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_branch_that_moves_is_ignored_until_the_package_is_upgraded(empty_shop: Shop, tmp_path: Path) -> None:
    shop, place = empty_shop, tmp_path / "repository"
    place.mkdir()
    git(place, "init", "-q", "-b", "main")

    def commit(version: str) -> str:
        (place / "pyproject.toml").write_text(
            f'[project]\nname = "moving"\nversion = "{version}"\n[build-system]\nrequires = []\n'
            'build-backend = "in_tree_backend"\nbackend-path = ["."]\n'
        )
        (place / "METADATA.in").write_text(f"Metadata-Version: 2.1\nName: moving\nVersion: {version}\n")
        (place / "in_tree_backend.py").write_text(BACKEND)
        (place / "moving.py").write_text(f"VERSION = '{version}'\n")
        git(place, "add", "-A")
        git(place, "commit", "-q", "-m", version)
        return git(place, "rev-parse", "HEAD")

    def locked() -> tuple[str, str]:
        (package,) = [package for package in shop.lock.packages if package.name == "moving"]
        assert isinstance(package.source, Git)
        return package.version, package.source.commit

    first = commit("1.0")
    source = f'[tool.interlock.sources]\nmoving = {{ git = "file://{place}", branch = "main" }}\n'
    shop.member("app", "moving", lines=source)
    shop.run("sync")
    assert locked() == ("1.0", first)
    second = commit("2.0")
    shop.run("lock")
    shop.run("lock", "--check")
    shop.member("other", "click")
    shop.run("lock")
    assert locked() == ("1.0", first), "another change does not move it"
    shop.run("lock", "-P", "click")
    assert locked() == ("1.0", first)
    shop.run("lock", "-P", "moving")
    assert locked() == ("2.0", second)
    third = commit("3.0")
    shop.run("lock", "--upgrade")
    assert locked() == ("3.0", third)
    shop.run("sync", "--all-packages")
    assert shop.python("import moving; print(moving.VERSION)") == "3.0"


def test_a_group_is_upgraded_by_its_name(shop: Shop) -> None:
    shop.run("lock")
    for name in ("checker", "flask", "safe"):
        shop.packages.wheel(name, "9.0")
    shop.run("lock", "--upgrade-group", "dev")
    assert (shop.versions()["checker"], shop.versions()["flask"]) == ("9.0", "3.1")
    assert "no-such-group" in shop.run("lock", "--upgrade-group", "nope", code=2).err
