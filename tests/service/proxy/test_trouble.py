"""What clients get when an index is in trouble: old answers where those still count, and else the truth."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from interlock.index.fetcher import FetchOptions
from interlock.service.proxy.options import ProxyOptions
from tests.conftest import IndexFactory
from tests.registry import registry
from tests.service.proxy.served import JSON, Served, one_index
from tests.wheels import make_wheel

Serve = Callable[..., Served]
LATER = 100_000


def is_stale(answer: httpx.Response) -> bool:
    """Both marks, or none: RFC 9211's, and the older one of RFC 7234."""
    status = str(answer.headers.get("cache-status", ""))
    is_marked = str(answer.headers.get("warning", "")).startswith("110")
    assert is_marked == ("detail=stale" in status and "ttl=-" in status)
    assert not is_marked or answer.headers["cache-control"] == "private, no-cache"
    return is_marked


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_an_old_page_is_sent_while_the_index_is_in_trouble(index: IndexFactory, serve: Serve, status: int) -> None:
    server = index(registry(a={"1.0": []}))
    served = serve(server)
    fresh = served.page("a")
    assert not is_stale(fresh)
    served.clock.now += LATER
    server.fail("/a/", status)
    for _ in range(3):
        answer = served.page("a")
        assert answer.status_code == 200
        assert answer.content == fresh.content
        assert is_stale(answer)
    server.faults.clear()
    served.proxy.upstream.session.limit(server.url).recover()
    assert not is_stale(served.page("a"))


@pytest.mark.parametrize("fault", ["reset", "cut", "slow"])
def test_an_old_page_is_sent_when_no_answer_comes(index: IndexFactory, serve: Serve, fault: str) -> None:
    packages = registry(a={"1.0": []})
    server = index(packages)
    quick = FetchOptions(connect_timeout=1, read_timeout=0.4)
    served = serve(options=ProxyOptions(indexes=(one_index(server),), fetch=quick))
    fresh = served.page("a")
    served.clock.now += LATER
    packages.publish(make_wheel("a", "2.0"))
    if fault == "slow":
        server.slow("/a/", 2.0)
    else:
        getattr(server, fault)("/a/")
    started = time.monotonic()
    answer = served.page("a")
    assert (answer.status_code, answer.content, is_stale(answer)) == (200, fresh.content, True)
    again = served.page("a", if_none_match=fresh.headers["etag"])
    assert (again.status_code, is_stale(again)) == (304, True)
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_old_page_does_not_outlive_what_the_index_says(index: IndexFactory, serve: Serve, status: int) -> None:
    server = index(registry(a={"1.0": []}))
    served = serve(server)
    served.page("a")
    served.clock.now += LATER
    server.fail("/a/", status)
    answer = served.page("a")
    assert answer.status_code == (404 if status in {404, 410} else 502)
    assert not is_stale(answer)


def test_what_was_not_there_is_not_said_to_be_missing_by_an_index_in_trouble(index: IndexFactory, serve: Serve) -> None:
    server = index(registry())
    served = serve(server)
    assert served.page("a").status_code == 404
    served.clock.now += LATER
    server.fail("/a/", 503)
    assert served.page("a").status_code == 503


def test_a_host_in_trouble_is_tried_once_and_left_alone(index: IndexFactory, serve: Serve) -> None:
    """Whatever is asked for: every project is answered with what there was, and the host hears of one of them."""
    names = [f"p{number}" for number in range(20)]
    server = index(registry({name: {"1.0": []} for name in names}))
    served = serve(server)
    for name in names:
        assert served.page(name).status_code == 200
    served.clock.now += LATER
    server.forget()
    server.fail("/", 503, headers={"Retry-After": "120"})
    for name in names:
        answer = served.page(name)
        assert (answer.status_code, is_stale(answer)) == (200, True)
    assert len(server.requests) == 1
    cold = served.page("another")
    assert cold.status_code == 503
    assert 100 <= int(cold.headers["retry-after"]) <= 120
    assert cold.json()["error"]["code"] == "host-resting"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "told", "asked"),
    [(503, 503, "7"), (429, 503, "7"), (500, 502, "10"), (502, 502, "10"), (418, 502, "10")],
)
def test_the_first_answer_of_an_index_in_trouble(
    index: IndexFactory, serve: Serve, status: int, told: int, asked: str
) -> None:
    server = index(registry(a={"1.0": []}))
    server.fail("/a/", status, headers={"Retry-After": "7"} if told == 503 else {})
    answer = serve(server).page("a")
    assert (answer.status_code, answer.headers["retry-after"]) == (told, asked)
    assert answer.json()["error"]["code"] == "bad-status"
    assert "cache-control" in answer.headers


def test_an_index_that_is_not_there(serve: Serve, index: IndexFactory) -> None:
    server = index(registry(a={"1.0": []}))
    options = ProxyOptions(indexes=(one_index(server),))
    server.root = "http://127.0.0.1:1"
    gone = serve(options=ProxyOptions(indexes=(one_index(server, name="gone"), *options.indexes)))
    answer = gone.page("a", "gone")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "unreachable")
    assert gone.page("a").status_code == 200


def test_the_list_of_projects_is_old_too_while_the_index_is_in_trouble(index: IndexFactory, serve: Serve) -> None:
    server = index(registry({"a": {"1.0": []}, "b": {"1.0": []}}))
    served = serve(server)
    fresh = served.get("/simple/main/")
    assert not is_stale(fresh)
    served.clock.now += LATER
    server.fail("/simple/", 503)
    for _ in range(2):
        answer = served.get("/simple/main/")
        assert (answer.status_code, answer.content, is_stale(answer)) == (200, fresh.content, True)
    assert len(server.requests) == 2


def test_what_is_no_page_is_a_bad_gateway(index: IndexFactory, serve: Serve) -> None:
    server = index(registry(a={"1.0": []}))
    server.garble("/a/")
    answer = serve(server).page("a")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "bad-page")


def test_a_stored_file_is_sent_whatever_the_index_does(index: IndexFactory, serve: Serve) -> None:
    server = index(registry(a={"1.0": []}))
    served = serve(server)
    path = served.file("a")
    content = served.get(path).content
    text = served.get(path + ".metadata").content
    served.clock.now += LATER
    server.fail("/", 503)
    assert served.get(path).content == content
    assert served.get(path + ".metadata").content == text


def test_without_upstream_what_is_stored_is_served_and_nobody_is_asked(index: IndexFactory, serve: Serve) -> None:
    packages = registry(a={"1.0": []})
    server = index(packages)
    warm = serve(server)
    path = warm.file("a")
    content = warm.get(path).content
    warm.get("/simple/main/")
    server.forget()
    cold = serve(options=ProxyOptions(indexes=(one_index(server),), offline=True))
    cold.clock.now += LATER
    page = cold.page("a")
    assert (page.status_code, is_stale(page)) == (200, True)
    assert cold.get(path).content == content
    assert cold.get("/simple/main/", accept=JSON).json()["projects"] == [{"name": "a"}]
    packages.publish(make_wheel("b", "1.0"))
    for missing in ("/simple/main/b/",):
        answer = cold.get(missing)
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "offline")
    assert server.requests == []
