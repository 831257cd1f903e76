"""``/v1/packs``: what a client lacks, from the files of the proxy, for who may have them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from interlock.core.names import NormalizedName
from interlock.core.settings.limits import DEFAULT
from interlock.core.sources.source import Index
from interlock.packs.header import Header
from interlock.packs.reading import open_pack
from interlock.service.pack_protocol import MOST_FILES, PACKS, AskedFile, PackPlan, PackRequest
from interlock.service.packs.plans import Plan, Plans
from interlock.service.server.configuration import Configuration, ServedIndex
from interlock.service.state.scopes import Scope
from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.service.server.conftest import Serve, Service
from tests.wheels import make_wheel


@pytest.fixture
def packages() -> Registry:
    found = registry(a={"1.0": []}, b={"1.0": [], "2.0": []})
    chance = random.Random(1)
    large = make_wheel("large", "1.0", files={"large.bin": chance.randbytes(700_000)})
    found.add(large)
    return found


@pytest.fixture
def corp(index: Callable[..., IndexServer], packages: Registry) -> IndexServer:
    return index(packages)


@pytest.fixture
async def service(serve: Serve, corp: IndexServer) -> Service:
    return await serve(Configuration(indexes=(ServedIndex(name="corp", url=corp.url, reserved=("large",)),)))


def asked(packages: Registry, *names: str, **changes: Any) -> PackRequest:
    files = [
        AskedFile(
            name=NormalizedName(name),
            index=0,
            filename=release.filename,
            sha256=hashlib.sha256(release.built.data).hexdigest(),
            size=len(release.built.data),
        )
        for name in names
        for release in packages.releases(name)
    ]
    return PackRequest(
        indexes=(Index(name="mine", url=changes.pop("url")),),
        files=tuple(msgspec.structs.replace(file, **changes) for file in files),
    )


async def plan(service: Service, request: PackRequest, headers: dict[str, str]) -> PackPlan:
    answer = await service.client.post(PACKS, content=msgspec.json.encode(request), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\n{")
    return msgspec.json.decode(answer.content, type=PackPlan)


async def test_a_pack_of_the_service_is_the_file_that_a_command_writes(
    service: Service, corp: IndexServer, packages: Registry, tmp_path: Path
) -> None:
    headers = service.bearer(Scope.CACHE_READ)
    request = asked(packages, "a", "b", "large", url=corp.url)
    told = await plan(service, request, headers)
    answer = await service.client.get(f"{PACKS}/{told.id}", headers=headers)
    assert int(answer.headers["content-length"]) == len(answer.content)
    pack = tmp_path / "pack"
    pack.write_bytes(answer.content)
    with open_pack(pack, DEFAULT) as opened:
        assert opened.header == told.header
        found = {bytes(opened.verified(entry)) for entry in opened.header.entries}
    assert found == {release.built.data for name in ("a", "b", "large") for release in packages.releases(name)}
    lengths = [entry.length for entry in told.header.entries]
    assert lengths == sorted(lengths, reverse=True)


async def test_any_part_of_it_can_be_asked_for(service: Service, corp: IndexServer, packages: Registry) -> None:
    headers = service.bearer(Scope.CACHE_READ)
    told = await plan(service, asked(packages, "a", "b", "large", url=corp.url), headers)
    place = f"{PACKS}/{told.id}"
    chance = random.Random(2)
    size = int((await service.client.head(place, headers=headers)).headers["content-length"])
    parts = [sorted(chance.sample(range(size), 2)) for _ in range(40)]
    # The first ones come while the files do, the others from where they are stored.
    got = [
        (first, last, await service.client.get(place, headers={**headers, "range": f"bytes={first}-{last}"}))
        for first, last in parts
    ]
    whole = (await service.client.get(place, headers=headers)).content
    assert len(whole) == size
    for first, last, answer in got:
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert answer.content == whole[first : last + 1]
    assert len([path for path in corp.paths(".whl") if path.endswith(".whl")]) == 4


async def test_the_same_files_are_the_same_pack(service: Service, corp: IndexServer, packages: Registry) -> None:
    headers = service.bearer(Scope.CACHE_READ)
    request = asked(packages, "a", "b", url=corp.url)
    one = await plan(service, request, headers)
    other = await plan(service, msgspec.structs.replace(request, files=request.files[::-1]), headers)
    assert one == other


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "0" * 64},
        {"size": 17},
        {"size": -1},
        {"size": 1 << 62},
        {"filename": "a-9.9-py3-none-any.whl"},
        {"filename": "../../../etc/passwd.whl"},
        {"filename": "a-1.0.tar.gz"},
        {"name": "nobody"},
        {"index": 7},
        {"index": -1},
        {"url": "http://127.0.0.1:1/simple/"},
        {"url": "file:///etc/"},
    ],
)
async def test_what_is_not_as_it_is_asked_for_is_left_out(
    service: Service, corp: IndexServer, packages: Registry, changes: dict[str, Any]
) -> None:
    request = asked(packages, "a", **{"url": corp.url, **changes})
    told = await plan(service, request, service.bearer(Scope.CACHE_READ))
    assert told.header.entries == ()


async def test_an_index_that_a_token_may_not_use_does_not_exist_for_it(
    service: Service, corp: IndexServer, packages: Registry
) -> None:
    request = asked(packages, "a", url=corp.url)
    stranger = service.bearer(Scope.CACHE_READ, name="eve", indexes=("elsewhere",))
    unknown = await plan(service, asked(packages, "a", url="http://127.0.0.1:1/simple/"), stranger)
    assert await plan(service, request, stranger) == unknown
    told = await plan(service, request, service.bearer(Scope.CACHE_READ))
    answers = [
        await service.client.get(f"{PACKS}/{name}", headers=stranger) for name in (told.id, "f" * 64, "nonsense")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["error"]["code"] for answer in answers}) == 1


async def test_a_name_that_another_index_has_for_its_own_is_not_given(
    serve: Serve, corp: IndexServer, packages: Registry
) -> None:
    indexes = (
        ServedIndex(name="corp", url=corp.url),
        ServedIndex(name="own", url="http://127.0.0.1:1/", reserved=("a",)),
    )
    service = await serve(Configuration(indexes=indexes))
    told = await plan(service, asked(packages, "a", "b", url=corp.url), service.bearer(Scope.CACHE_READ))
    assert len(told.header.entries) == 2


async def test_there_is_an_end_to_what_is_asked_for(service: Service, corp: IndexServer, packages: Registry) -> None:
    (file,) = asked(packages, "a", url=corp.url).files
    request = PackRequest(indexes=(), files=(file,) * (MOST_FILES + 1))
    headers = service.bearer(Scope.CACHE_READ)
    answer = await service.client.post(PACKS, content=msgspec.json.encode(request), headers=headers)
    assert answer.status_code == 400
    for nonsense in (b"", b"{}", b"[", b'{"indexes":[],"files":[["a"]]}'):
        answer = await service.client.post(PACKS, content=nonsense, headers=headers)
        assert answer.status_code == 400


async def test_an_index_that_is_away_breaks_nothing_else(
    service: Service, corp: IndexServer, packages: Registry
) -> None:
    headers = service.bearer(Scope.CACHE_READ)
    told = await plan(service, asked(packages, "a", url=corp.url), headers)
    packages.withdraw("a-1.0-py3-none-any.whl")
    answer = await service.client.get(f"{PACKS}/{told.id}", headers={**headers, "range": "bytes=300-400"})
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "file-missing"


def test_plans_are_forgotten_when_there_are_too_many() -> None:
    plans = Plans(most=4)

    def made(name: str) -> Plan:
        part: Any = None
        return Plan(told=PackPlan(id=name, header=Header()), head=b"", parts=(part, part), served=frozenset())

    for name in "abc":
        plans.keep(made(name))
    plans.keep(made("c"))
    assert [name for name in "abc" if plans.find(name, ())] == ["b", "c"]
    plans.find("b", ())
    plans.keep(made("d"))
    assert [name for name in "abcd" if plans.find(name, ())] == ["b", "d"]
    assert repr(plans) == "<Plans [2, of 4 files]>"
