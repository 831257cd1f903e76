"""What every test has: a clean environment, a time limit, and an index on loopback to ask."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.index_server import Behaviour, IndexServer, serve
from tests.registry import Registry

__all__: list[str] = []

TIME_LIMIT = 60.0
NIGHTLY_LIMIT = 6 * 3600.0
"""Seconds one test may take before the run is ended with every thread's stack."""

FOREIGN = (
    "INTERLOCK_",
    "PIP_",
    "UV_",
    "POETRY_",
    "PDM_",
    "HATCH_",
    "PYTHON",
    "VIRTUAL_ENV",
    "CONDA_",
    "XDG_",
    "NETRC",
    "SOURCE_DATE_EPOCH",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "COLUMNS",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_",
    "REQUESTS_CA_BUNDLE",
    "GIT_",
)
"""Variables of the person who runs the tests that would change what the programs under test do."""

REACH = ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT", "UV_DEFAULT_INDEX", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
"""Those a ``network`` test keeps, with the proxies: how this machine gets at its package index."""

for ignored in (signal.SIGINT, signal.SIGQUIT):
    # A shell without job control starts what runs in the background with these ignored, and programs keep that.
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, signal.default_int_handler if ignored is signal.SIGINT else signal.SIG_DFL)

for name, examples in {"quick": 60, "nightly": 20_000}.items():
    # Without a database of examples a run depends on nothing but its seed, which .ci/nightly says.
    settings.register_profile(
        name, max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--network", action="store_true", help="run tests that talk to the configured package index")
    parser.addoption("--no-slow", action="store_true", help="leave out tests that take more than a few seconds")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    network = config.getoption("--network") or os.environ.get("INTERLOCK_TEST_NETWORK") == "1"
    for item in items:
        if not network and item.get_closest_marker("network"):
            item.add_marker(pytest.mark.skip(reason="needs --network or INTERLOCK_TEST_NETWORK=1"))
        if config.getoption("--no-slow") and item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="left out by --no-slow"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """End a run that hangs, showing where: no plugin, and it works when the event loop itself is stuck."""
    marker = item.get_closest_marker("time_limit")
    limit = float(marker.args[0]) if marker else TIME_LIMIT
    if sys.gettrace() is not None:  # whoever looks at every line has to wait for it
        limit *= 5
    if os.environ.get("HYPOTHESIS_PROFILE") == "nightly":
        limit = NIGHTLY_LIMIT
    faulthandler.dump_traceback_later(limit, exit=True, file=_terminal())
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _terminal() -> Any:
    """The real stderr: pytest's capture has no file descriptor that survives the exit."""
    return sys.__stderr__


@pytest.fixture(autouse=True)
def clean_environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A home of its own and none of the caller's settings; returns the home."""
    online = request.node.get_closest_marker("network") is not None
    for name in list(os.environ):
        kept = name.startswith("INTERLOCK_TEST_") or (online and name.startswith(REACH))
        if name.startswith(FOREIGN) and not kept and not (online and name.lower().endswith("_proxy")):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("APPDATA", str(home / "appdata"))
    monkeypatch.setenv("LOCALAPPDATA", str(home / "appdata"))
    if not online:
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for person in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{person}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{person}_EMAIL", "test@example.test")
    return home


IndexFactory = Callable[..., IndexServer]


@pytest.fixture
def index() -> Iterator[IndexFactory]:
    """Start indexes: ``index(registry(...), html_only=True)``; each is closed when the test ends."""
    with contextlib.ExitStack() as stack:

        def start(packages: Registry, **behaviour: Any) -> IndexServer:
            return stack.enter_context(serve(packages, Behaviour(**behaviour)))

        yield start
