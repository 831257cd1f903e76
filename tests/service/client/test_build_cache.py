"""Builds are shared: the second machine builds nothing, and whatever is wrong with a cache, everything is built."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import cache_server as faults
from tests.cache_server import CacheServer, Fault, cache_server
from tests.registry import Registry
from tests.service.client.conftest import StartService
from tests.service.client.impostors import black_hole, refusing
from tests.service.running import running_service
from tests.shop import Shop, flask_and_click
from tests.wheels import BACKEND, make_sdist

LOGGED = """

def _logged(name):
    made = globals()[name]

    def make(*arguments, **options):
        with open({log!r}, "a") as file:
            file.write(name + "\\n")
        return made(*arguments, **options)

    return make


for _name in ("build_wheel", "build_sdist", "build_editable"):
    if _name in globals():
        globals()[_name] = _logged(_name)
"""


class Machines(NamedTuple):
    """A workspace that is built on one machine after the other: each has a cache of its own."""

    shop: Shop
    log: Path
    monkeypatch: pytest.MonkeyPatch

    def another(self, name: str) -> None:
        """The next commands are those of another machine."""
        self.monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(self.shop.cache.parent / name))
        shutil.rmtree(self.shop.root / ".venv", ignore_errors=True)
        shutil.rmtree(self.shop.root / "dist", ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def built(self) -> list[str]:
        """The hooks that were called."""
        return sorted(self.log.read_text().split()) if self.log.exists() else []


@pytest.fixture
def packages() -> Registry:
    return flask_and_click()


@pytest.fixture
def machines(tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Machines:
    log = tmp_path / "built.log"
    backend = BACKEND + LOGGED.format(log=str(log))
    for name in ("catalog", "web"):
        (shop.root / "packages" / name / "in_tree_backend.py").write_text(backend)
    shop.run("lock")
    return Machines(shop, log, monkeypatch)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[CacheServer]:
    with cache_server() as server:
        monkeypatch.setenv("INTERLOCK_CACHE_URL", server.url)
        monkeypatch.setenv("INTERLOCK_CACHE_MODE", "readwrite")
        yield server


SYNC = ("sync", "--no-editable", "--all-packages")


def test_the_second_machine_builds_nothing(machines: Machines, cache: CacheServer) -> None:
    machines.another("one")
    machines.shop.run(*SYNC)
    assert machines.built() == ["build_wheel", "build_wheel"]
    first = machines.shop.installed()
    machines.another("two")
    found = machines.shop.run(*SYNC)
    assert machines.built() == []
    assert machines.shop.installed() == first
    assert "warning" not in found.err
    asked = [method for method, _ in cache.asked]
    machines.shop.run(*SYNC)
    assert [method for method, _ in cache.asked] == asked, "what is here is asked for nowhere"


def test_what_is_released_is_built_once(machines: Machines, cache: CacheServer) -> None:
    machines.another("one")
    machines.shop.run("build", "--all-packages")
    made = {path.name: path.read_bytes() for path in (machines.shop.root / "dist").iterdir()}
    assert len(machines.built()) == 4
    machines.another("two")
    machines.shop.run("build", "--all-packages")
    assert machines.built() == []
    assert {path.name: path.read_bytes() for path in (machines.shop.root / "dist").iterdir()} == made


def _works_alone(machines: Machines, name: str) -> tuple[float, str]:
    """Sync on a machine of that name: how much longer it took than without a cache, and what was said."""
    machines.monkeypatch.setenv("INTERLOCK_CACHE_MODE", "off")
    machines.another(f"{name}-alone")
    begun = time.monotonic()
    machines.shop.run(*SYNC)
    alone = time.monotonic() - begun
    expected = machines.shop.installed()
    machines.monkeypatch.setenv("INTERLOCK_CACHE_MODE", "readwrite")
    machines.another(name)
    begun = time.monotonic()
    found = machines.shop.run(*SYNC)
    seconds = time.monotonic() - begun
    assert machines.shop.installed() == expected
    assert "Traceback" not in found.err
    return seconds - alone, found.err


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.slow, "waiting for a second"),
        (faults.dripping, "waiting for a second"),
        (faults.half, "broke"),
        (faults.half_and_silence, "waiting for a second"),
        (faults.wrong, "something else"),
        (faults.wrong_files, "something else"),
        (faults.endless, "too large"),
        (faults.answering(500), "it answered 500"),
        (faults.answering(503), "it answered 503"),
        (faults.answering(401), "it answered 401"),
        (faults.answering(429), "waiting for a second"),
        (faults.answering(302), "it answered 302"),
        (faults.answering(204), "it answered 204"),
        (faults.hanging_up, "("),
    ],
)
def test_nothing_that_is_wrong_with_a_cache_is_wrong_with_a_build(
    machines: Machines, cache: CacheServer, fault: Fault, reason: str
) -> None:
    machines.another("first")
    machines.shop.run(*SYNC)
    assert cache.kept
    cache.asked.clear()
    cache.fault = fault
    longer, said = _works_alone(machines, "second")
    assert machines.built() == ["build_wheel", "build_wheel"]
    assert said.count("warning") == 1, said
    assert f"warning[blobs-unavailable]: What others have made cannot be used ({cache.url}: " in said
    assert reason in said
    # What was under way when it was given up, and nothing after it.
    assert len(set(cache.asked)) <= 4, cache.asked
    assert longer < 2.5, "a second, and what a busy machine needs"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.full, "it answered 507"),
        (faults.not_for_writing, "takes nothing from here: it answered 403"),
        (faults.deaf, "waiting for a second"),
    ],
)
def test_a_cache_that_takes_nothing_costs_a_warning(
    machines: Machines, cache: CacheServer, fault: Fault, reason: str
) -> None:
    cache.fault = fault
    longer, said = _works_alone(machines, "first")
    assert said.count("warning[blobs-unavailable]") == said.count("warning") == 1
    assert reason in said
    assert longer < 2.5
    assert not cache.kept


def test_who_is_told_to_come_again_comes_again(machines: Machines, cache: CacheServer) -> None:
    cache.fault = faults.busy_at_first
    for name, hooks in (("one", 2), ("two", 0)):
        machines.another(name)
        assert "warning" not in machines.shop.run(*SYNC).err
        assert len(machines.built()) == hooks


def test_who_may_only_read_still_reads(machines: Machines, cache: CacheServer) -> None:
    machines.another("one")
    machines.shop.run("sync", "--no-editable", "--package", "catalog")
    cache.fault = faults.not_for_writing
    machines.another("two")
    machines.shop.run(*SYNC)
    assert machines.built() == ["build_wheel"]


def test_what_lost_its_file_is_built_and_can_be_had_again(machines: Machines, cache: CacheServer) -> None:
    machines.another("one")
    machines.shop.run(*SYNC)
    for path in [path for path in cache.kept if path.startswith("/cas/")]:
        del cache.kept[path]
    machines.another("two")
    assert "warning" not in machines.shop.run(*SYNC).err
    assert len(machines.built()) == 2
    machines.another("three")
    machines.shop.run(*SYNC)
    assert machines.built() == []


def test_nobody_is_there(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, place in (("refusing", refusing()), ("black", black_hole())):
        with place as url:
            monkeypatch.setenv("INTERLOCK_CACHE_URL", url)
            longer, said = _works_alone(machines, name)
            assert said.count("warning[blobs-unavailable]") == said.count("warning") == 1
            assert longer < 2.5


def test_mode_read_gives_nothing_away_and_off_asks_nothing(machines: Machines, cache: CacheServer) -> None:
    for mode, methods in (("read", {"GET"}), ("off", set())):
        machines.monkeypatch.setenv("INTERLOCK_CACHE_MODE", mode)
        cache.asked.clear()
        machines.another(mode)
        machines.shop.run(*SYNC)
        assert {method for method, _ in cache.asked} == methods
    assert not cache.kept
    machines.monkeypatch.setenv("INTERLOCK_CACHE_MODE", "readwrite")
    cache.asked.clear()
    machines.another("offline")
    machines.shop.run("--offline", "sync", "--no-editable", "--package", "catalog", "--no-deps", code=None)
    machines.shop.run("--no-cache", *SYNC)
    assert not cache.asked


def test_an_address_of_the_workspace_is_used_once_it_is_approved(
    machines: Machines, cache: CacheServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTERLOCK_CACHE_URL")
    monkeypatch.delenv("INTERLOCK_CACHE_MODE")
    monkeypatch.setenv("INTERLOCK_CACHE_TOKEN", "secret")
    root = machines.shop.root / "pyproject.toml"
    root.write_text(f'{root.read_text()}\n[tool.interlock.cache]\nurl = "{cache.url}"\nmode = "readwrite"\n')
    machines.another("one")
    said = machines.shop.run(*SYNC).err
    assert said.count("warning[cache-not-approved]") == 1, said
    assert not cache.asked
    machines.shop.run("config", "approved-services", cache.url)
    machines.another("two")
    assert "warning" not in machines.shop.run(*SYNC).err
    assert cache.kept
    assert {headers["authorization"] for headers in cache.sent} == {"Bearer secret"}


def test_a_service_keeps_apart_what_pull_requests_write(
    machines: Machines, service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = service()
    monkeypatch.delenv("INTERLOCK_SERVICE")
    monkeypatch.setenv("INTERLOCK_CACHE_URL", f"{running.url}/cache")
    monkeypatch.setenv("INTERLOCK_CACHE_MODE", "readwrite")
    reads, writes = "cache:read", "cache:read,cache:write"
    pull = running.make_token("--name", "pull", "--scope", writes)
    main = running.make_token("--name", "main", "--scope", f"{writes},cache:protected")
    reader = running.make_token("--name", "dev", "--scope", reads)

    def hooks(machine: str, token: str) -> int:
        monkeypatch.setenv("INTERLOCK_CACHE_TOKEN", token)
        machines.another(machine)
        machines.shop.run(*SYNC)
        return len(machines.built())

    assert hooks("pull-1", pull) == 2
    assert hooks("pull-2", pull) == 0
    assert hooks("dev-1", reader) == 2
    assert hooks("main-1", main) == 2
    assert hooks("main-2", main) == 0
    assert hooks("dev-2", reader) == 0
    assert hooks("pull-3", pull) == 0


def test_a_builder_of_sdists_and_of_dynamic_members_serves_all(
    machines: Machines, packages: Registry, cache: CacheServer
) -> None:
    backend = BACKEND + LOGGED.format(log=str(machines.log))
    packages.publish(make_sdist("old", "1.0", requires=["click"], static=False, backend=backend))
    machines.shop.member("asks", "old")
    manifest = machines.shop.root / "packages" / "asks" / "pyproject.toml"
    text = manifest.read_text().replace('version = "1.0"\n', 'dynamic = ["version"]\n')
    manifest.write_text(text)
    (manifest.parent / "in_tree_backend.py").write_text(backend)
    machines.another("one")
    machines.shop.run("lock")
    first = machines.shop.lockfile.read_bytes()
    machines.shop.run(*SYNC)
    assert len(machines.built()) >= 4
    machines.another("two")
    machines.shop.lockfile.unlink()
    machines.shop.run("lock")
    machines.shop.run(*SYNC)
    assert machines.built() == []
    assert machines.shop.lockfile.read_bytes() == first


NGINX = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            root {folder}/files;
            client_max_body_size 0;
            dav_methods PUT;
            create_full_put_path on;
            auth_basic "cache";
            auth_basic_user_file {folder}/users;
        }}
    }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """A folder of nginx that takes PUT, for one user."""
    (folder / "files").mkdir(parents=True)
    (folder / "users").write_text("ann:{PLAIN}pw\n")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o777)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = NGINX.format(folder=folder, port=port)
    (folder / "nginx.conf").write_text(f"user {getpass.getuser()};\n{text}" if os.getuid() == 0 else text)
    process = subprocess.Popen([shutil.which("nginx") or "", "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield f"http://ann:pw@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here")
def test_a_folder_of_nginx_will_do(machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with nginx(tmp_path / "nginx") as url:
        monkeypatch.setenv("INTERLOCK_CACHE_URL", url)
        monkeypatch.setenv("INTERLOCK_CACHE_MODE", "readwrite")
        machines.another("one")
        assert "warning" not in machines.shop.run(*SYNC).err
        assert len(machines.built()) == 2
        machines.another("two")
        assert "warning" not in machines.shop.run(*SYNC).err
        assert machines.built() == []
        monkeypatch.setenv("INTERLOCK_CACHE_URL", url.replace("pw@", "other@"))
        machines.another("three")
        assert "it answered 401" in machines.shop.run(*SYNC).err


def test_a_socket_of_a_service_will_do(machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        tempfile.TemporaryDirectory() as short,
        running_service(tmp_path / "data", "--listen", f"unix:{short}/s") as running,
    ):
        monkeypatch.setenv("INTERLOCK_CACHE_URL", f"{running.started().url}/cache")
        monkeypatch.setenv("INTERLOCK_CACHE_MODE", "readwrite")
        monkeypatch.setenv("INTERLOCK_CACHE_TOKEN", running.make_token("--scope", "cache:read,cache:write"))
        for name, hooks in (("one", 2), ("two", 0)):
            machines.another(name)
            assert "warning" not in machines.shop.run(*SYNC).err
            assert len(machines.built()) == hooks
