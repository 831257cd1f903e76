"""What ``show`` and ``tree`` list of a lock."""

from __future__ import annotations

import pytest

from tests.shop import Shop


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ("--only dev", "checker click"),
        ("--without dev", "click flask jinja safe"),
        ("--no-dev --top-level", "click flask safe"),
        ("--with dev --package catalog", "click"),
        ("--only main --no-truncate", "click flask jinja safe"),
    ],
)
def test_show_is_of_what_is_selected(shop: Shop, flags: str, names: str) -> None:
    shop.run("lock")
    shown = shop.run("show", *flags.split(), "--format", "json").json()["packages"]
    assert [package["name"] for package in shown] == names.split()


def test_duplicates_are_found(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.member("a", "flask==3.0; python_version < '3.12'", "flask==3.1; python_version >= '3.12'")
    shop.run("lock")
    assert [line.split()[:2] for line in shop.run("tree", "--duplicates").out.splitlines() if "flask" in line]
    found = shop.run("tree", "--duplicates", "--json").json()["roots"]
    assert {(node["name"], node["version"]) for node in found} == {("flask", "3.0"), ("flask", "3.1")}
