"""A workspace, its index, and services that answer for it or do not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import Registry
from tests.service.running import RunningService, running_service
from tests.shop import Shop, flask_and_click, open_shop

StartService = Callable[..., RunningService]


@pytest.fixture
def packages() -> Registry:
    return flask_and_click()


@pytest.fixture
def shop(
    tmp_path: Path,
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shop]:
    """Members ``web`` and ``catalog``; ``web`` needs ``catalog``."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with open_shop(tmp_path, packages, index(packages), monkeypatch, capsys) as shop:
        shop.member("catalog", "click")
        shop.member("web", "catalog", "flask")
        yield shop


@pytest.fixture
def service(tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartService]:
    """Start services that know the shop's index, and make the environment name the last one."""
    with contextlib.ExitStack() as stack:
        number = 0

        def start(*arguments: str, text: str | None = None, scope: str = "lock") -> RunningService:
            nonlocal number
            number += 1
            configuration = tmp_path / f"service-{number}.toml"
            configuration.write_text(text or f'[[index]]\nname = "corp"\nurl = "{shop.index.url}"\n')
            data = tmp_path / f"service-{number}"
            running = stack.enter_context(
                running_service(data, "--config", str(configuration), "--workers", "1", *arguments)
            )
            running.started()
            monkeypatch.setenv("INTERLOCK_SERVICE", running.url)
            monkeypatch.setenv("INTERLOCK_SERVICE_TOKEN", running.make_token("--scope", scope))
            return running

        yield start
