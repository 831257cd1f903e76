"""Installing with a service: what is lacking comes in a pack, and whatever is wrong with that, it is installed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.service.client.conftest import StartService
from tests.service.client.impostors import Say, answering, black_hole, refusing, status
from tests.service.running import RunningService
from tests.shop import Shop

NAMES = {"flask", "jinja", "safe", "click", "web", "catalog"}


def wheels(shop: Shop) -> list[str]:
    return sorted(path.rpartition("/")[2] for path in shop.index.paths(".whl") if path.endswith(".whl"))


def served(running: RunningService, method: str) -> list[int]:
    """Statuses of what was asked about packs."""
    return [
        event["status"]
        for event in list(running.events)
        if event["event"] == "request" and event["method"] == method and event["path"].startswith("/v1/packs")
    ]


def cold(shop: Shop, name: str, *more: str) -> str:
    """Install with an empty cache; what was said."""
    said = shop.run("sync", "--all-packages", "--reinstall", "--cache-dir", shop.root.parent / name, *more).err
    assert shop.installed().keys() == NAMES
    assert not list((shop.root.parent / name / "tmp").iterdir())
    return said


@pytest.fixture
def running(shop: Shop, service: StartService) -> RunningService:
    shop.run("lock")
    shop.index.forget()
    return service(scope="cache:read")


def test_what_is_lacking_comes_from_the_service_which_fetches_it_once(shop: Shop, running: RunningService) -> None:
    assert "warning" not in cold(shop, "one")
    assert len(wheels(shop)) == 4
    assert len(set(wheels(shop))) == 4
    shop.index.forget()
    assert "warning" not in cold(shop, "two")
    assert shop.index.requests == []
    running.event("request")
    assert served(running, "POST") == [200, 200]
    assert set(served(running, "GET")) == {206}


def test_a_store_that_has_everything_asks_nobody(shop: Shop, running: RunningService) -> None:
    cold(shop, "one")
    before = len(served(running, "POST"))
    shop.run("env", "remove")
    cold(shop, "one", "--offline")
    cold(shop, "one")
    assert len(served(running, "POST")) == before


def test_an_environment_that_is_made_anew_is_filled_from_a_pack_too(shop: Shop, running: RunningService) -> None:
    shop.run("venv", ".venv", "--clear")
    (shop.root / ".venv" / "pyvenv.cfg").write_text("home = /nowhere\n")
    cold(shop, "one")
    assert set(served(running, "GET")) == {206}


def test_a_token_without_the_scope_is_no_trouble(shop: Shop, service: StartService) -> None:
    shop.run("lock")
    service(scope="lock")
    shop.index.forget()
    assert "warning" not in cold(shop, "one")
    assert "The service" in cold(shop, "two", "-v")
    assert len(wheels(shop)) == 8


def test_what_the_service_has_not_is_fetched_as_without_it(shop: Shop, service: StartService) -> None:
    shop.run("lock")
    running = service(text='[[index]]\nname = "other"\nurl = "http://127.0.0.1:9/simple/"\n', scope="cache:read")
    shop.index.forget()
    assert "warning" not in cold(shop, "one")
    assert len(wheels(shop)) == 4
    assert (served(running, "POST"), served(running, "GET")) == ([200], [])


def test_a_wheel_that_the_service_cannot_get_is_fetched_as_without_it(
    shop: Shop, running: RunningService, tmp_path: Path
) -> None:
    cold(shop, "one")
    for path in (running.data / "store" / "files-v1").glob("*/*"):
        path.unlink()
    # The service is told that there is no such file, and asks no more; the command asks once more.
    shop.index.fail("click-8.1-py3-none-any.whl", 404, times=1)
    assert "warning" not in cold(shop, "two")


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        pytest.param(status(500, b"<html>"), "it answered 500", id="500"),
        pytest.param(status(401, b'{"error":{"code":"token-refused","message":"No."}}'), "401 (No)", id="no token"),
        pytest.param(status(200, b"<html>"), "its answer cannot be read", id="a page"),
        pytest.param(status(200), "its answer cannot be read", id="nothing"),
        pytest.param(
            status(200, b'{"id":"x","header":{"version":1,"entries":[{"sha256":"' + b"a" * 64 + b'","length":3}]}}'),
            "it offers what was not asked for",
            id="something else",
        ),
        pytest.param(
            status(200, b'{"id":"x","header":{"version":1,"entries":[{"sha256":"b","length":3}]}}'),
            "its pack cannot be used",
            id="a broken header",
        ),
    ],
)
def test_services_that_are_none(shop: Shop, monkeypatch: pytest.MonkeyPatch, say: Say, reason: str) -> None:
    shop.run("lock")
    with answering(say) as (url, asked):
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        said = cold(shop, "one")
    assert said.count("warning[") == 1, said
    assert f"The service {url} was not used: " in said
    assert reason in said
    assert asked == ["/v1/packs"]


def test_a_service_that_has_no_packs_yet_is_no_trouble(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run("lock")
    with answering(status(404, b'{"error":{"code":"nothing-here","message":"No."}}')) as (url, _):
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        assert "warning" not in cold(shop, "one")


def test_nobody_is_there(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run("lock")
    with refusing() as url:
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        assert cold(shop, "one").count("warning[") == 1
    with black_hole() as url:
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        begun = time.monotonic()
        assert "did not answer within a second" in cold(shop, "two")
        assert time.monotonic() - begun < 6
