"""A workspace, its index, and services that answer for it or do not."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.service.running import RunningService, running_service
from tests.shop import Shop

StartService = Callable[..., RunningService]


@pytest.fixture
def packages() -> Registry:
    return registry(
        flask={"3.0": ["jinja>=3", "click"], "3.1": ["jinja>=3", "click"]},
        jinja={"3.0": ["safe>=2"], "3.1": ["safe>=2"]},
        safe={"2.0": [], "2.1": []},
        click={"8.0": [], "8.1": []},
    )


@pytest.fixture
def shop(
    tmp_path: Path,
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shop]:
    """Members ``web`` and ``catalog``; ``web`` needs ``catalog``."""
    server = index(packages)
    shop = Shop(tmp_path / "shop", tmp_path / "cache", packages, server)
    shop.capture = capsys
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(shop.cache))
    monkeypatch.setenv("INTERLOCK_HTTP_RETRIES", "0")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    shop.member("catalog", "click")
    shop.member("web", "catalog", "flask")
    yield shop
    shop.close()


@pytest.fixture
def service(tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartService]:
    """Start services that know the shop's index, and make the environment name the last one."""
    with contextlib.ExitStack() as stack:
        number = 0

        def start(*arguments: str, text: str | None = None) -> RunningService:
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
            monkeypatch.setenv("INTERLOCK_SERVICE_TOKEN", running.make_token("--scope", "lock"))
            return running

        yield start
