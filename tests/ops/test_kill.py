"""``kill -9`` during ``sync``: the next one succeeds, and no package is ever half there.

The moments are random, from a seed that is printed; ``INTERLOCK_TEST_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.envs.environments import load_environment
from tests.shop import Shop, broken_records, interrupt, stored_wheels_are_whole
from tests.wheels import make_wheel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.time_limit(180),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]

MOMENTS = 10
"""In each of the two tests."""
PARTS = 12


@pytest.fixture
def moments() -> Iterator[random.Random]:
    seed = int(os.environ.get("INTERLOCK_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    sys.stdout.write(f"INTERLOCK_TEST_SEED={seed}\n")
    yield random.Random(seed)


def publish(shop: Shop, version: str) -> None:
    for number in range(PARTS):
        name = f"part{number}"
        files = {f"{name}/module{index}.py": f"X = '{version}'\n" for index in range(25)}
        files |= {f"{name}/__init__.py": f"VERSION = '{version}'\n", f"{name}/only_in_{version[0]}.py": ""}
        points = {"console_scripts": {f"{name}-run": f"{name}:main"}}
        shop.packages.add(make_wheel(name, version, files=files, entry_points=points))


def site_of(environment: Path) -> list[Path]:
    return list(environment.glob("lib/python3*/site-packages"))


def whole(shop: Shop, environment: Path) -> None:
    """Every distribution that shows itself is all there, whatever else was being done to the environment."""
    wrong = [text for site in site_of(environment) for text in broken_records(site)]
    assert not wrong, wrong
    stored_wheels_are_whole(shop.cache)


def in_sync(shop: Shop, environment: Path, version: str) -> None:
    shop.run("sync", "--check")
    whole(shop, environment)
    (site,) = site_of(environment)
    found = {path.name for path in site.iterdir() if path.name.startswith("part")}
    escaped = {f"part{number}-{version}.dist-info" for number in range(PARTS)}
    assert found == escaped | {f"part{number}" for number in range(PARTS)}, "nothing of another version is left"
    assert all((site / f"part{number}" / f"only_in_{version[0]}.py").is_file() for number in range(PARTS))
    assert not list(site.glob(f"part*/only_in_{'2' if version[0] == '1' else '1'}.py"))
    assert not (environment / ".interlock" / "work").exists()
    scripts = {path.name for path in (environment / "bin").glob("part*")}
    assert scripts == {f"part{number}-run" for number in range(PARTS)}
    assert load_environment(environment) is not None


def test_a_new_environment(empty_shop: Shop, moments: random.Random) -> None:
    """From a cold store to the first environment."""
    shop = empty_shop
    publish(shop, "1.0")
    shop.member("app", *(f"part{number}" for number in range(PARTS)))
    shop.run("lock")
    environment = shop.root / ".venv"
    begun = time.monotonic()
    shop.spawn("sync", "--cache-dir", shop.cache.with_name("measure"))
    took = time.monotonic() - begun
    killed = 0
    for _ in range(MOMENTS):
        shutil.rmtree(shop.cache / "wheels-v1", ignore_errors=True)
        shutil.rmtree(environment, ignore_errors=True)
        process = shop.start("sync")
        time.sleep(moments.uniform(0.1, 1.0) * took)
        killed += interrupt(process, signal.SIGKILL).code == -signal.SIGKILL
        whole(shop, environment)
        shop.run("sync")
        in_sync(shop, environment, "1.0")
    assert killed >= MOMENTS // 4, "the moments have to be within the run"


def test_an_environment_that_changes(empty_shop: Shop, moments: random.Random) -> None:
    """From one version of everything to the other and back, with all wheels in the store."""
    shop = empty_shop
    publish(shop, "1.0")
    publish(shop, "2.0")
    environment = shop.root / ".venv"
    locks = {}
    for version in ("1.0", "2.0"):
        shop.member("app", *(f"part{number}=={version}" for number in range(PARTS)))
        shop.run("sync")
        locks[version] = shop.lockfile.read_bytes()
    begun = time.monotonic()
    shop.lockfile.write_bytes(locks["1.0"])
    shop.spawn("sync", "--frozen")
    took = time.monotonic() - begun
    killed = 0
    for number in range(MOMENTS):
        version = "2.0" if number % 2 == 0 else "1.0"
        shop.member("app", *(f"part{part}=={version}" for part in range(PARTS)))
        shop.lockfile.write_bytes(locks[version])
        process = shop.start("sync")
        work = environment / ".interlock" / "work"
        end = time.monotonic() + took
        while not work.exists() and time.monotonic() < end and process.poll() is None:
            time.sleep(0.001)
        time.sleep(moments.uniform(0.0, 0.25) * took)
        killed += interrupt(process, signal.SIGKILL).code == -signal.SIGKILL
        whole(shop, environment)
        shop.run("sync")
        in_sync(shop, environment, version)
    assert killed >= MOMENTS // 4, "the moments have to be within the run"
