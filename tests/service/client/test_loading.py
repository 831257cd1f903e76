"""What a command loads of the service: nothing where none is configured, and never what only a server needs."""

from __future__ import annotations

import subprocess
import sys

from tests.service.client.conftest import StartService
from tests.shop import Shop

_SERVERS = {"granian", "prometheus_client", "starlette"}


def _loaded(shop: Shop, *arguments: str) -> set[str]:
    code = (
        "import sys\nfrom interlock.cli.main import main\nassert main(sys.argv[1:]) == 0\n"
        "print('\\n'.join(['modules:', *sys.modules]), file=sys.stderr)"
    )
    line = [sys.executable, "-c", code, "--directory", str(shop.root), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    return set(done.stderr.partition("modules:\n")[2].splitlines())


def _ours(loaded: set[str]) -> set[str]:
    return {name.removeprefix("interlock.service.") for name in loaded if name.startswith("interlock.service.")}


def test_a_lock_that_is_made_without_a_service_loads_nothing_of_it(shop: Shop) -> None:
    loaded = _loaded(shop, "lock")
    assert _ours(loaded) == set()
    assert not loaded & _SERVERS


def test_a_lock_from_a_service_loads_what_asks_and_no_server(shop: Shop, service: StartService) -> None:
    service()
    loaded = _loaded(shop, "lock")
    assert _ours(loaded) == {"checked", "client", "connection", "frames", "protocol", "remote_error"}
    assert not loaded & _SERVERS


def test_a_fresh_lock_loads_nothing_of_a_service(shop: Shop, service: StartService) -> None:
    service()
    shop.run("lock")
    assert _ours(_loaded(shop, "lock", "-q")) == set()
