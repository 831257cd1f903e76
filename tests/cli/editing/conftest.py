"""A workspace whose manifests are edited, and what they say afterwards."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import Registry, registry


@pytest.fixture
def packages() -> Registry:
    return registry(
        flask={"3.0": ["jinja>=3"], "3.1.2": ["jinja>=3"]},
        jinja={"3.0": ["safe>=2"], "3.1": ["safe>=2"]},
        safe={"2.0": [], "2.1": []},
        click={"8.0": [], "8.1.7": [], "9.0b1": []},
        tiny={"0.4.1": []},
    )


@pytest.fixture
def shop(
    workspace: Path,
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Path:
    server = index(packages)
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(workspace / "apps" / "web"))
    return workspace


def manifest(shop: Path, member: str = "apps/web") -> Path:
    return shop / member / "pyproject.toml"


def dependencies(shop: Path, member: str = "apps/web") -> list[str]:
    found = tomllib.loads(manifest(shop, member).read_text())["project"].get("dependencies", [])
    assert isinstance(found, list)
    return found


@contextmanager
def unchanged(shop: Path) -> Iterator[None]:
    def files() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(shop.rglob("*")) if path.is_file()}

    before = files()
    yield
    assert files() == before
