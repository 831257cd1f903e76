"""Files and metadata: fetched once, handed on while they come, and stored when they are what was promised."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import httpx
import msgspec
import pytest

from tests.conftest import IndexFactory
from tests.index_server import Fault, IndexServer
from tests.registry import holding, registry
from tests.service.proxy.served import Served
from tests.wheels import Built, make_sdist, make_wheel

Serve = Callable[..., Served]
Kind = Literal["flip", "cut", "short", "garbage"]


def large(name: str = "a", size: int = 3 << 20) -> Built:
    """A wheel that does not shrink."""
    noise = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(size // 64))
    return make_wheel(name, "1.0", files={f"{name}/noise.txt": noise})


def files_in(store: Path) -> list[str]:
    return sorted(path.name for path in store.glob("files-v1/*/*"))


def rest_of(store: Path) -> list[str]:
    folder = store / "tmp"
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def test_a_file_is_fetched_once_and_then_stored(index: IndexFactory, serve: Serve, tmp_path: Path) -> None:
    built = large()
    server = index(holding(built))
    served = serve(server)
    path = served.file("a")
    for _ in range(3):
        answer = served.get(path)
        assert answer.content == built.data
        assert answer.headers["cache-control"].endswith("immutable")
        assert int(answer.headers["content-length"]) == len(built.data)
    assert len(server.paths(".whl")) == 1
    assert files_in(tmp_path / "store") == [built.sha256]
    assert rest_of(tmp_path / "store") == []


def test_a_file_that_is_here_is_sent_in_parts_and_not_again(index: IndexFactory, serve: Serve) -> None:
    built = large()
    served = serve(index(holding(built)))
    path = served.file("a")
    whole = served.get(path)
    for wanted, part in (("bytes=0-9", built.data[:10]), ("bytes=-100", built.data[-100:])):
        answer = served.get(path, range=wanted)
        assert (answer.status_code, answer.content) == (206, part)
    assert served.get(path, range=f"bytes={len(built.data)}-").status_code == 416
    assert served.get(path, if_none_match=whole.headers["etag"]).status_code == 304
    old = served.get(path, range="bytes=0-9", if_range='"another"')
    assert (old.status_code, len(old.content)) == (200, len(built.data))


@pytest.mark.parametrize(
    "wanted", ["bytes=0-99", "bytes=-65536", "bytes=1000000-", "bytes=2-1", "lines=1-2", "bytes=x-"]
)
def test_a_part_of_a_file_that_is_not_here_yet(index: IndexFactory, serve: Serve, wanted: str) -> None:
    built = large()
    served = serve(index(holding(built)))
    answer = served.get(served.file("a"), range=wanted)
    expected = {
        "bytes=0-99": built.data[:100],
        "bytes=-65536": built.data[-65536:],
        "bytes=1000000-": built.data[1000000:],
    }.get(wanted)
    assert answer.status_code == (200 if expected is None else 206)
    assert answer.content == (built.data if expected is None else expected)
    if expected is not None:
        start = built.data.index(expected)
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{len(built.data)}"


def test_a_file_is_handed_on_while_it_comes(index: IndexFactory, serve: Serve) -> None:
    built = large()
    server = index(holding(built))
    served = serve(server)
    path = served.file("a")
    server.faults.append(drip(seconds=1.2))
    started = time.monotonic()
    with httpx.stream("GET", served.root + path, timeout=20) as answer:
        pieces = answer.iter_bytes()
        content = next(pieces)
        first = time.monotonic() - started
        content += b"".join(pieces)
    assert content == built.data
    assert time.monotonic() - started - first > 0.6


def drip(seconds: float) -> Fault:
    return Fault(where=".whl", kind="drip", times=1, seconds=seconds)


def test_who_comes_while_a_file_is_on_its_way_gets_all_of_it(index: IndexFactory, serve: Serve) -> None:
    built = large()
    server = index(holding(built))
    served = serve(server)
    path = served.file("a")
    server.faults.append(drip(seconds=1.0))

    def fetch(number: int) -> bytes:
        time.sleep(number * 0.06)
        return served.get(path).content

    with ThreadPoolExecutor(20) as pool:
        contents = set(pool.map(fetch, range(20)))
    assert contents == {built.data}
    assert len(server.paths(".whl")) == 1


def test_who_goes_away_takes_nothing_from_the_others(index: IndexFactory, serve: Serve, tmp_path: Path) -> None:
    built = large()
    server = index(holding(built))
    served = serve(server)
    path = served.file("a")
    server.faults.append(drip(seconds=0.8))
    got: list[bytes] = []
    with httpx.stream("GET", served.root + path, timeout=20) as answer:
        next(answer.iter_bytes())
        other = threading.Thread(target=lambda: got.append(served.get(path).content))
        other.start()
    other.join(20)
    assert got == [built.data]
    assert files_in(tmp_path / "store") == [built.sha256]


@pytest.mark.parametrize("kind", ["flip", "cut", "short", "garbage"])
@pytest.mark.parametrize("size", [1000, 3 << 20])
def test_what_is_not_what_was_promised_is_neither_stored_nor_sent_whole(
    index: IndexFactory, serve: Serve, tmp_path: Path, kind: Kind, size: int
) -> None:
    built = large(size=size)
    server = index(holding(built))
    served = serve(server)
    path = served.file("a")
    server.faults.append(Fault(where=".whl", kind=kind, times=1))
    try:
        answer = served.get(path)
        assert answer.status_code in {502, 503, 504}
        assert answer.json()["error"]["code"] in {"digest-mismatch", "size-mismatch", "unreachable"}
    except httpx.RemoteProtocolError:
        assert size > 1000, "a small file is judged before anything is sent"
    assert files_in(tmp_path / "store") == []
    assert rest_of(tmp_path / "store") == []
    served.proxy.upstream.session.limit(server.url).recover()
    assert served.get(path).content == built.data


def test_a_file_without_a_sha256_is_known_by_what_is_told_of_it(index: IndexFactory, serve: Serve) -> None:
    built, other = make_wheel("a", "1.0"), make_wheel("b", "1.0")
    packages = registry()
    packages.publish(built, hashed=False)
    md5 = hashlib.md5(other.data, usedforsecurity=False).hexdigest()
    packages.publish(other, hashes={"md5": md5})
    server = index(packages)
    served = serve(server)
    for name, expected in (("a", built), ("b", other)):
        for _ in range(2):
            assert served.get(served.file(name)).content == expected.data
    assert len(server.paths(".whl")) == 2


def test_a_file_that_is_gone_is_not_found(index: IndexFactory, serve: Serve) -> None:
    packages = registry(a={"1.0": []})
    server = index(packages)
    served = serve(server)
    path = served.file("a")
    server.fail(".whl", 404)
    answer = served.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file-missing")
    digest = path.split("/")[-2]
    for wrong in (path.replace(digest, "0" * 16), path.replace(digest, "-"), path.replace("a-1.0", "a-2.0")):
        answer = served.get(wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-on-index")


def test_a_file_of_another_project_is_not_here(index: IndexFactory, serve: Serve) -> None:
    served = serve(index(registry(a={"1.0": []}, b={"1.0": []})))
    path = served.file("a").replace("/main/a/", "/main/b/")
    assert served.get(path).status_code == 404


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param({}, id="offered"),
        pytest.param({"metadata_files": False}, id="by range"),
        pytest.param({"metadata_files": False, "ranges": False}, id="by all of it"),
        pytest.param({"html_only": True, "metadata_files": False}, id="html"),
    ],
)
def test_metadata_is_never_missing(index: IndexFactory, serve: Serve, behaviour: dict[str, bool]) -> None:
    built = large()
    server = index(holding(built), **behaviour)
    served = serve(server)
    [file] = served.page("a").json()["files"]
    offered = {"sha256": built.metadata_sha256} if behaviour.get("metadata_files", True) else True
    assert file["core-metadata"] == offered
    path = served.file("a") + ".metadata"
    for _ in range(2):
        assert served.get(path).content == built.metadata
    fetched = len([request for request in server.requests if ".whl" in request.path])
    assert fetched <= 2
    assert served.get(path, if_none_match=served.get(path).headers["etag"]).status_code == 304
    served.get(path.removesuffix(".metadata"))
    if not behaviour.get("ranges", True):
        assert [request.status for request in server.requests if ".whl" in request.path] == [200]


def test_metadata_is_had_from_the_wheel_where_its_file_is_missing(index: IndexFactory, serve: Serve) -> None:
    server = index(registry(a={"1.0": ["b"]}))
    served = serve(server)
    path = served.file("a") + ".metadata"
    server.fail(".metadata", 404)
    answer = served.get(path)
    assert answer.status_code == 200
    assert b"Requires-Dist: b" in answer.content


def test_metadata_of_a_wheel_that_is_stored_asks_nobody(index: IndexFactory, serve: Serve) -> None:
    server = index(registry(a={"1.0": []}), metadata_files=False)
    served = serve(server)
    path = served.file("a")
    served.get(path)
    server.forget()
    assert served.get(path + ".metadata").status_code == 200
    assert server.paths() == []


def test_metadata_that_was_damaged_in_the_store_is_learned_again(
    index: IndexFactory, serve: Serve, tmp_path: Path
) -> None:
    server = index(registry(a={"1.0": []}))
    served = serve(server)
    path = served.file("a") + ".metadata"
    right = served.get(path).content
    [stored] = (tmp_path / "store").glob("texts-v1/*/*")
    stored.write_bytes(stored.read_bytes().replace(b"Name: a", b"Name: z"))
    assert served.get(path).content == right


def test_what_is_no_wheel_has_no_metadata(index: IndexFactory, serve: Serve) -> None:
    packages = registry()
    broken = msgspec.structs.replace(make_wheel("a", "1.0"), data=b"no zip at all" * 100)
    packages.publish(broken, metadata=False)
    served = serve(index(packages))
    answer = served.get(served.file("a") + ".metadata")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "bad-wheel")


def test_the_head_of_a_file_does_not_fetch_it(index: IndexFactory, serve: Serve) -> None:
    built = large()
    server = index(holding(built))
    served = serve(server)
    path = served.file("a")
    for _ in range(2):
        head = httpx.head(served.root + path)
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(built.data)))
        assert (head.headers["accept-ranges"], head.content) == ("bytes", b"")
        assert served.get(path).headers["etag"] == head.headers["etag"]
    assert [request.method for request in server.requests if ".whl" in request.path] == ["GET"]


def test_an_sdist_is_a_file_like_any_other(index: IndexFactory, serve: Serve) -> None:
    packages = registry()
    built = make_sdist("a", "1.0")
    packages.publish(built)
    served = serve(index(packages))
    path = served.file("a")
    assert served.get(path).content == built.data
    assert served.get(path + ".metadata").status_code == 404


def test_files_elsewhere_are_fetched_where_the_page_says(index: IndexFactory, serve: Serve) -> None:
    files: IndexServer = index(registry(a={"1.0": []}))
    pages = index(registry())
    release = files.registry.releases("a")[0]
    url = f"{files.root}/{files.file_path(release)}"
    pages.registry.raw["a"] = [{"filename": release.filename, "url": url, "hashes": release.told_hashes}]
    served = serve(pages)
    answer = served.get(served.file("a"))
    assert answer.status_code == 502, "a loopback address that nobody declared"
    assert "not public" in answer.json()["error"]["message"] or "https" in answer.json()["error"]["message"]
    assert files.requests == []


def test_two_proxies_that_share_blobs_fetch_a_file_once(index: IndexFactory, serve: Serve, tmp_path: Path) -> None:
    built = large()
    server = index(holding(built))
    for name in ("one", "two"):
        served = serve(server, store=tmp_path / name, blobs=tmp_path / "blobs")
        path = served.file("a")
        assert served.get(path + ".metadata").content == built.metadata
        assert served.get(path).content == built.data
        assert served.get(path).content == built.data
    assert [path.rpartition(".")[2] for path in server.paths(".whl")] == ["metadata", "whl"]


def test_a_store_that_cannot_be_written_is_told_as_what_it_is(
    index: IndexFactory, serve: Serve, tmp_path: Path
) -> None:
    server = index(registry(a={"1.0": []}))
    served = serve(server)
    path = served.file("a")
    folder = tmp_path / "store" / "tmp"
    shutil.rmtree(folder)
    folder.write_text("in the way")
    answer = served.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "store-trouble")
    folder.unlink()
    folder.mkdir()
    assert served.get(path).status_code == 200
