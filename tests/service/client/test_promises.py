"""A service is never required and never in the way: whatever is wrong with it, the lock is made, and it is the same."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from interlock.core.lock.codec import decode_lock
from interlock.core.lock.model import Edge, Lock
from interlock.core.names import NormalizedName
from interlock.core.relock.question import Answer, plain_lock
from interlock.core.sources.source import Registry, Url
from interlock.events import Advanced, Warned
from interlock.service.protocol import Beat, Done, Failed, Needs, Progress, Unchanged, encode
from interlock.service.remote_error import RemoteError
from tests.service.client.conftest import StartService
from tests.service.client.impostors import Say, answering, black_hole, frames, refusing, status
from tests.shop import Shop

_BEAT = encode(Beat())


@pytest.fixture
def expected(shop: Shop) -> bytes:
    """The lock that the command makes alone; the shop has none yet, and a cache that is warm."""
    shop.run("lock")
    made = shop.lockfile.read_bytes()
    shop.lockfile.unlink()
    return made


def _works_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch, url: str, expected: bytes, reason: str) -> float:
    """Lock with a service that is of no use; seconds it took."""
    monkeypatch.setenv("INTERLOCK_SERVICE", url)
    begun = time.monotonic()
    found = shop.run("lock")
    seconds = time.monotonic() - begun
    assert shop.lockfile.read_bytes() == expected
    assert found.err.count("warning[") == 1, found.err
    assert f"warning[service-unused]: The service {url} was not used: " in found.err
    assert reason in found.err
    assert "Traceback" not in found.err
    return seconds


def test_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes) -> None:
    with refusing() as url:
        assert _works_alone(shop, monkeypatch, url, expected, "no connection") < 5


def test_black_holed(shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes) -> None:
    with black_hole() as url:
        seconds = _works_alone(shop, monkeypatch, url, expected, "it did not answer within a second")
    assert 1.0 <= seconds < 6


def _lock(expected: bytes, **changes: Any) -> bytes:
    """A frame with the lock as a service would send it, but for some changes."""
    lock = plain_lock(decode_lock(expected))
    return encode(Done(Answer(lock=msgspec.structs.replace(lock, **changes))))


_ERROR = msgspec.json.encode({"error": {"code": "token-refused", "message": "No\nsuch \x1b[31mtoken."}})


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        pytest.param(status(500, b"<html>"), "it answered 500", id="500"),
        pytest.param(status(401, _ERROR), "it answered 401 (No such [31mtoken)", id="no token"),
        pytest.param(status(415, _ERROR), "it answered 415", id="another revision"),
        pytest.param(status(302, Location="http://elsewhere.test/"), "it answered 302", id="a redirect"),
        pytest.param(status(200, b"<html>hello"), "its answer broke off", id="a page without an end"),
        pytest.param(status(200, b"<html>hello\n</html>\n"), "its answer cannot be read", id="a page"),
        pytest.param(status(200), "its answer broke off", id="nothing"),
        pytest.param(frames(_BEAT), "its answer broke off", id="broken off"),
        pytest.param(frames(_BEAT, b'{"type":"sorry"}'), "its answer cannot be read", id="an unknown frame"),
        pytest.param(frames(b"[" * 100_000), "its answer cannot be read", id="nested without end"),
        pytest.param(frames(encode(Needs())), "its answer makes no sense", id="needs nothing"),
        pytest.param(frames(encode(Needs(old=True))), "its answer makes no sense", id="an old lock there is not"),
        pytest.param(frames(encode(Unchanged())), "its answer makes no sense", id="unchanged from nothing"),
        pytest.param(
            frames(encode(Failed(RemoteError(code="bad-status", message="The index is down.")))),
            "it failed (The index is down)",
            id="failed",
        ),
    ],
)
def test_bad_answers(shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes, say: Say, reason: str) -> None:
    with answering(say) as (url, asked):
        _works_alone(shop, monkeypatch, url, expected, reason)
    assert asked == ["/v1/locks"]


def _unknown_edge(lock: Lock) -> dict[str, Any]:
    web = msgspec.structs.replace(lock.members[1], dependencies=(Edge(name=NormalizedName("nowhere")),))
    return {"members": (lock.members[0], web)}


def _first(lock: Lock, **changes: Any) -> dict[str, Any]:
    return {"packages": (msgspec.structs.replace(lock.packages[0], **changes), *lock.packages[1:])}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(_unknown_edge, "has no entry for it", id="an edge to nowhere"),
        pytest.param(lambda lock: {"members": lock.members[:1]}, "it is about other members", id="a member less"),
        pytest.param(
            lambda lock: _first(lock, source=Registry("evil")), "from where nobody said", id="an index of its own"
        ),
        pytest.param(
            lambda lock: _first(lock, source=Url("https://evil.test/click-8.1-py3-none-any.whl")),
            "its answer cannot be used",
            id="a URL of its own",
        ),
        pytest.param(lambda lock: _first(lock, version="8.0.99"), "is listed as a file of", id="another version"),
        pytest.param(
            lambda lock: {"inputs": msgspec.structs.replace(lock.inputs, resolution="lowest")},
            "other settings",
            id="other settings",
        ),
    ],
)
def test_answers_that_are_no_such_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes, change: Any, reason: str
) -> None:
    line = _lock(expected, **change(plain_lock(decode_lock(expected))))
    with answering(frames(_BEAT, line)) as (url, _):
        _works_alone(shop, monkeypatch, url, expected, reason)


def test_an_answer_that_fits_is_taken(shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes) -> None:
    """So that the others are refused for what is wrong with them."""
    with answering(frames(_BEAT, _lock(expected))) as (url, asked):
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        assert "service" not in shop.run("lock").err
        assert shop.lockfile.read_bytes() == expected
        assert asked == ["/v1/locks"]


def test_silence_after_a_good_beginning(shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes) -> None:
    with answering(frames(_BEAT, then=30)) as (url, _):
        seconds = _works_alone(shop, monkeypatch, url, expected, "it said nothing for 3 seconds")
    assert 3.0 <= seconds < 8


def test_a_slow_answer_is_waited_for_as_long_as_frames_come(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes
) -> None:
    with answering(frames(*[_BEAT] * 5, _lock(expected), pause=1.0)) as (url, _):
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        assert "service" not in shop.run("lock").err
        assert shop.lockfile.read_bytes() == expected


def test_a_busy_service_is_asked_again(shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes) -> None:
    answers: Iterator[Say] = iter([status(429, Retry_After="1"), frames(_BEAT, _lock(expected))])

    def say(handler: Any) -> None:
        next(answers)(handler)

    with answering(say) as (url, asked):
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        assert "service" not in shop.run("lock").err
        assert len(asked) == 2
    with answering(status(429, Retry_After="0")) as (url, asked):
        shop.lockfile.unlink()
        _works_alone(shop, monkeypatch, url, expected, "it is busy")
        assert len(asked) == 3


def test_a_real_service_that_is_killed_in_the_middle(
    shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch, expected: bytes
) -> None:
    shop.index.slow("/simple/", 2.0)
    running = service()
    process = shop.start("lock")
    running.event("listening")
    deadline = time.monotonic() + 20
    while not shop.index.paths("/simple/") and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    running.process.kill()
    _, err = process.communicate(timeout=50)
    assert process.returncode == 0, err
    assert err.count("warning[service-unused]") == 1
    assert shop.lockfile.read_bytes() == expected


def test_after_one_failure_the_run_asks_nobody_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declaring conflicts locks many times."""
    shop.member("catalog", "click<8.1")
    shop.member("web", "click>=8.1")
    with answering(status(500)) as (url, asked):
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        shop.run("lock", "--declare-conflicts", code=None)
    assert len(asked) == 1


def test_offline_asks_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes) -> None:
    with answering(status(500)) as (url, asked):
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        assert "service" not in shop.run("lock", "--offline").err
    assert asked == []
    assert shop.lockfile.read_bytes() == expected


def test_what_is_only_here_is_asked_here(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A directory of files is no index that a service could ask."""
    (tmp_path / "files").mkdir()
    with answering(status(500)) as (url, asked):
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        monkeypatch.setenv("INTERLOCK_FIND_LINKS", str(tmp_path / "files"))
        assert "service" not in shop.run("lock").err
    assert asked == []


def test_an_index_that_the_service_has_not(
    shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch, expected: bytes
) -> None:
    running = service(text='[[index]]\nname = "corp"\nurl = "http://127.0.0.1:9/simple/"\n')
    reason = "it answered 422 (The index `default` is not one of those that this service works with)"
    name = decode_lock(expected).inputs.indexes[0]
    _works_alone(shop, monkeypatch, running.url, expected, reason.replace("default", name))


def test_a_token_is_needed(shop: Shop, service: StartService, monkeypatch: pytest.MonkeyPatch, expected: bytes) -> None:
    running = service()
    monkeypatch.setenv("INTERLOCK_SERVICE_TOKEN", "nonsense")
    _works_alone(shop, monkeypatch, running.url, expected, "it answered 401")
    shop.lockfile.unlink()
    monkeypatch.setenv("INTERLOCK_SERVICE_TOKEN", running.make_token("--scope", "read"))
    _works_alone(shop, monkeypatch, running.url, expected, "it answered 403")


# ---- who may be asked --------------------------------------------------------------------------------------------


def _name_in_manifest(shop: Shop, url: str) -> None:
    text = shop.root / "pyproject.toml"
    text.write_text(f'{text.read_text()}\n[tool.interlock.service]\nurl = "{url}/"\n')


def test_a_service_that_only_the_workspace_names_is_asked_once_somebody_has_approved_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes
) -> None:
    seen: list[str] = []

    def say(handler: Any) -> None:
        seen.append(handler.headers.get("authorization", ""))
        frames(_BEAT, _lock(expected))(handler)

    monkeypatch.setenv("INTERLOCK_SERVICE_TOKEN", "secret")
    with answering(say) as (url, asked):
        _name_in_manifest(shop, url)
        found = shop.run("lock")
        assert asked == []
        assert found.err.count("warning[") == 1
        assert f"warning[service-not-approved]: The service {url} was not asked" in found.err
        assert f"interlock config approved-services {url}" in found.err
        # A fresh lock would have asked nobody.
        assert "service" not in shop.run("lock").err
        shop.run("config", "approved-services", url)
        shop.lockfile.unlink()
        assert "service" not in shop.run("lock").err
        assert asked == ["/v1/locks"]
        assert seen == ["Bearer secret"]
    assert shop.lockfile.read_bytes() == expected


def test_what_the_environment_names_needs_no_approval(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes
) -> None:
    with contextlib.ExitStack() as stack:
        ours, asked = stack.enter_context(answering(frames(_BEAT, _lock(expected))))
        theirs, not_asked = stack.enter_context(answering(status(500)))
        _name_in_manifest(shop, theirs)
        monkeypatch.setenv("INTERLOCK_SERVICE", f"{ours}/")
        assert "service" not in shop.run("lock").err
    assert (asked, not_asked) == (["/v1/locks"], [])


@pytest.mark.parametrize("url", ["ftp://x.test", "locks.test", "https://", "nonsense"])
def test_an_address_that_is_none_is_a_mistake(shop: Shop, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("INTERLOCK_SERVICE", url)
    assert "error[invalid-setting]: INTERLOCK_SERVICE is" in shop.run("lock", code=2).err
    monkeypatch.delenv("INTERLOCK_SERVICE")
    _name_in_manifest(shop, url)
    found = shop.run("lock", code=1)
    assert "error[invalid-manifest]" in found.err
    assert "tool.interlock.service.url" in found.err


def test_progress_of_a_service_is_shown_as_ones_own(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, expected: bytes
) -> None:
    lines = (encode(Progress(Advanced("resolve", "click 8.1"))), encode(Progress(Warned("stale", "A page is old."))))
    with answering(frames(*lines, _lock(expected))) as (url, _):
        monkeypatch.setenv("INTERLOCK_SERVICE", url)
        found = shop.run("lock", "--log-json")
    assert '"event":"advanced"' in found.err
    assert "click 8.1" in found.err
    assert '"event":"noted"' in found.err
    assert "warned" not in found.err
