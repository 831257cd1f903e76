"""A workspace, its store and its index, each new for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import Registry
from tests.shop import Shop, flask_and_click, open_shop


@pytest.fixture
def packages() -> Registry:
    return flask_and_click(checker={"1.0": ["click"]})


@pytest.fixture
def empty_shop(
    tmp_path: Path,
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shop]:
    """A workspace without members."""
    with open_shop(tmp_path, packages, index(packages), monkeypatch, capsys) as shop:
        yield shop


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
