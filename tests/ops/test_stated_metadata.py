"""``dependency-metadata``: what a workspace states of packages is believed, and nothing of them is fetched or built."""

from __future__ import annotations

import pytest

from tests.git.conftest import Repository
from tests.shop import Shop


def _state(shop: Shop, text: str, dialect: str) -> None:
    place = shop.root / "pyproject.toml"
    entries = f"[tool.{dialect}]\ndependency-metadata = [{text}]\n"
    own = place.read_text(encoding="utf-8").replace("[tool.interlock.workspace]", f"[tool.{dialect}.workspace]")
    place.write_text(own + entries, encoding="utf-8")


@pytest.mark.parametrize("dialect", ["interlock", "uv"])
def test_an_sdist_that_cannot_be_built_is_locked_by_what_is_stated(shop: Shop, dialect: str) -> None:
    shop.packages.sdist("broken", "2.0", "nothing-like-it", static=False)
    shop.packages.wheel("leaf", "1.0")
    shop.packages.wheel("more", "1.0")
    shop.member("one", "broken[x]")
    stated = 'requires-dist = ["leaf", "more; extra == \'x\'"], provides-extra = ["x"], requires-python = ">=3.11"'
    _state(shop, f'{{ name = "Broken", version = "2.0.0", {stated} }}', dialect)
    shop.run("lock")
    found = shop.versions()
    assert {name: found.get(name) for name in ("broken", "leaf", "more")} == {
        "broken": "2.0",
        "leaf": "1.0",
        "more": "1.0",
    }
    assert "nothing-like-it" not in found
    shop.run("lock", "--check")


def test_an_entry_with_a_version_counts_for_it_alone_and_one_without_for_the_others(shop: Shop) -> None:
    for version in ("1.0", "2.0"):
        shop.packages.wheel("lib", version, "nothing-like-it")
    for name in ("for-one", "for-all"):
        shop.packages.wheel(name, "1.0")
    _state(
        shop,
        '{ name = "lib", requires-dist = ["for-all"] }, { name = "lib", version = "1", requires-dist = ["for-one"] }',
        "interlock",
    )
    shop.member("one", "lib==1.0")
    shop.run("lock")
    assert {"for-one", "for-all"} & set(shop.versions()) == {"for-one"}
    shop.member("one", "lib==2.0")
    shop.run("lock")
    assert {"for-one", "for-all"} & set(shop.versions()) == {"for-all"}


def test_what_is_stated_anew_makes_the_lock_stale_by_that_name(shop: Shop) -> None:
    shop.packages.wheel("lib", "1.0")
    shop.packages.wheel("leaf", "1.0")
    shop.member("one", "lib")
    shop.run("lock")
    _state(shop, '{ name = "lib", requires-dist = ["leaf"] }', "interlock")
    assert "dependency-metadata" in shop.run("lock", "--check", code=3).err
    shop.run("lock")
    assert "leaf" in shop.versions()


def test_a_repository_is_not_built_where_one_entry_says_its_version(shop: Shop) -> None:
    repository = Repository(shop.root.parent / "repository")
    (repository.path / "setup.py").write_text("raise SystemExit('this is not to be built')\n", encoding="utf-8")
    repository.commit()
    shop.packages.wheel("leaf", "1.0")
    source = f'[tool.interlock.sources]\nlib = {{ git = "{repository.url}" }}\n'
    shop.member("one", "lib", lines=source)
    _state(shop, '{ name = "lib", version = "7", requires-dist = ["leaf"] }', "interlock")
    shop.run("lock")
    assert {name: shop.versions()[name] for name in ("lib", "leaf")} == {"lib": "7", "leaf": "1.0"}
