"""Pages as clients get them: what an index says of its packages, handed on whole."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from interlock.index.html_page import parse_html
from interlock.service.proxy.negotiation import HTML, JSON, TEXT, choose_kind
from interlock.service.proxy.options import ProxiedIndex, ProxyOptions
from tests.conftest import IndexFactory
from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.service.proxy.served import Served, one_index, origin
from tests.wheels import make_sdist, make_wheel

Serve = Callable[..., Served]


def shop() -> Registry:
    """Of every kind something."""
    packages = registry(a={"1.0": [], "2.0": ["b"]})
    packages.publish(make_wheel("a", "3.0", requires_python=">=3.9"), yanked="broken")
    packages.publish(make_wheel("a", "3.1"), yanked=True, metadata=False, upload_time="2025-06-01T12:00:00.5Z")
    packages.publish(make_sdist("a", "3.0"), hashes={"md5": "0" * 32})
    packages.publish(make_sdist("a", "4.0"), upload_time=None)
    packages.statuses["a"] = "deprecated"
    return packages


def told_of(server: IndexServer, name: str) -> dict[str, dict[str, Any]]:
    files = httpx.get(f"{server.url}{name}/", headers={"accept": JSON}).json()["files"]
    return {file["filename"]: file for file in files}


def test_a_json_page_says_what_the_index_says(index: IndexFactory, serve: Serve) -> None:
    server = index(shop())
    served = serve(server)
    answer = served.page("a")
    page = answer.json()
    assert answer.headers["content-type"] == JSON
    assert (page["name"], page["meta"]) == ("a", {"api-version": "1.4"})
    assert page["versions"] == ["1.0", "2.0", "3.0", "3.1", "4.0"]
    assert page["project-status"] == {"status": "deprecated"}
    told = told_of(server, "a")
    assert {file["filename"] for file in page["files"]} == set(told)
    for file in page["files"]:
        expected = {**told[file["filename"]], "url": file["url"]}
        if file["filename"].endswith(".whl"):
            expected.setdefault("core-metadata", True)
        assert file == expected
        assert file["url"].startswith("../../../files/main/a/")


def test_an_html_page_says_the_same(index: IndexFactory, serve: Serve) -> None:
    server = index(shop())
    served = serve(server)
    answer = served.page("a", accept="text/html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = parse_html(answer.content)
    assert page is not None
    assert (page.status, page.api_version) == ("deprecated", "1.4")
    json = {file["filename"]: file for file in served.page("a").json()["files"]}
    assert {file.filename for file in page.files} == set(json)
    for file in page.files:
        told = json[file.filename]
        link, _, fragment = file.url.partition("#")
        assert link == told["url"]
        assert fragment == next((f"{name}={digest}" for name, digest in told["hashes"].items()), "")
        assert file.requires_python == told.get("requires-python")
        assert file.yanked == told["yanked"]
        assert file.core_metadata == told.get("core-metadata")


def test_a_page_of_html_alone_is_handed_on_as_json(index: IndexFactory, serve: Serve) -> None:
    page = serve(index(shop(), html_only=True)).page("a").json()
    assert page["meta"] == {"api-version": "1.0"}, "HTML tells no sizes, which PEP 700 wants of every file"
    assert page["versions"] == ["1.0", "2.0", "3.0", "3.1", "4.0"]
    assert page["project-status"] == {"status": "deprecated"} if "project-status" in page else True
    by_name = {file["filename"]: file for file in page["files"]}
    assert by_name["a-3.0-py3-none-any.whl"]["yanked"] == "broken"
    assert by_name["a-3.0-py3-none-any.whl"]["requires-python"] == ">=3.9"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        (f"{JSON}, {HTML}; q=0.1, text/html; q=0.01", JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (f"{HTML}, */*;q=0.1", HTML),
        ("text/html, application/vnd.pypi.simple.v1+json;q=0.5", TEXT),
        (f"{JSON};q=0, text/html", TEXT),
        (f"{JSON};q=nonsense, text/html;q=0.1", TEXT),
        ("image/png", None),
        (f"{JSON};q=0", None),
        ("image/png," * 1000 + JSON, None),
    ],
)
def test_the_format_is_the_one_that_is_liked_best(accept: str, kind: str | None) -> None:
    assert choose_kind(accept) == kind


def test_who_takes_neither_format_is_told_so(index: IndexFactory, serve: Serve) -> None:
    served = serve(index(registry(a={"1.0": []})))
    answer = served.page("a", accept="image/png")
    assert (answer.status_code, answer.json()["error"]["code"]) == (406, "format-refused")
    assert served.get(f"/simple/main/a/?format={JSON.replace('+', '%2B')}", accept="image/png").status_code == 200


def test_what_has_not_changed_is_not_sent_again(index: IndexFactory, serve: Serve) -> None:
    packages = registry(a={"1.0": []})
    served = serve(index(packages))
    first = served.page("a")
    again = served.page("a", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    packages.publish(make_wheel("a", "2.0"))
    served.clock.now += 60
    changed = served.page("a", if_none_match=first.headers["etag"])
    assert changed.status_code == 200
    assert changed.json()["versions"] == ["1.0", "2.0"]


def test_each_form_of_a_page_has_a_tag_of_its_own(index: IndexFactory, serve: Serve) -> None:
    served = serve(index(registry(a={f"{number}.0": [] for number in range(50)})))
    plain = served.page("a", accept_encoding="identity")
    packed = served.page("a", accept_encoding="gzip")
    html = served.page("a", accept="text/html", accept_encoding="identity")
    assert len({plain.headers["etag"], packed.headers["etag"], html.headers["etag"]}) == 3
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert packed.json() == plain.json()
    assert {"Accept", "Accept-Encoding"} <= {part.strip() for part in plain.headers["vary"].split(",")}


def test_a_page_is_good_as_long_as_its_index_says(index: IndexFactory, serve: Serve) -> None:
    server = index(registry(a={"1.0": []}), cache_control="max-age=600")
    served = serve(server)
    assert served.page("a").headers["cache-control"] == "private, max-age=600"
    served.clock.now += 200
    assert served.page("a").headers["cache-control"] == "private, max-age=400"
    assert len(server.requests) == 1
    served.clock.now += 400
    assert served.page("a").status_code == 200
    assert [request.status for request in server.requests] == [200, 304]


def test_who_asks_past_caches_sees_what_is_new_and_does_not_bother_the_index_for_it(
    index: IndexFactory, serve: Serve
) -> None:
    """uv and pip say so differently: ``--refresh`` is no-cache, while pip says max-age=0 of every page."""
    packages = registry(a={"1.0": []})
    server = index(packages, cache_control="max-age=600")
    served = serve(server)
    served.page("a")
    packages.publish(make_wheel("a", "2.0"))
    assert served.page("a", cache_control="no-cache").json()["versions"] == ["1.0"], "it was asked for just now"
    served.clock.now += 60
    assert served.page("a", cache_control="max-age=0").json()["versions"] == ["1.0"]
    assert served.page("a", cache_control="no-cache").json()["versions"] == ["1.0", "2.0"]
    assert served.page("a", cache_control="no-cache").json()["versions"] == ["1.0", "2.0"]
    assert len(server.requests) == 2
    served.clock.now += 60
    server.fail("/a/", 503)
    assert served.page("a", cache_control="no-cache").headers["warning"].startswith("110")


def test_other_spellings_lead_to_the_name(index: IndexFactory, serve: Serve) -> None:
    served = serve(index(registry({"a-b": {"1.0": []}})))
    for path in ("/simple/main/A_b", "/simple/main/a-b", "/simple/main/A.B/"):
        answer = httpx.get(served.root + path, headers={"accept": JSON}, follow_redirects=True)
        assert answer.status_code == 200
        assert str(answer.url) == f"{served.root}/simple/main/a-b/"
    assert httpx.get(f"{served.root}/simple/main", follow_redirects=True).status_code == 200


def test_what_is_not_there_is_not_found(index: IndexFactory, serve: Serve) -> None:
    served = serve(index(registry(a={"1.0": []})))
    for path in ("/simple/main/b/", "/simple/other/a/", "/simple/main/-/", "/simple/other/"):
        answer = served.get(path)
        assert (path, answer.status_code) == (path, 404)
        assert answer.json()["error"]["code"] == "not-on-index"


@pytest.mark.parametrize(
    "path",
    [
        f"/simple/main/{'a' * 5000}/",
        f"/simple/main/{'a' * 201}/",
        f"/files/main/a/-/{'a' * 5000}.whl",
        f"/files/main/a/-/a-1.0{'0' * 250}.tar.gz",
        "/files/main/a/-/..",
        "/files/main/a/-/%2e%2e",
        "/files/main/a/-/a%00-1.0.tar.gz",
        "/files/main/a/-/a%5c..%5cb.tar.gz",
        "/files/main/a/-/.metadata",
        "/files/main/a/-/.whl.metadata",
        "/simple/main/%ff%fe/",
        "/simple/%00/b/",
        f"/simple/main@{'1' * 5000}/a/",
    ],
)
def test_what_can_be_no_name_is_answered_like_what_is_not_there(
    index: IndexFactory, serve: Serve, tmp_path: Path, path: str
) -> None:
    mixed = ProxiedIndex(
        name="main", origins=(origin(index(registry(a={"1.0": []}))),), takes_uploads=True, own_names=("a*",)
    )
    served = serve(options=ProxyOptions(indexes=(mixed,), own_packages=tmp_path / "own"))
    with socket.create_connection(("127.0.0.1", int(served.root.rpartition(":")[2])), 10) as sent:
        sent.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        answer = b"".join(iter(lambda: sent.recv(65536), b""))
    assert int(answer.split(b" ", 2)[1]) in {400, 404}


def test_head_says_what_get_would(index: IndexFactory, serve: Serve) -> None:
    served = serve(index(registry(a={"1.0": []})))
    got = served.page("a")
    head = httpx.head(f"{served.simple()}a/", headers={"accept": JSON})
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "cache-control"):
        assert head.headers[name] == got.headers[name]


def test_the_first_page_names_all_projects(index: IndexFactory, serve: Serve) -> None:
    server = index(registry({"a": {"1.0": []}, "b.c": {"1.0": []}}))
    served = serve(server)
    assert served.get("/simple/main/").json()["projects"] == [{"name": "a"}, {"name": "b-c"}]
    html = served.get("/simple/main/", accept="text/html").text
    assert '<a href="a/">a</a>' in html
    assert '<a href="b-c/">b-c</a>' in html
    assert server.paths() == ["/simple/"]


def test_the_first_page_of_html_alone_names_them_too(index: IndexFactory, serve: Serve) -> None:
    served = serve(index(registry({"a": {"1.0": []}, "b.c": {"1.0": []}}), html_only=True))
    assert served.get("/simple/main/").json()["projects"] == [{"name": "a"}, {"name": "b-c"}]


def test_a_day_shows_what_was_uploaded_by_then(index: IndexFactory, serve: Serve) -> None:
    packages = registry()
    packages.publish(make_wheel("a", "1.0"), upload_time="2025-01-01T08:00:00Z")
    packages.publish(make_wheel("a", "2.0"), upload_time="2025-01-01T23:59:59.999999Z", yanked="taken back later")
    packages.publish(make_wheel("a", "3.0"), upload_time="2025-01-02T00:00:00Z")
    packages.publish(make_wheel("a", "4.0"), upload_time=None)
    served = serve(index(packages))
    seen = {
        date: [
            (file["filename"].split("-")[1], file["yanked"])
            for file in served.page("a", f"main@{date}").json()["files"]
        ]
        for date in ("2024-12-31", "2025-01-01", "2025-01-01T12:00:00Z", "2025-01-02", "2099-01-01")
    }
    one, two, three = ("1.0", False), ("2.0", "taken back later"), ("3.0", False)
    assert seen == {
        "2024-12-31": [],
        "2025-01-01": [one, two],
        "2025-01-01T12:00:00Z": [one],
        "2025-01-02": [one, two, three],
        "2099-01-01": [one, two, three],
    }
    assert served.page("a", "main@2025-01-01").json()["versions"] == ["1.0", "2.0"]
    file = served.page("a", "main@2025-01-01").json()["files"][0]["url"]
    assert served.get(file.removeprefix("../../..")).status_code == 200


@pytest.mark.parametrize("date", ["7 days", "P7D", "yesterday", "2025-13-01", "", "2025-01-01T12:00:00"])
def test_a_day_is_a_day_and_no_span(index: IndexFactory, serve: Serve, date: str) -> None:
    """A span would be counted from the server's clock, and mean something else tomorrow."""
    answer = serve(index(registry(a={"1.0": []}))).page("a", f"main@{date}")
    assert answer.status_code == 400
    assert answer.json()["error"]["hint"]


def test_the_first_origin_that_has_a_package_answers_for_all_of_it(index: IndexFactory, serve: Serve) -> None:
    first, second = index(registry(a={"1.0": []})), index(registry(a={"2.0": []}, b={"1.0": []}))
    served = serve(first, second)
    assert served.page("a").json()["versions"] == ["1.0"]
    assert served.page("b").json()["versions"] == ["1.0"]
    assert second.paths() == ["/simple/b/"]
    assert served.get("/simple/main/").json()["projects"] == [{"name": "a"}, {"name": "b"}]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_an_origin_that_fails_keeps_the_next_one_unasked(index: IndexFactory, serve: Serve, status: int) -> None:
    first, second = index(registry()), index(registry(a={"2.0": []}))
    first.fail("/a/", status)
    answer = serve(first, second).page("a")
    assert answer.status_code in {502, 503}
    assert second.paths() == []


def test_credentials_go_to_the_origin_and_no_further(index: IndexFactory, serve: Serve) -> None:
    server = index(registry(a={"1.0": []}), credentials=("ann", "s3cret"))
    place = origin(server, name="corp")
    options = ProxyOptions(
        indexes=(ProxiedIndex(name="main", origins=(place,)),), credentials={"corp": ("ann", "s3cret")}
    )
    served = serve(options=options)
    answer = served.page("a")
    assert answer.json()["versions"] == ["1.0"]
    assert httpx.get(served.root + served.file("a")).status_code == 200
    assert "s3cret" not in answer.text + str(answer.headers)
    refused = served.get("/simple/main/a/", authorization="Basic bm9ib2R5Om5vdGhpbmc=")
    assert refused.status_code == 200, "what a client sends is not for the origin"
    assert {request.headers["authorization"] for request in server.requests} == {"Basic YW5uOnMzY3JldA=="}


def test_two_indexes_of_one_service_are_two(index: IndexFactory, serve: Serve) -> None:
    first, second = index(registry(a={"1.0": []})), index(registry(a={"2.0": []}))
    options = ProxyOptions(indexes=(one_index(first, name="one"), one_index(second, name="two")))
    served = serve(options=options)
    assert served.page("a", "one").json()["versions"] == ["1.0"]
    assert served.page("a", "two").json()["versions"] == ["2.0"]
    assert served.get(served.file("a", index="one").replace("/one/", "/two/")).status_code == 404
