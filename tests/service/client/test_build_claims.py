"""What several build at the same time is built once, and whoever goes away keeps nobody waiting."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cache_server import cache_server
from tests.registry import Registry
from tests.service.client.test_build_cache import LOGGED
from tests.service.running import RunningService, running_service
from tests.shop import Shop, flask_and_click
from tests.wheels import BACKEND, make_sdist

GATED = """
_made = build_wheel


def build_wheel(*arguments, **options):
    import os, time
    open({begun!r} + "-" + str(os.getpid()), "w").close()
    while not os.path.exists({gate!r}):
        time.sleep(0.02)
    return _made(*arguments, **options)
"""
MEMBERS = tuple(f"m{number}" for number in range(8))


class Team:
    """Several machines with one workspace, whose builds wait for a gate that the test opens."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop = shop
        self.log = folder / "built.log"
        self.gate = folder / "gate"
        self.folder = folder
        self.backend = (
            BACKEND + GATED.format(begun=str(folder / "begun"), gate=str(self.gate)) + LOGGED.format(log=str(self.log))
        )

    def start(self, name: str, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        place = {
            "INTERLOCK_CACHE_DIR": str(self.folder / name),
            "INTERLOCK_PROJECT_ENVIRONMENT": str(self.folder / f"{name}-venv"),
        }
        return self.shop.start("sync", "--locked", "--no-editable", *arguments, **place, **environ)

    def built(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []

    def begun(self) -> int:
        """Builds that have begun."""
        return len(list(self.folder.glob("begun-*")))

    def wait_until_begun(self, number: int) -> None:
        end = time.monotonic() + 30
        while self.begun() < number:
            assert time.monotonic() < end
            time.sleep(0.02)


@pytest.fixture
def packages() -> Registry:
    return flask_and_click()


@pytest.fixture
def team(tmp_path: Path, shop: Shop, packages: Registry) -> Team:
    team = Team(shop, tmp_path)
    packages.publish(make_sdist("old", "1.0", requires=["click"], backend=team.backend))
    for name in MEMBERS:
        folder = shop.member(name, "old")
        (folder / "in_tree_backend.py").write_text(team.backend)
    (shop.member("alone") / "in_tree_backend.py").write_text(team.backend)
    shop.run("lock")
    return team


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningService]:
    with running_service(tmp_path / "data", "--listen", "127.0.0.1:0", "--workers", "1") as running:
        monkeypatch.setenv("INTERLOCK_CACHE_URL", f"{running.started().url}/cache")
        monkeypatch.setenv("INTERLOCK_CACHE_MODE", "readwrite")
        token = running.make_token("--name", "ci", "--scope", "cache:read,cache:write")
        monkeypatch.setenv("INTERLOCK_CACHE_TOKEN", token)
        yield running


def ended(process: subprocess.Popen[str]) -> str:
    """What a command said that has to succeed."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, f"{out}\n{err}"
    return err


def test_what_many_build_at_once_is_built_once(team: Team, service: RunningService) -> None:
    team.gate.touch()
    selected = [argument for name in MEMBERS for argument in ("--package", name)]
    machines = [team.start(f"machine-{number}", *selected) for number in range(4)]
    for process in machines:
        ended(process)
    assert len(team.built()) == len(MEMBERS) + 1
    environments = [team.shop.installed(team.folder / f"machine-{number}-venv") for number in range(4)]
    assert all({*MEMBERS, "old"} <= set(found) for found in environments)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_goes_away_keeps_nobody_waiting(team: Team, service: RunningService, number: int) -> None:
    one = team.start("one", "--package", "alone")
    team.wait_until_begun(1)
    two = team.start("two", "--package", "alone")
    time.sleep(1)
    assert team.begun() == 1, "the other one waits"
    os.killpg(one.pid, number)
    one.communicate(timeout=30)
    team.wait_until_begun(2)
    team.gate.touch()
    ended(two)
    assert team.built() == ["build_wheel", "build_wheel"]


def test_what_cannot_be_built_is_tried_by_each_and_waited_for_once(team: Team, service: RunningService) -> None:
    folder = team.shop.root / "packages" / "alone"
    broken = (
        team.backend + f"\n\ndef build_wheel(*a, **o):\n    open({str(team.log)!r}, 'a').write('tried\\n')\n    1 / 0\n"
    )
    (folder / "in_tree_backend.py").write_text(broken)
    team.gate.touch()
    team.start("before", "--package", "alone", INTERLOCK_CACHE_MODE="off").communicate(timeout=60)
    tries = team.built().count("tried")
    machines = [team.start(f"machine-{number}", "--package", "alone") for number in range(3)]
    for process in machines:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "error[backend-failed]" in err
    assert team.built().count("tried") == 4 * tries > 0


def test_a_service_that_dies_while_others_wait(team: Team, service: RunningService) -> None:
    one = team.start("one", "--package", "alone")
    team.wait_until_begun(1)
    two = team.start("two", "--package", "alone")
    time.sleep(1)
    assert team.begun() == 1
    service.send(signal.SIGKILL)
    team.wait_until_begun(2)
    team.gate.touch()
    assert ended(one).count("warning") == 1
    assert ended(two).count("warning") <= 1


def test_a_service_that_stops_answering_while_others_wait(team: Team, service: RunningService) -> None:
    one = team.start("one", "--package", "alone")
    team.wait_until_begun(1)
    two = team.start("two", "--package", "alone")
    time.sleep(1)
    service.send(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        team.wait_until_begun(2)
        assert time.monotonic() - begun < 6
        team.gate.touch()
        assert ended(one).count("warning[blobs-unavailable]") == 1
        assert ended(two).count("warning[blobs-unavailable]") == 1
    finally:
        service.send(signal.SIGCONT)


def test_a_cache_that_knows_of_no_claims_will_do(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    with cache_server() as server:
        monkeypatch.setenv("INTERLOCK_CACHE_URL", f"{server.url}/cache")
        monkeypatch.setenv("INTERLOCK_CACHE_MODE", "readwrite")
        team.gate.touch()
        for name, count in (("one", 1), ("two", 1)):
            assert "warning" not in ended(team.start(name, "--package", "alone"))
            assert len(team.built()) == count
