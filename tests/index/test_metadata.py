"""The metadata ladder over real HTTP: the cheapest rung that holds, each file at most once."""

from __future__ import annotations

import hashlib
from typing import Any

import anyio
import pytest

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import normalize_name
from interlock.index.failures import Unreachable
from interlock.index.metadata import choose_artifact
from interlock.index.outcomes import NeedsBuild, Unavailable
from interlock.index.retry import RetryPolicy
from interlock.index.view import View
from interlock.store.digests import DigestMismatch
from interlock.store.layout import Layout
from tests.conftest import IndexFactory
from tests.index.conftest import Connect
from tests.registry import Registry, registry
from tests.wheels import make_sdist, make_wheel

__all__: list[str] = []

A = normalize_name("a")
NOISE = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(6000))
"""Bytes that do not compress, so that wheels get large."""
LARGE = b"".join(hashlib.sha256(NOISE[:9] + str(number).encode()).digest() for number in range(600_000))
"""19 MB: half of it is more than is kept in memory."""


async def learn(client: View, position: int = -1) -> Any:
    listing = await client.listing(A)
    assert isinstance(listing, Listing)
    return await client.metadata(listing, range(len(listing.versions))[position])


def names(metadata: Any) -> list[str]:
    assert isinstance(metadata, Metadata), metadata
    return [requirement.name for requirement in metadata.requires]


async def test_the_metadata_file_and_no_byte_of_the_wheel(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": ["b>=2", "c ; extra == 'x'"]}))
    client = connect(server)
    assert names(await learn(client)) == ["b", "c"]
    assert client.stats().by_kind == {"page": 1, "metadata": 1}
    assert not [path for path in server.paths() if path.endswith(".whl")]


async def test_metadata_that_comes_short_is_fetched_once_more(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": ["b>=2"]}))
    server.replace(".metadata", b"Metadata-Version: 2.1\nName: a\nVersion: 1.0\n", kind="text/plain", times=1)
    client = connect(server)
    assert names(await learn(client)) == ["b"]
    assert client.stats().by_kind == {"page": 1, "metadata": 2}


@pytest.mark.parametrize("hashed", [False, True])
async def test_a_wheel_that_comes_short_instead_of_its_end_is_fetched_once_more(
    index: IndexFactory, connect: Connect, hashed: bool
) -> None:
    packages = Registry()
    built = make_wheel("a", "1.0", requires=["b>=2"])
    packages.publish(built, hashed=hashed)
    server = index(packages, metadata_files=False)
    server.replace(".whl", built.data[: len(built.data) // 2], times=1)
    assert names(await learn(connect(server))) == ["b"]


async def test_a_metadata_file_with_another_hash_is_an_error(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}))
    server.replace(".metadata", b"Metadata-Version: 2.1\nName: a\nVersion: 1.0\nRequires-Dist: b\n", kind="text/plain")
    with pytest.raises(DigestMismatch, match=r"a-1.0-py3-none-any.whl.metadata"):
        await learn(connect(server))


async def test_the_end_of_the_wheel_when_there_is_no_metadata_file(index: IndexFactory, connect: Connect) -> None:
    packages = Registry()
    packages.publish(make_wheel("a", "1.0", requires=["b"], files={"a/noise.bin": NOISE}))
    server = index(packages, metadata_files=False)
    client = connect(server)
    assert names(await learn(client)) == ["b"]
    assert client.stats().by_kind == {"page": 1, "range": 1}
    assert server.requests[-1].status == 206
    assert server.requests[-1].sent == 64 << 10


async def test_an_advertised_metadata_file_that_is_missing_is_got_round(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": ["b"]}))
    server.fail(".metadata", 404)
    client = connect(server)
    assert names(await learn(client)) == ["b"]
    assert client.stats().by_kind == {"page": 1, "metadata": 1, "range": 1}


@pytest.mark.parametrize("first", [True, False])
async def test_metadata_far_from_the_end_takes_more_reads(index: IndexFactory, connect: Connect, first: bool) -> None:
    text = b"Metadata-Version: 2.1\nName: a\nVersion: 1.0\nRequires-Dist: b\n\n"
    many = {f"a/{number:04}_{'x' * 120}.py": b"" for number in range(600)}
    noise = {"a/noise.bin": NOISE}
    built = make_wheel("a", "1.0", files=({**noise, **many} if first else noise), metadata=text)
    if not first:
        # METADATA at the beginning of the archive, as some build tools write it.
        built = make_wheel("a", "1.0", files={"a-1.0.dist-info/METADATA": text, **noise, **many}, metadata=text)
    packages = Registry()
    packages.publish(built, metadata=False)
    server = index(packages)
    client = connect(server)
    assert names(await learn(client)) == ["b"]
    assert client.stats().by_kind["range"] in {2, 3}
    assert sum(request.sent for request in server.requests) < 400_000


async def test_a_host_without_ranges_is_found_out_once(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": ["b"], "2.0": ["c"]}), metadata_files=False, ranges=False)
    client = connect(server)
    assert names(await learn(client, 0)) == ["b"]
    assert names(await learn(client, 1)) == ["c"]
    assert client.stats().by_kind == {"page": 1, "range": 1, "file": 1}
    assert len(server.paths(".whl")) == 2


async def test_a_large_answer_that_breaks_off_leaves_nothing_behind(
    index: IndexFactory, connect: Connect, layout: Layout
) -> None:
    packages = Registry()
    packages.publish(make_wheel("a", "1.0", requires=["b"], files={"a.bin": LARGE}))
    server = index(packages, metadata_files=False, ranges=False)
    server.cut(".whl")
    with pytest.raises(Unreachable):
        await learn(connect(server, retry=RetryPolicy(retries=1)))
    assert list(layout.tmp.iterdir()) == []


@pytest.mark.parametrize("status", [405, 416, 501])
async def test_a_refused_range_leads_to_the_whole_wheel(index: IndexFactory, connect: Connect, status: int) -> None:
    server = index(registry(a={"1.0": ["b"]}), metadata_files=False)
    server.fail(".whl", status, times=1)
    client = connect(server)
    assert names(await learn(client)) == ["b"]
    assert client.stats().by_kind == {"page": 1, "range": 1, "file": 1}


async def test_a_whole_wheel_is_verified(index: IndexFactory, connect: Connect) -> None:
    packages = Registry()
    packages.publish(make_wheel("a", "1.0"), sha256="0" * 64, metadata=False)
    with pytest.raises(DigestMismatch):
        await learn(connect(index(packages, ranges=False)))


async def test_metadata_is_read_once_and_kept(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": ["b[x]>=2 ; python_version < '3.9'"]}), delay=0.02)
    client = connect(server)
    listing = await client.listing(A)
    assert isinstance(listing, Listing)
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(client.metadata, listing, 0)
    first = await client.metadata(listing, 0)
    assert len(server.paths(".metadata")) == 1
    server.forget()
    assert await learn(connect(server)) == first
    assert server.paths(".metadata") == []
    assert await learn(connect(server, offline=True)) == first


async def test_offline_without_cached_metadata_a_version_is_unavailable(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}))
    await connect(server).listing(A)
    outcome = await learn(connect(server, offline=True))
    assert isinstance(outcome, Unavailable)
    assert "offline" in outcome.reason


async def test_a_static_sdist_is_not_built(index: IndexFactory, connect: Connect) -> None:
    packages = Registry()
    packages.sdist("a", "1.0", "b>=1")
    server = index(packages)
    client = connect(server)
    assert names(await learn(client)) == ["b"]
    assert client.stats().by_kind == {"page": 1, "file": 1}


async def test_any_other_sdist_is_and_comes_only_once(index: IndexFactory, connect: Connect) -> None:
    packages = Registry()
    packages.sdist("a", "1.0", "b>=1", static=False)
    server = index(packages)
    client = connect(server)
    outcome = await learn(client)
    assert isinstance(outcome, NeedsBuild)
    assert outcome.artifact.filename == "a-1.0.tar.gz"
    data = await client.download(A, "main", outcome.artifact)
    assert data == packages.releases("a")[0].built.data
    assert await learn(connect(server)) == outcome
    assert len(server.paths(".tar.gz")) == 1


async def test_the_files_that_may_be_used_decide(index: IndexFactory, connect: Connect) -> None:
    packages = Registry()
    packages.wheel("a", "1.0", "from-the-wheel")
    packages.sdist("a", "1.0", "from-the-sdist")
    client = connect(index(packages))
    listing = await client.listing(A)
    assert isinstance(listing, Listing)
    assert names(await client.metadata(listing, 0)) == ["from-the-wheel"]
    sdists = [artifact for artifact in listing.artifacts(0) if not artifact.is_wheel]
    assert names(await client.metadata(listing, 0, sdists)) == ["from-the-sdist"]
    assert isinstance(await client.metadata(listing, 0, ()), Unavailable)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n", "another package, other"),
        ("Metadata-Version: 2.1\nName: a\nVersion: 2.0\n", "version 2.0"),
        ("Metadata-Version: 3.0\nName: a\nVersion: 1.0\n", "of version 3.0"),
        ("Metadata-Version: 2.1\nName: a\nVersion: 1.0\nRequires-Dist: ?!\n", "not a valid requirement"),
        ("nothing at all", "names no package"),
    ],
)
async def test_metadata_that_cannot_be_used_rules_the_version_out(
    index: IndexFactory, connect: Connect, metadata: str, reason: str
) -> None:
    packages = Registry()
    packages.publish(make_wheel("a", "1.0", metadata=metadata))
    outcome = await learn(connect(index(packages)))
    assert isinstance(outcome, Unavailable)
    assert reason in outcome.reason


async def test_a_broken_wheel_rules_the_version_out(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), metadata_files=False)
    server.garble(".whl")
    packages = Registry()
    packages.publish(make_wheel("a", "1.0"), hashed=False, metadata=False)
    server.registry = packages
    outcome = await learn(connect(server))
    assert isinstance(outcome, Unavailable)
    assert "end-of-directory" in outcome.reason


def test_the_plainest_wheel_stands_for_a_version() -> None:
    def wheel(tag: str, metadata: str = "") -> Artifact:
        return Artifact(filename=f"a-1.0-{tag}.whl", metadata_hashes=metadata)

    mac, linux, pure = wheel("cp311-cp311-macosx_11_0_arm64"), wheel("cp311-cp311-linux_x86_64"), wheel("py3-none-any")
    sdist = Artifact(filename="a-1.0.tar.gz")
    assert choose_artifact([sdist, mac, linux, pure]) == pure
    assert choose_artifact([sdist, mac, linux]) == linux
    assert choose_artifact([pure, wheel("cp39-cp39-win32", "true")]) == wheel("cp39-cp39-win32", "true")
    assert choose_artifact([sdist, Artifact(filename="a-1.0.zip")]) == sdist
    assert choose_artifact([]) is None
    assert make_sdist("a", "1.0").filename == sdist.filename
