"""What is fetched, how often and how much at once."""

from __future__ import annotations

import pytest

from tests.shop import Shop


def test_installing_asks_for_files_alone(shop: Shop) -> None:
    shop.run("lock")
    before = len(shop.index.requests)
    shop.run("sync", "--all-packages", "--cache-dir", shop.root.parent / "fresh")
    asked = [request.path for request in shop.index.requests[before:]]
    assert any(path.endswith(".whl") for path in asked)
    assert not [path for path in asked if path.endswith(".metadata")]


def test_looking_needs_no_index(shop: Shop) -> None:
    shop.run("lock")
    before = len(shop.index.requests)
    for line in ("show", "show --tree", "show jinja", "tree --duplicates", "why safe", "check --lock", "export"):
        shop.run(*line.split(), "--cache-dir", shop.root.parent / "fresh", "--offline")
    assert len(shop.index.requests) == before


def test_no_more_files_are_fetched_at_once_than_allowed(empty_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = empty_shop
    names = [f"part{number}" for number in range(8)]
    for name in names:
        shop.packages.wheel(name, "1.0")
    shop.member("web", *names)
    shop.run("lock")
    shop.index.slow(".whl", 0.05)
    for allowed in ("2", "8"):
        shop.index.busiest = 0
        monkeypatch.setenv("INTERLOCK_CONCURRENT_DOWNLOADS", allowed)
        shop.run("sync", "--package", "web", "--cache-dir", shop.cache / allowed)
        shop.run("env", "remove")
        assert 1 < shop.index.busiest <= int(allowed), allowed


def test_a_file_that_an_environment_and_a_build_want_is_fetched_once(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.wheel("part", "1.0")
    manifest = shop.member("web", "part") / "pyproject.toml"
    text = manifest.read_text()
    manifest.write_text(text.replace("requires = []", 'requires = ["part"]'))
    assert manifest.read_text() != text
    shop.run("lock")
    shop.index.slow("part-1.0-py3-none-any.whl", 0.3)
    shop.index.forget()
    shop.run("sync", "--package", "web")
    assert len(shop.index.paths("/part-1.0-py3-none-any.whl")) == 1, shop.index.paths()


def test_locking_fetches_metadata_and_no_wheel(shop: Shop) -> None:
    shop.run("lock")
    assert shop.index.paths(".whl.metadata")
    assert [path for path in shop.index.paths() if path.endswith(".whl")] == []


def test_offline_everything_comes_from_the_store(shop: Shop) -> None:
    shop.run("sync")
    installed = shop.installed()
    shop.run("env", "remove")
    shop.lockfile.unlink()
    shop.index.forget()
    shop.run("sync", "--offline")
    assert shop.installed() == installed
    assert shop.index.requests == []
