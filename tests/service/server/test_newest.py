"""``/v1/newest``: versions of what is served to who asks, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index
from interlock.service.newest_protocol import MOST_PACKAGES, NEWEST, AskedPackage, NewestAnswer, NewestRequest
from interlock.service.server.configuration import Configuration, ServedIndex
from interlock.service.state.scopes import Scope
from tests.index_server import IndexServer
from tests.registry import registry
from tests.service.server.conftest import Serve, Service

StartIndex = Callable[..., IndexServer]


def _asked(name: str, locked: str = "1.0", index: int = 0) -> AskedPackage:
    return AskedPackage(name=NormalizedName(name), index=index, locked=locked)


async def _newest(
    service: Service, headers: dict[str, str], urls: list[str], *packages: AskedPackage
) -> list[str | None]:
    indexes = tuple(Index(name=f"index-{number}", url=url) for number, url in enumerate(urls))
    request = NewestRequest(indexes=indexes, packages=packages)
    answer = await service.client.post(NEWEST, content=msgspec.json.encode(request), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\n")
    return list(msgspec.json.decode(answer.content, type=NewestAnswer).versions)


async def test_versions_of_what_is_served(serve: Serve, index: StartIndex) -> None:
    one = index(registry(a={"1.0": [], "2.0": [], "3.0a1": []}, b={"1.0": []}))
    two = index(registry(a={"1.0": [], "7.0": []}))
    service = await serve(
        Configuration(indexes=(ServedIndex(name="x", url=one.url), ServedIndex(name="y", url=two.url)))
    )
    urls = [one.url, "http://unknown.test/simple/", two.url]
    asked = (
        _asked("a"), _asked("A", "3.0a0"), _asked("b"), _asked("none"), _asked("a", index=1), _asked("a", index=2),
        _asked("a", index=9), _asked("../a"), _asked("a", "no version"), _asked("a", "9" * 5000),
    )  # fmt: skip
    found = await _newest(service, service.bearer(Scope.LOCK), urls, *asked)
    assert found == ["2.0", "3.0a1", "1.0", None, None, "7.0", None, None, None, None]
    before = len(one.requests)
    await _newest(service, service.bearer(Scope.LOCK), urls, *asked)
    assert len(one.requests) == before


async def test_nothing_is_told_of_what_is_not_for_who_asks(serve: Serve, index: StartIndex) -> None:
    server = index(registry(a={"1.0": [], "2.0": []}))
    configuration = Configuration(
        indexes=(
            ServedIndex(name="x", url=server.url, tokens=("team-*",)),
            ServedIndex(name="y", url=server.url + "more/", reserved=("acme-*",)),
        )
    )
    service = await serve(configuration)
    ours, theirs = service.bearer(Scope.LOCK, name="team-a"), service.bearer(Scope.LOCK)
    assert await _newest(service, theirs, [server.url], _asked("a")) == [None]
    assert server.requests == []
    assert await _newest(service, ours, [server.url], _asked("a"), _asked("acme-x")) == ["2.0", None]
    assert not server.paths("acme-x")


async def test_of_an_index_that_is_down_nothing_is_told(serve: Serve, index: StartIndex) -> None:
    server = index(registry(a={"1.0": [], "2.0": []}, b={"1.0": [], "2.0": []}))
    server.fail("/simple/a/", 500)
    service = await serve(Configuration(indexes=(ServedIndex(name="x", url=server.url),)))
    found = await _newest(service, service.bearer(Scope.LOCK), [server.url], _asked("b"), _asked("a"))
    assert found == ["2.0", None]


async def test_more_than_there_are_is_refused(serve: Serve) -> None:
    service = await serve()
    request = NewestRequest(indexes=(), packages=(_asked("a"),) * (MOST_PACKAGES + 1))
    headers = service.bearer(Scope.LOCK)
    answer = await service.client.post(NEWEST, content=msgspec.json.encode(request), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-request")
