"""Indexes on disk and flat pages (``--find-links``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.core.artifacts.listing import Listing
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import normalize_name
from interlock.core.sources.source import Index
from interlock.index.failures import BadPage
from interlock.index.outcomes import Absent, NeedsBuild
from tests.conftest import IndexFactory
from tests.index.conftest import NOW, Connect
from tests.registry import registry
from tests.wheels import Built, make_sdist, make_wheel

__all__: list[str] = []

A = normalize_name("a")


def write(folder: Path, *files: Built) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for built in files:
        (folder / built.filename).write_bytes(built.data)
    return folder


@pytest.mark.parametrize("as_url", [False, True])
async def test_a_directory_serves_listings_metadata_and_files(connect: Connect, tmp_path: Path, as_url: bool) -> None:
    wheel = make_wheel("a", "1.0", requires=["b"])
    folder = write(tmp_path / "some wheels", wheel, make_wheel("a-other", "3.0"), make_sdist("a", "2.0", static=False))
    (folder / "README.txt").write_text("no package")
    index = Index(name="local", url=folder.as_uri() if as_url else str(folder), flat=True)
    client = connect(index, offline=True)
    listing = await client.listing(A)
    assert isinstance(listing, Listing)
    assert listing.versions == ("1.0", "2.0")
    artifact = listing.artifacts(0)[0]
    assert artifact.location == "", "a lock must not name a path of this machine"
    assert artifact.size == len(wheel.data)
    metadata = await client.metadata(listing, 0)
    assert isinstance(metadata, Metadata)
    assert metadata.requires[0].name == "b"
    assert isinstance(await client.metadata(listing, 1), NeedsBuild)
    assert await client.download(A, "local", artifact) == wheel.data
    assert await client.listing(normalize_name("c")) == Absent(name=normalize_name("c"), indexes=("local",))


async def test_a_directory_comes_before_any_index(index: IndexFactory, connect: Connect, tmp_path: Path) -> None:
    folder = write(tmp_path / "wheels", make_wheel("a", "1.0"))
    server = index(registry(a={"9.0": []}, b={"1.0": []}))
    client = connect(server, Index(name="local", url=str(folder), flat=True))
    listing = await client.listing(A)
    assert isinstance(listing, Listing)
    assert listing.index == "local"
    assert server.paths() == []
    assert isinstance(await client.listing(normalize_name("b")), Listing)


async def test_a_local_html_file(connect: Connect, tmp_path: Path) -> None:
    wheel = make_wheel("a", "1.0")
    write(tmp_path / "files", wheel)
    page = tmp_path / "links.html"
    page.write_text(f'<html><a href="files/{wheel.filename}#sha256={wheel.sha256}">a</a></html>')
    client = connect(Index(name="local", url=page.as_uri(), flat=True))
    listing = await client.listing(A)
    assert isinstance(listing, Listing)
    assert listing.artifacts(0)[0].sha256 == wheel.sha256
    assert await client.download(A, "local", listing.artifacts(0)[0]) == wheel.data


async def test_a_simple_repository_on_disk(connect: Connect, tmp_path: Path) -> None:
    wheel, plain = make_wheel("a", "1.0"), make_wheel("b", "2.0")
    write(tmp_path / "simple" / "a", wheel)
    write(tmp_path / "simple" / "b", plain)
    page = tmp_path / "simple" / "a" / "index.html"
    page.write_text(f'<html><a href="{wheel.filename}" data-requires-python="&gt;=3.8">a</a></html>')
    client = connect(Index(name="local", url=(tmp_path / "simple").as_uri()))
    listing = await client.listing(A)
    assert isinstance(listing, Listing)
    assert listing.artifacts(0)[0].requires_python == ">=3.8"
    assert await client.download(A, "local", listing.artifacts(0)[0]) == wheel.data
    assert isinstance(await client.listing(normalize_name("b")), Listing)
    assert isinstance(await client.listing(normalize_name("c")), Absent)


@pytest.mark.parametrize("flat", [True, False])
async def test_a_mistyped_path_is_no_empty_index(connect: Connect, tmp_path: Path, flat: bool) -> None:
    with pytest.raises(BadPage, match="there is no such"):
        await connect(Index(name="local", url=str(tmp_path / "wheals"), flat=flat)).listing(A)


async def test_a_remote_flat_page_is_fetched_once_and_cached(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}, b={"2.0": []}), html_only=True, cache_control="max-age=600")
    links = "".join(
        f'<a href="{server.root}/{server.file_path(release)}#sha256={release.built.sha256}">x</a>'
        for name in ("a", "b")
        for release in server.registry.releases(name)
    )
    server.replace("/simple/links", f"<html>{links}</html>".encode(), kind="text/html")
    flat = Index(name="flat", url=f"{server.url}links", flat=True)
    client = connect(flat)
    for name, version in (("a", "1.0"), ("b", "2.0")):
        listing = await client.listing(normalize_name(name))
        assert isinstance(listing, Listing)
        assert listing.versions == (version,)
    assert len(server.requests) == 1
    again = connect(flat, now=NOW + 10, offline=True)
    listing = await again.listing(A)
    assert isinstance(listing, Listing)
    online = connect(flat)
    data = await online.download(A, "flat", listing.artifacts(0)[0])
    assert data == server.registry.releases("a")[0].built.data


async def test_a_missing_flat_page_is_an_error(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}))
    with pytest.raises(BadPage, match="HTTP 404"):
        await connect(Index(name="flat", url=f"{server.root}/nothing", flat=True)).listing(A)


async def test_a_file_that_is_written_again_is_read_again(connect: Connect, tmp_path: Path) -> None:
    folder = write(tmp_path / "wheels", make_wheel("a", "1.0", requires=["b"]))
    index = Index(name="local", url=str(folder), flat=True)

    async def asked() -> list[str]:
        client = connect(index, offline=True)
        listing = await client.listing(A)
        assert isinstance(listing, Listing)
        metadata = await client.metadata(listing, 0)
        assert isinstance(metadata, Metadata)
        return [requirement.name for requirement in metadata.requires]

    assert await asked() == ["b"]
    write(folder, make_wheel("a", "1.0", requires=["c"]))
    assert await asked() == ["c"]
