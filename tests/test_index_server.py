"""The loopback index keeps its word; the other tests rely on it."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import IndexFactory
from tests.index_server import JSON
from tests.registry import Registry, registry
from tests.wheels import make_sdist, make_wheel


@pytest.fixture
def packages() -> Registry:
    made = registry(a={"1.0": ["b>=2"]}, b={"2.0": [], "2.1": []})
    made.publish(make_sdist("b", "2.2"), yanked="broken")
    return made


def test_serves_json_pages_with_relative_links(index: IndexFactory, packages: Registry) -> None:
    server = index(packages)
    with httpx.Client() as client:
        page = client.get(server.url + "b/", headers={"Accept": JSON})
        assert page.headers["content-type"] == JSON
        files = page.json()["files"]
        assert [file["filename"] for file in files] == [r.filename for r in packages.releases("b")]
        assert files[-1]["yanked"] == "broken"
        body = client.get(page.url.join(files[0]["url"])).content
        assert body == packages.releases("b")[0].built.data
        metadata = client.get(page.url.join(files[0]["url"] + ".metadata")).content
        assert metadata == packages.releases("b")[0].built.metadata
        again = client.get(server.url + "b/", headers={"Accept": JSON, "If-None-Match": page.headers["etag"]})
        assert again.status_code == 304
    assert len(server.paths("/simple/b/")) == 2


def test_serves_html_ranges_and_another_layout(index: IndexFactory, packages: Registry) -> None:
    server = index(
        packages, html_only=True, layout="mirror/{name}/{filename}", absolute_urls=True, simple="root/simple"
    )
    release = packages.releases("a")[0]
    with httpx.Client() as client:
        page = client.get(server.url + "A/")
        assert page.headers["content-type"] == "text/html"
        assert f'href="{server.root}/mirror/a/{release.filename}#sha256={release.built.sha256}"' in page.text
        tail = client.get(server.file_url(release), headers={"Range": "bytes=-10"})
        assert (tail.status_code, tail.content) == (206, release.built.data[-10:])
        assert client.get(server.file_url(release), headers={"Range": "bytes=2-3"}).content == release.built.data[2:4]


def test_asks_for_credentials(index: IndexFactory, packages: Registry) -> None:
    server = index(packages, credentials=("me", "secret"))
    with httpx.Client() as client:
        assert client.get(server.url + "a/").status_code == 401
        assert client.get(server.url + "a/", auth=("me", "secret")).status_code == 200


def test_faults_hit_as_often_as_told(index: IndexFactory, packages: Registry) -> None:
    server = index(packages)
    server.fail("/a/", 503, times=1, headers={"Retry-After": "0"})
    server.cut("/b/", times=1)
    with httpx.Client() as client:
        first = client.get(server.url + "a/")
        assert (first.status_code, first.headers["retry-after"]) == (503, "0")
        assert client.get(server.url + "a/").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(server.url + "b/")
        assert client.get(server.url + "b/").status_code == 200
        server.reset("/a/", times=1)
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(server.url + "a/")
    assert [request.status for request in server.requests] == [503, 200, 200, 200, 0]


def test_archives_are_the_same_bytes_each_time() -> None:
    assert make_wheel("a", "1", requires=["b"]) == make_wheel("a", "1", requires=["b"])
    assert make_sdist("a", "1", requires=["b"]) == make_sdist("a", "1", requires=["b"])
    assert make_wheel("a", "1") != make_wheel("a", "2")
