"""Requires-Python of the index and of the metadata: both count, whoever says nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from tests.shop import Shop
from tests.wheels import make_wheel

_HERE = f"3.{sys.version_info.minor}"
_NEXT = f"3.{sys.version_info.minor + 1}"
_BEFORE = f"3.{sys.version_info.minor - 1}"


@pytest.fixture
def wheels(empty_shop: Shop) -> Path:
    """A directory of wheels, of which no page says anything."""
    folder = empty_shop.root.parent / "wheels"
    folder.mkdir()
    return folder


def _put(folder: Path, name: str, version: str, requires_python: str, *requires: str) -> None:
    built = make_wheel(name, version, requires_python=requires_python or None, requires=requires)
    (folder / built.filename).write_bytes(built.data)


def _lock(shop: Shop, folder: Path, *asked: str, more: str = "") -> str:
    lines = '[tool.interlock.workspace]\nmembers = ["packages/*"]\n'
    shop.write("pyproject.toml", f'{lines}[tool.interlock]\nno-index = true\nfind-links = ["{folder}"]\n{more}\n')
    shop.member("app", *asked, python=f">={_HERE}")
    return shop.run("lock").err


def _here(shop: Shop) -> dict[str, str]:
    shop.run("sync", "--package", "app")
    return {name: version for name, version in shop.installed().items() if name != "app"}


@pytest.mark.parametrize(
    ("requires_python", "version"),
    [
        (f">={_NEXT}", "1.0"),
        (f"!={_HERE}.*", "1.0"),
        (f"=={_BEFORE}.*", "1.0"),
        (f"=={_NEXT}.*", "1.0"),
        (f"~={_NEXT}.0", "1.0"),
        (f">={_HERE}", "2.0"),
        (f"=={_HERE}.*", "2.0"),
        (f">={_BEFORE},!={_BEFORE}.*", "2.0"),
        ("", "2.0"),
    ],
)
def test_the_metadata_decides_where_the_index_says_nothing(
    empty_shop: Shop, wheels: Path, requires_python: str, version: str
) -> None:
    _put(wheels, "num", "1.0", f">={_BEFORE}")
    _put(wheels, "num", "2.0", requires_python)
    _lock(empty_shop, wheels, "num")
    assert _here(empty_shop) == {"num": version}
    before = empty_shop.lockfile.read_bytes()
    empty_shop.run("lock", "--check")
    empty_shop.lockfile.touch()
    empty_shop.run("lock", "--upgrade")
    assert empty_shop.lockfile.read_bytes() == before


def test_what_is_needed_in_turn_is_judged_too(empty_shop: Shop, wheels: Path) -> None:
    _put(wheels, "top", "1.0", "", "num")
    _put(wheels, "num", "1.0", "")
    _put(wheels, "num", "2.0", f">={_NEXT}")
    _lock(empty_shop, wheels, "top")
    assert _here(empty_shop) == {"num": "1.0", "top": "1.0"}
    assert sorted(package.version for package in empty_shop.lock.packages if package.name == "num") == ["1.0", "2.0"]


def test_an_upper_bound_that_no_newer_release_contradicts_is_passed_over_and_told(
    empty_shop: Shop, wheels: Path
) -> None:
    _put(wheels, "num", "1.0", "")
    _put(wheels, "num", "2.0", f">={_BEFORE},<{_HERE}")
    said = _lock(empty_shop, wheels, "num")
    assert said.count("Upper bounds on Python are passed over") == 1
    assert f"num 2.0 (>={_BEFORE},<{_HERE})" in said or f"num 2.0 (<{_HERE},>={_BEFORE})" in said
    told = empty_shop.run("sync", "--package", "app").err
    assert told.count(f"Installed though they are not for Python {_HERE}") == 1
    assert "num 2.0" in told
    assert empty_shop.installed()["num"] == "2.0"
    assert "not for Python" not in empty_shop.run("sync", "--package", "app").err


def test_an_upper_bound_counts_where_a_newer_release_admits_more(empty_shop: Shop, wheels: Path) -> None:
    """Also where that one says nothing itself, and only for the Pythons that it admits."""
    _put(wheels, "num", "1.0", f">={_BEFORE},<{_NEXT}")
    _put(wheels, "num", "2.0", f">={_BEFORE}")
    _put(wheels, "old", "1.0", f">={_BEFORE},<{_HERE}")
    _put(wheels, "old", "2.0", "")
    said = _lock(empty_shop, wheels, "num", "old", more='resolution = "lowest"')
    assert "passed over" not in said
    assert _here(empty_shop) == {"num": "1.0", "old": "2.0"}
    assert sorted(package.version for package in empty_shop.lock.packages if package.name == "num") == ["1.0", "2.0"]


def test_an_upper_bound_never_makes_a_lock_impossible(empty_shop: Shop, wheels: Path) -> None:
    """What needs the old release needs it; it is told."""
    _put(wheels, "top", "1.0", "", "num<2")
    _put(wheels, "num", "1.0", f"<{_HERE}")
    _put(wheels, "num", "2.0", "")
    assert "num 1.0" in _lock(empty_shop, wheels, "top")
    assert _here(empty_shop) == {"num": "1.0", "top": "1.0"}


def test_an_older_release_of_what_needs_it_is_taken_first(empty_shop: Shop, wheels: Path) -> None:
    _put(wheels, "top", "1.0", "", "num")
    _put(wheels, "top", "2.0", "", "num<2")
    _put(wheels, "num", "1.0", f"<{_HERE}")
    _put(wheels, "num", "2.0", "")
    assert "passed over" not in _lock(empty_shop, wheels, "top")
    assert _here(empty_shop) == {"num": "2.0", "top": "1.0"}


def test_bounds_before_python_4_alone_are_bounds(empty_shop: Shop, wheels: Path) -> None:
    _put(wheels, "num", "1.0", ">=3.8,<4")
    _put(wheels, "num", "2.0", ">=3.8,<4.0")
    assert "passed over" not in _lock(empty_shop, wheels, "num")
    assert not empty_shop.lock.forks


def test_a_bound_of_what_is_not_needed_there_is_not_told(empty_shop: Shop, wheels: Path) -> None:
    _put(wheels, "num", "1.0", f"<{_NEXT}")
    assert "passed over" not in _lock(empty_shop, wheels, f"num ; python_version < '{_NEXT}'")


def test_page_and_metadata_are_taken_together(empty_shop: Shop) -> None:
    empty_shop.packages.wheel("num", "1.0")
    built = make_wheel("num", "2.0", requires_python=f">={_NEXT}")
    empty_shop.packages.publish(msgspec.structs.replace(built, requires_python=f">={_BEFORE}"))
    empty_shop.member("app", "num", python=f">={_HERE}")
    empty_shop.run("lock")
    assert _here(empty_shop) == {"num": "1.0"}


@pytest.mark.parametrize("hole", [f">={_BEFORE},!={_HERE}.*", f"=={_NEXT}.*"])
def test_the_hint_of_a_hole_is_what_the_project_does_not_say_already(empty_shop: Shop, wheels: Path, hole: str) -> None:
    _put(wheels, "num", "1.0", hole)
    lines = f'[tool.interlock]\nno-index = true\nfind-links = ["{wheels}"]\n'
    empty_shop.write("pyproject.toml", '[tool.interlock.workspace]\nmembers = ["packages/*"]\n' + lines)
    empty_shop.member("app", "num", python=f">={_HERE}")
    said = empty_shop.run("lock", code=1).err
    assert "num 1.0 needs Python" in said
    assert f'requires-python = ">={_BEFORE}"' not in said
    assert "on the requirement leaves out the Pythons that num 1.0 does without" in said
