"""A workspace that was built, and an index to publish it to."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run, run
from tests.publish.loopback_index import LoopbackIndex, Proxy, run_index
from tests.release_trees import member, root

__all__ = ["Shop", "run"]


class Shop:
    """``app`` needs ``web`` and ``data``, ``web`` needs ``core``, ``data`` stands alone."""

    order = ("core", "data", "web", "app")

    def __init__(self, base: Path) -> None:
        self.base = base
        self.dist = base / "dist"

    def stems(self) -> list[str]:
        return sorted(path.name for path in self.dist.iterdir() if path.name.endswith((".whl", ".tar.gz")))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once; tests work on copies."""
    base = root(tmp_path_factory.mktemp("built") / "shop")
    member(base, "core")
    member(base, "web", needs=["core"])
    member(base, "data")
    member(base, "app", needs=["web", "data"])
    return base


@pytest.fixture
def shop(built: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Shop:
    base = tmp_path / "shop"
    shutil.copytree(built, base)
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(base))
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_NO_INDEX", "1")
    if not (built / "dist").exists():
        assert run("build", "--all-packages", "-o", built / "dist").code == 0
        shutil.copytree(built / "dist", base / "dist")
    return Shop(base)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackIndex]:
    with run_index(tmp_path_factory.mktemp("index")) as index:
        yield index


@pytest.fixture
def proxy(server: LoopbackIndex, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    server.empty()
    proxy = Proxy(server)
    monkeypatch.setenv("INTERLOCK_PUBLISH_URL", proxy.url)
    monkeypatch.setenv("INTERLOCK_PUBLISH_CHECK_URL", proxy.simple_url)
    monkeypatch.setenv("INTERLOCK_HTTP_RETRIES", "1")
    yield proxy
    proxy.close()
