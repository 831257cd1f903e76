"""Files over real HTTP: found wherever they are, and never handed out unverified."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing
from interlock.core.names import normalize_name
from interlock.core.settings.limits import Limits
from interlock.core.sources.source import Index
from interlock.index.auth import CredentialSources
from interlock.index.failures import FileMissing, Offline, SizeMismatch, TooLarge, Unreachable
from interlock.index.receiver import Receiver
from interlock.index.view import View
from interlock.store.digests import DigestMismatch
from interlock.store.layout import Layout
from tests.conftest import IndexFactory
from tests.index.conftest import Connect
from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.wheels import make_wheel

__all__: list[str] = []

A = normalize_name("a")
LARGE = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(300_000))
"""9.6 MB that do not compress."""


async def artifact_of(client: View) -> Artifact:
    listing = await client.listing(A)
    assert isinstance(listing, Listing)
    return listing.artifacts(0)[0]


def leftovers(layout: Layout) -> list[Path]:
    return list(layout.tmp.iterdir()) if layout.tmp.exists() else []


async def test_a_small_file_comes_as_bytes(index: IndexFactory, connect: Connect, layout: Layout) -> None:
    server = index(registry(a={"1.0": []}))
    client = connect(server)
    assert await client.download(A, "main", await artifact_of(client)) == server.registry.releases("a")[0].built.data
    assert leftovers(layout) == []


async def test_a_large_file_comes_as_a_temporary_file(index: IndexFactory, connect: Connect, layout: Layout) -> None:
    packages = Registry()
    built = packages.publish(make_wheel("a", "1.0", files={"a.bin": LARGE})).built
    client = connect(index(packages))
    path = await client.download(A, "main", await artifact_of(client))
    assert isinstance(path, Path)
    assert path.parent == layout.tmp
    assert path.read_bytes() == built.data


async def test_a_destination_gets_the_file_whole(
    index: IndexFactory, connect: Connect, tmp_path: Path, layout: Layout
) -> None:
    server = index(registry(a={"1.0": []}))
    client = connect(server)
    target = tmp_path / "new" / "a.whl"
    assert await client.download(A, "main", await artifact_of(client), target) == target
    assert target.read_bytes() == server.registry.releases("a")[0].built.data
    assert leftovers(layout) == []


@pytest.mark.parametrize("large", [False, True])
async def test_a_file_with_another_hash_is_never_seen(
    index: IndexFactory, connect: Connect, tmp_path: Path, layout: Layout, large: bool
) -> None:
    packages = Registry()
    built = make_wheel("a", "1.0", files={"a.bin": LARGE if large else b""})
    packages.publish(built, sha256="0" * 64)
    client = connect(index(packages))
    target = tmp_path / "a.whl"
    with pytest.raises(DigestMismatch) as raised:
        await client.download(A, "main", await artifact_of(client), target)
    assert raised.value.expected == "0" * 64
    assert raised.value.actual == built.sha256
    assert not target.exists()
    assert leftovers(layout) == []


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("hashed", [False, True])
async def test_a_file_that_comes_short_or_wrong_is_fetched_once_more(
    index: IndexFactory, connect: Connect, tmp_path: Path, layout: Layout, large: bool, hashed: bool
) -> None:
    packages = Registry()
    built = make_wheel("a", "1.0", files={"a.bin": LARGE if large else b""})
    packages.publish(built, hashed=hashed)
    server = index(packages)
    client = connect(server)
    wanted = await artifact_of(client)
    wanted = wanted if hashed else msgspec.structs.replace(wanted, size=len(built.data))
    wrongs = (built.data[:-1], b"", b"a proxy says hello") + ((bytes(len(built.data)),) if hashed else ())
    for wrong in wrongs:
        server.replace(".whl", wrong, times=1)
        server.forget()
        await client.download(A, "main", wanted, tmp_path / "a.whl")
        assert (tmp_path / "a.whl").read_bytes() == built.data
        first, second = server.requests
        assert ("cache-control" in first.headers, second.headers["cache-control"]) == (False, "no-cache")
    server.replace(".whl", built.data[:-1], times=2)
    with pytest.raises((DigestMismatch, SizeMismatch)):
        await client.download(A, "main", wanted)
    assert leftovers(layout) == []


async def test_without_a_hash_the_size_has_to_agree(index: IndexFactory, connect: Connect) -> None:
    packages = Registry()
    built = make_wheel("a", "1.0")
    packages.publish(built, hashed=False)
    client = connect(index(packages))
    found = await artifact_of(client)
    assert await client.download(A, "main", found) == built.data
    with pytest.raises(SizeMismatch):
        await client.download(A, "main", Artifact(filename=found.filename, location=found.location, size=3))


async def test_a_lock_needs_no_page_once_the_file_base_is_known(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}, b={"1.0": []}))
    locked = await artifact_of(connect(server))
    server.forget()
    await connect(server).download(A, "main", locked)
    assert server.paths() == [f"/{locked.location}"]


@pytest.mark.parametrize("learned", [False, True])
async def test_a_mirror_with_another_layout_is_served_by_one_page(
    index: IndexFactory, connect: Connect, learned: bool
) -> None:
    packages = registry(a={"1.0": []}, b={"1.0": []})
    locked = await artifact_of(connect(index(packages)))
    mirror = index(packages, layout="mirror/{name}/{filename}", simple="root/pypi/+simple")
    client = connect(Index(name="main", url=mirror.url))
    if learned:
        await client.listing(normalize_name("b"))
    assert await client.download(A, "main", locked) == packages.releases("a")[0].built.data
    assert len(mirror.paths("/+simple/a/")) == 1


async def test_a_file_that_is_gone_is_told(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}))
    client = connect(server)
    artifact = await artifact_of(client)
    server.registry.withdraw(artifact.filename)
    with pytest.raises(FileMissing, match=r"a-1.0-py3-none-any.whl"):
        await client.download(A, "main", artifact)
    with pytest.raises(FileMissing):
        await connect(server).download(normalize_name("zzz"), "main", Artifact(filename="zzz-1.0-py3-none-any.whl"))


async def test_a_download_that_breaks_off_starts_anew(index: IndexFactory, connect: Connect, layout: Layout) -> None:
    packages = Registry()
    built = packages.publish(make_wheel("a", "1.0", files={"a.bin": LARGE + LARGE})).built
    server = index(packages)
    client = connect(server)
    artifact = await artifact_of(client)
    server.cut(".whl", times=1)
    path = await client.download(A, "main", artifact)
    assert isinstance(path, Path)
    assert path.read_bytes() == built.data
    assert leftovers(layout) == [path]
    path.unlink()
    server.cut(".whl")
    with pytest.raises(Unreachable):
        await client.download(A, "main", artifact)
    assert leftovers(layout) == []


async def test_files_on_the_index_host_get_its_credentials(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), credentials=("ann", "secret"))
    client = connect(server, credentials=CredentialSources(named={"main": ("ann", "secret")}))
    artifact = await artifact_of(client)
    assert "ann" not in artifact.location
    assert await client.download(A, "main", artifact) == server.registry.releases("a")[0].built.data


async def test_files_elsewhere_do_not(index: IndexFactory, connect: Connect) -> None:
    files = index(registry(a={"1.0": []}))
    server = index(registry())
    release = files.registry.releases("a")[0]
    url = f"{files.root}/{files.file_path(release)}"
    entry: dict[str, object] = {"filename": release.filename, "url": url, "hashes": {"sha256": release.built.sha256}}
    server.registry.raw["a"] = [entry]
    client = connect(server, credentials=CredentialSources(named={"main": ("ann", "secret")}))
    assert await client.download(A, "main", await artifact_of(client)) == release.built.data
    assert "authorization" not in files.requests[0].headers


async def test_offline_nothing_is_fetched(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}))
    artifact = await artifact_of(connect(server))
    server.forget()
    with pytest.raises(Offline, match="offline"):
        await connect(server, offline=True).download(A, "main", artifact)
    assert server.requests == []


def direct(server: IndexServer) -> str:
    return f"{server.root}/{server.file_path(server.registry.releases('a')[0])}"


async def test_a_direct_url(index: IndexFactory, connect: Connect, tmp_path: Path) -> None:
    server = index(registry(a={"1.0": []}))
    built = server.registry.releases("a")[0].built
    fetched = await connect().fetch_url(f"{direct(server)}#egg=a", built.sha256)
    assert fetched.content == built.data
    assert fetched.sha256 == built.sha256
    with pytest.raises(DigestMismatch):
        await connect().fetch_url(direct(server), "1" * 64)
    local = tmp_path / "a b.whl"
    local.write_bytes(built.data)
    assert (await connect(offline=True).fetch_url(local.as_uri())).content == built.data
    with pytest.raises(FileMissing):
        await connect().fetch_url((tmp_path / "absent.whl").as_uri())


async def test_a_file_that_is_longer_than_its_page_says_is_not_taken_to_its_end(
    index: IndexFactory, connect: Connect
) -> None:
    packages = Registry()
    packages.publish(make_wheel("a", "1.0", files={"a.bin": LARGE}))
    client = connect(index(packages))
    wanted = msgspec.structs.replace(await artifact_of(client), size=1000)
    with pytest.raises(SizeMismatch):
        await client.download(A, "main", wanted)


async def test_the_limit_of_a_file_is_a_setting(tmp_path: Path) -> None:
    receiver = Receiver(Layout(tmp_path, Limits(file_size=10)), filename="a.whl")
    await receiver.feed(b"0123456789")
    with pytest.raises(TooLarge, match=r"a\.whl") as raised:
        await receiver.feed(b"x")
    assert "INTERLOCK_LIMIT_FILE_SIZE" in (raised.value.hint or "")
