"""``--no-sources``: what the members ask for, as those see it who get it from an index."""

from __future__ import annotations

import pytest

from tests.shop import Shop


@pytest.fixture
def published(shop: Shop) -> Shop:
    """``catalog`` is on the index, too, in versions of its own."""
    shop.packages.wheel("catalog", "0.9", "safe")
    shop.packages.wheel("catalog", "0.8", "safe")
    return shop


def test_a_member_is_taken_from_the_index(published: Shop) -> None:
    shop = published
    shop.run("lock", "--no-sources")
    assert shop.versions()["catalog"] == "0.9"
    assert {member.name for member in shop.lock.members} == {"catalog", "web"}
    before = shop.lockfile.read_bytes()
    shop.run("lock", "--no-sources", "--upgrade")
    assert shop.lockfile.read_bytes() == before
    shop.run("lock", "--check", "--no-sources")
    stale = shop.run("lock", "--check", code=3)
    assert "the setting no-sources has been removed" in stale.err
    shop.run("sync", "--no-sources", "--locked", "--package", "web", "--no-dev")
    assert shop.installed() == {
        "catalog": "0.9", "click": "8.1", "flask": "3.1", "jinja": "3.1", "safe": "2.1", "web": "1.0",
    }  # fmt: skip
    shop.run("sync", "--no-sources", "--locked", "--package", "catalog")
    assert shop.installed() == {"catalog": "1.0", "click": "8.1"}


def test_both_at_once_cannot_be_installed(published: Shop) -> None:
    published.run("lock", "--no-sources")
    refused = published.run("sync", "--no-sources", "--locked", "--all-packages", code=2)
    assert refused.err.startswith("error[conflicting-selection]: catalog would be installed twice")


def test_only_one_name(published: Shop) -> None:
    shop = published
    shop.member("more", "catalog", "web")
    shop.run("lock", "--no-sources-package", "web", code=1)
    shop.packages.wheel("web", "2.0", "catalog>=0.5", "flask<3.1")
    shop.run("lock", "--no-sources-package", "web")
    assert shop.versions()["web"] == "2.0"
    assert "catalog" not in shop.versions(), "its source still counts"


def test_an_extra_of_its_own_means_the_member(published: Shop) -> None:
    shop = published
    manifest = shop.manifest("catalog")
    text = manifest.read_text().replace(
        "[build-system]", '[project.optional-dependencies]\na = ["checker"]\n[build-system]'
    )
    manifest.write_text(text.replace("[project.opt", '[dependency-groups]\ndev = ["catalog[a]"]\n[project.opt'))
    shop.run("lock", "--no-sources")
    shop.run("sync", "--no-sources", "--locked", "--package", "catalog")
    assert shop.installed() == {"catalog": "1.0", "checker": "1.0", "click": "8.1"}


def test_what_is_not_published_is_told(shop: Shop) -> None:
    with shop.unchanged():
        refused = shop.run("lock", "--no-sources", code=1)
    assert "no index has a package `catalog`" in refused.err


def test_as_a_setting_of_the_workspace(published: Shop) -> None:
    root = published.root / "pyproject.toml"
    root.write_text(root.read_text() + '[tool.interlock]\nno-sources-package = ["catalog"]\n')
    published.run("lock")
    assert published.versions()["catalog"] == "0.9"
    published.run("lock", "--check")
