"""Contents and deltas in place of wheels: smaller where somebody vouches for them, and never a reason to fail."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from interlock.cli.surroundings import make_context, read_surroundings
from interlock.events import Event, Noted, Warned
from interlock.ops.syncing.sync import sync
from interlock.ops.syncing.sync_options import SyncOptions
from interlock.packs.signatures import Signer
from interlock.settings.given import GlobalFlags
from interlock.workspace.selection import SelectionFlags
from tests.index_server import IndexServer
from tests.processes import program
from tests.registry import Registry
from tests.service.client.conftest import StartService
from tests.service.running import RunningService
from tests.shop import Shop, open_shop
from tests.wheels import make_wheel

LARGE = 300_000


@pytest.fixture
def packages() -> Registry:
    found = Registry()
    for name in ("one", "two"):
        chance = random.Random(name)
        noise, text = chance.randbytes(LARGE), b"".join(b"VALUE_%d = %d\n" % (n, n * n) for n in range(4000))
        for version in ("1.0", "1.1"):
            files = {f"{name}/noise.bin": noise, f"{name}/text.py": text, f"{name}/v.py": f"V = '{version}'\n".encode()}
            found.add(make_wheel(name, version, files=files))
    return found


@pytest.fixture
def shop(
    tmp_path: Path,
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shop]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with open_shop(tmp_path, packages, index(packages), monkeypatch, capsys) as shop:
        shop.member("web", "one", "two")
        yield shop


class Client:
    """A machine with a cache of its own that believes some keys."""

    def __init__(self, shop: Shop, cache: Path, *keys: str) -> None:
        self.shop = shop
        self.cache = cache
        self.said: list[Event] = []
        cache.mkdir()
        self.keys = cache.with_suffix(".keys")
        self.keys.write_text("".join(f"{key}\n" for key in keys))

    def report(self, event: Event) -> None:
        self.said.append(event)

    def install(self) -> None:
        around = replace(read_surroundings(os.environ), pack_key_files=(str(self.keys),))
        flags = GlobalFlags(directory=str(self.shop.root), cache_dir=str(self.cache))
        options = SyncOptions(selection=SelectionFlags(all_packages=True), reinstall=True, locked=True)
        self.said.clear()
        anyio.run(sync, make_context(flags, around, self), options)
        versions = self.shop.versions()
        for name in ("one", "two"):
            assert self.shop.python(f"from {name} import v; print(v.V)") == versions[name]
        assert self.shop.run("cache", "verify", "--cache-dir", self.cache).code == 0
        assert not list((self.cache / "tmp").iterdir())

    @property
    def warnings(self) -> list[str]:
        return [event.message for event in self.said if isinstance(event, Warned)]

    @property
    def notes(self) -> list[str]:
        return [event.message for event in self.said if isinstance(event, Noted)]


@pytest.fixture
def running(shop: Shop, service: StartService) -> RunningService:
    """A service that has all wheels of both versions."""
    running = service(scope="cache:read")
    for version in ("1.1", "1.0"):
        shop.run("lock", "-P", f"one=={version}", "-P", f"two=={version}")
        Client(shop, shop.root.parent / f"warming-{version}").install()
    return running


def key_of(running: RunningService) -> str:
    line = [*program(), "serve", "pack-key", "--data", str(running.data)]
    return subprocess.run(line, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def sent(running: RunningService, work: Callable[[], None]) -> int:
    """Bytes of packs that were sent meanwhile."""

    def total() -> int:
        requests = [event for event in list(running.events) if event["event"] == "request"]
        return sum(one["sent"] for one in requests if one["method"] == "GET" and one["path"].startswith("/v1/packs/"))

    before = total()
    work()
    with running.client() as client:
        client.get("/live")
    for _ in range(100):
        anyio.run(anyio.sleep, 0.01)
    return total() - before


def test_an_upgrade_comes_as_a_delta_where_the_key_is_known(shop: Shop, running: RunningService) -> None:
    ours = Client(shop, shop.root.parent / "ours", key_of(running))
    whole = sent(running, ours.install)
    # Of noise, contents are no smaller than the wheel.
    assert whole > LARGE
    shop.run("lock", "-U")
    assert shop.versions()["one"] == "1.1"
    changed = sent(running, ours.install)
    assert ours.warnings == []
    assert changed < whole / 20
    assert "2 of 2 wheels come in a pack." in ours.notes


def test_without_a_key_the_wheels_come(shop: Shop, running: RunningService) -> None:
    ours = Client(shop, shop.root.parent / "ours")
    ours.install()
    shop.run("lock", "-U")
    assert sent(running, ours.install) > 2 * LARGE
    assert ours.warnings == []


def test_what_nobody_known_has_signed_is_not_taken(shop: Shop, running: RunningService) -> None:
    ours = Client(shop, shop.root.parent / "ours", Signer(b"x" * 32).public_line)
    ours.install()
    assert ours.warnings == []
    shop.run("lock", "-U")
    ours.install()
    (warning,) = ours.warnings
    assert "it sends contents that no key of this machine has signed" in warning


@pytest.mark.parametrize("damage", ["edited", "gone"])
def test_a_base_that_is_not_as_it_was_costs_the_wheel(shop: Shop, running: RunningService, damage: str) -> None:
    ours = Client(shop, shop.root.parent / "ours", key_of(running))
    ours.install()
    base = next(ours.cache.glob("wheels-v1/*/*/tree/one/text.py"))
    base.unlink()
    if damage == "edited":
        base.write_text("# Somebody has been here.\n")
    shop.run("lock", "-U")
    before = Path(base).parents[2]
    work = sent(running, lambda: install_beside(ours, before))
    assert ours.warnings == []
    assert any("one-1.1-py3-none-any.whl was not taken from the pack" in note for note in ours.notes)
    assert work < LARGE


def install_beside(client: Client, damaged: Path) -> None:
    """Install, and take the damaged entry away before all of the cache is looked at."""
    around = replace(read_surroundings(os.environ), pack_key_files=(str(client.keys),))
    flags = GlobalFlags(directory=str(client.shop.root), cache_dir=str(client.cache))
    options = SyncOptions(selection=SelectionFlags(all_packages=True), locked=True)
    client.said.clear()
    anyio.run(sync, make_context(flags, around, client), options)
    assert client.shop.python("from one import v; print(v.V)") == "1.1"
    told = client.shop.run("cache", "verify", "--cache-dir", client.cache, "--json", code=1).json()
    assert [problem["entry"] for problem in told["problems"]] == [damaged.relative_to(client.cache).as_posix()]


def test_the_key_stays_the_same_and_is_its_owners_alone(running: RunningService) -> None:
    assert key_of(running) == key_of(running)
    assert key_of(running).startswith("ed25519:")
    assert (running.data / "pack-key").stat().st_mode & 0o777 == 0o600


def test_contents_come_where_they_are_smaller_than_the_wheel(shop: Shop, service: StartService) -> None:
    """Many small files of text: compressed together they are much smaller than one by one."""
    for name in ("one", "two"):
        files = {f"{name}/m{n}.py": f"def f{n}(value):\n    return value + {n}\n" * 9 for n in range(300)}
        shop.packages.add(make_wheel(name, "2.0", files={**files, f"{name}/v.py": "V = '2.0'\n"}))
    shop.run("lock", "-U")
    running = service(scope="cache:read")
    first = sent(running, Client(shop, shop.root.parent / "first").install)
    believing = Client(shop, shop.root.parent / "believing", key_of(running))
    assert sent(running, believing.install) < first / 2
    assert believing.warnings == []
