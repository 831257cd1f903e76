"""A workspace, its store and its index, each new for every test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.shop import Shop


@pytest.fixture
def packages() -> Registry:
    return registry(
        flask={"3.0": ["jinja>=3", "click"], "3.1": ["jinja>=3", "click"]},
        jinja={"3.0": ["safe>=2"], "3.1": ["safe>=2"]},
        safe={"2.0": [], "2.1": []},
        click={"8.0": [], "8.1": []},
        checker={"1.0": ["click"]},
    )


@pytest.fixture
def empty_shop(
    tmp_path: Path,
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shop]:
    """A workspace without members."""
    server = index(packages)
    shop = Shop(tmp_path / "shop", tmp_path / "cache", packages, server)
    shop.capture = capsys
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(shop.cache))
    monkeypatch.setenv("INTERLOCK_HTTP_RETRIES", "0")
    yield shop
    shop.close()


@pytest.fixture
def shop(empty_shop: Shop) -> Shop:
    """Members ``web`` and ``catalog``; ``web`` needs ``catalog``."""
    empty_shop.member("catalog", "click")
    empty_shop.member(
        "web",
        "catalog",
        "flask",
        lines='[project.optional-dependencies]\nextra = ["safe"]\n[dependency-groups]\ndev = ["checker"]\n',
    )
    return empty_shop
