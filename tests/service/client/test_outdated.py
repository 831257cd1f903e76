"""``interlock outdated`` with a service: the same table, whoever looks, and whatever is wrong with the service."""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from packaging.version import Version

from interlock.core.artifacts.listing import Listing
from interlock.core.artifacts.newest import newest_version
from interlock.core.lock.model import LockedPackage
from interlock.core.names import NormalizedName
from interlock.core.settings.service import ServiceSettings
from interlock.core.sources.source import Index, Registry
from interlock.events import Event, Noted, Warned
from interlock.means import Means
from interlock.service.newest_protocol import NewestAnswer
from interlock.service.remote_newest import remote_newest
from interlock.settings.decided import Settings
from interlock.store.layout import Layout
from tests import registry
from tests.service.client.conftest import StartService
from tests.service.client.impostors import Say, answering, black_hole, refusing, status
from tests.shop import Shop


@pytest.fixture
def expected(shop: Shop, packages: registry.Registry) -> str:
    """What the command finds alone; the caches it has then are thrown away."""
    shop.run("lock")
    packages.wheel("jinja", "4.0", "safe>=2")
    packages.wheel("jinja", "5.0a1", "safe>=2")
    packages.wheel("click", "9.0")
    alone = shop.run("outdated", "--all", "--json").out
    found = {line["name"]: line["latest"] for line in json.loads(alone)["packages"]}
    assert (found["jinja"], found["click"]) == ("4.0", "9.0")
    shop.index.forget()
    return alone


def _cold(shop: Shop, tmp_path: Path, *more: str) -> tuple[str, str]:
    found = shop.run("outdated", "--all", "--json", "--cache-dir", tmp_path / "cold", *more)
    return found.out, found.err


def test_the_service_looks_and_the_command_asks_no_index(
    shop: Shop, service: StartService, expected: str, tmp_path: Path
) -> None:
    running = service()
    assert _cold(shop, tmp_path) == (expected, "")
    assert shop.index.requests
    shop.index.forget()
    assert _cold(shop, tmp_path / "another") == (expected, "")
    # The service asks whether they are still the same; a command with an empty cache would have to fetch them.
    assert {request.status for request in shop.index.requests} <= {304}
    running.event("request")
    paths = [event["path"] for event in list(running.events) if event["event"] == "request"]
    assert paths.count("/v1/newest") == 2


def test_a_token_that_may_not_is_no_trouble(shop: Shop, service: StartService, expected: str, tmp_path: Path) -> None:
    service(scope="read")
    out, said = _cold(shop, tmp_path)
    assert out == expected
    assert said.count("warning[service-unused]") == 1, "of the lock, which no such token gets"


def test_refused_or_black_holed(shop: Shop, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (refusing(), black_hole()):
        with place as url:
            monkeypatch.setenv("INTERLOCK_SERVICE", url)
            begun = time.monotonic()
            out, said = _cold(shop, tmp_path)
            assert out == expected
            assert said.count("warning[") == 1, "and it is not asked twice"
            assert time.monotonic() - begun < 8


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        pytest.param(status(500, b"<html>"), "it answered 500", id="500"),
        pytest.param(status(200, b"<html>"), "its answer cannot be read", id="a page"),
        pytest.param(status(200, b"\n\n" + b"[" * 100_000), "its answer cannot be read", id="nested without end"),
        pytest.param(status(200, b'\n{"versions":["9.0"]}'), "its answer makes no sense", id="too few"),
        pytest.param(
            status(200, msgspec.json.encode(NewestAnswer(versions=("0.0.1", None)))), "makes no sense", id="older ones"
        ),
        pytest.param(
            status(200, msgspec.json.encode(NewestAnswer(versions=("\x1b[31m", None)))),
            "makes no sense",
            id="no version",
        ),
    ],
)
async def test_bad_answers(tmp_path: Path, say: Say, reason: str) -> None:
    said: list[Event] = []
    with answering(say) as (url, asked):
        means = Means(
            settings=Settings(cache_dir=str(tmp_path), service=ServiceSettings(url=url)),
            layout=Layout(tmp_path),
            environ={},
            now=datetime(2026, 1, 1, tzinfo=UTC),
            reporter=Said(said),
        )
        corp = Index(name="corp", url="http://corp.test/")
        for _ in range(2):
            assert await remote_newest(means, [corp], [(_locked(name), "") for name in ("a", "b")]) == {}
    assert asked == ["/v1/newest"], "it is not asked again"
    (warned,) = said
    assert isinstance(warned, Warned)
    assert reason in warned.message


async def test_what_it_does_not_tell_is_left_to_the_command(tmp_path: Path) -> None:
    document = b'\n\n{"versions":[null,"2.0"],"more":1}'
    with answering(status(200, document)) as (url, _):
        means = Means(
            settings=Settings(cache_dir=str(tmp_path), service=ServiceSettings(url=url)),
            layout=Layout(tmp_path),
            environ={},
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
        corp, here = Index(name="corp", url="http://corp.test/"), Index(name="here", url="file:///srv/", flat=True)
        asked = [(_locked(name), "") for name in ("a", "b")]
        assert await remote_newest(means, [here, corp], asked) == {("b", "1.0"): "2.0"}
        assert await remote_newest(means, [here], asked) == {}


async def test_one_that_knows_nothing_of_it_is_no_trouble(tmp_path: Path) -> None:
    said: list[Event] = []
    with answering(status(404)) as (url, _):
        means = Means(
            settings=Settings(cache_dir=str(tmp_path), service=ServiceSettings(url=url)),
            layout=Layout(tmp_path),
            environ={},
            now=datetime(2026, 1, 1, tzinfo=UTC),
            reporter=Said(said),
        )
        assert await remote_newest(means, [Index(name="corp", url="http://corp.test/")], [(_locked("a"), "")]) == {}
    assert [type(event) for event in said] == [Noted]
    assert not means.gone


def test_the_newest_by_every_rule() -> None:
    """Against all subsets of what can be odd about a version, judged one by one."""
    chance = random.Random(7)
    versions = ("1.0", "1.1", "2.0a1", "2.0", "3.0.dev1", "3.0")
    for _ in range(400):
        yanked = tuple(at for at in range(6) if chance.random() < 0.3)
        uploads = tuple(chance.choice(("", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z")) for _ in versions)
        locked, cutoff = chance.choice(versions), chance.choice(("", "2026-02-01T00:00:00Z"))
        listing = Listing(
            name=NormalizedName("a"),
            index="corp",
            versions=versions,
            files=(memoryview(b""),) * 6,
            prereleases=(2, 4),
            yanked=yanked,
            first_upload=chance.choice((uploads, ())),
        )
        good = [Version(locked)]
        for at, version in enumerate(versions):
            known = listing.first_upload[at] if listing.first_upload else ""
            is_in_time = not cutoff or (known != "" and known < cutoff)
            is_wanted = Version(locked).is_prerelease or not Version(version).is_prerelease
            if at not in yanked and is_in_time and is_wanted:
                good.append(Version(version))
        assert Version(newest_version(listing, locked, cutoff)) == max(good)


class Said:
    """A reporter that remembers."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def report(self, event: Event, /) -> None:
        self._events.append(event)


def _locked(name: str) -> LockedPackage:
    return LockedPackage(name=NormalizedName(name), version="1.0", source=Registry("corp"))
