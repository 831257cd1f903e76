"""Pages into listings: both formats, and everything a page can say wrongly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from interlock.core.artifacts.artifact import Artifact
from interlock.core.names import normalize_name
from interlock.index.failures import BadPage, UnsupportedApi
from interlock.index.filenames import possible_names, version_in
from interlock.index.page_text import parse_page
from interlock.index.pages import Page, make_page

__all__: list[str] = []

URL = "https://index.test/simple/demo/"
JSON = "application/vnd.pypi.simple.v1+json"
SHA = "ab" * 32


def entry(filename: str, **more: Any) -> dict[str, Any]:
    return {"filename": filename, "url": f"https://files.test/p/{filename}", "hashes": {"sha256": SHA}, **more}


def page(*files: Any, meta: Any = None, **more: Any) -> Page:
    body = json.dumps({"meta": meta or {"api-version": "1.1"}, "name": "demo", "files": list(files), **more}).encode()
    return make_page(normalize_name("demo"), "main", URL, parse_page(body, JSON, URL))


def html(text: str, kind: str = "text/html") -> Page:
    return make_page(normalize_name("demo"), "main", URL, parse_page(text.encode(), kind, URL))


def only(made: Page) -> Artifact:
    assert len(made.listing.versions) == 1
    (artifact,) = made.listing.artifacts(0)
    return artifact


def test_versions_are_sorted_normalised_and_equal_ones_are_one() -> None:
    made = page(
        entry("demo-1.10-py3-none-any.whl"),
        entry("demo-1.9.0.tar.gz"),
        entry("demo-1.9-py3-none-any.whl"),
        entry("demo-2.0RC1.tar.gz"),
        entry("demo-1!0.1.zip"),
        entry("demo-2.0.dev3-py3-none-any.whl"),
    )
    assert made.listing.versions == ("1.9.0", "1.10", "2.0.dev3", "2.0rc1", "1!0.1")
    assert [artifact.filename for artifact in made.listing.artifacts(0)] == [
        "demo-1.9-py3-none-any.whl",
        "demo-1.9.0.tar.gz",
    ]
    assert made.listing.prereleases == (2, 3)


def test_everything_a_json_page_says_of_a_file_is_kept() -> None:
    made = page(
        entry(
            "demo-1.0-py3-none-any.whl",
            size=77,
            yanked="broken",
            **{
                "upload-time": "2024-02-03T04:05:06.789Z",
                "requires-python": ">=3.8,<4",
                "core-metadata": {"sha256": "CD" * 32},
                "dist-info-metadata": {"sha256": "00" * 32},
            },
        )
    )
    assert only(made) == Artifact(
        filename="demo-1.0-py3-none-any.whl",
        sha256=SHA,
        size=77,
        upload_time="2024-02-03T04:05:06.789Z",
        location="p/demo-1.0-py3-none-any.whl",
        requires_python=">=3.8,<4",
        yanked=True,
        metadata_hashes="sha256=" + "cd" * 32,
    )
    assert made.base == "https://files.test/"
    assert made.listing.yanked == (0,)


def test_a_version_with_one_file_left_is_not_yanked() -> None:
    made = page(entry("demo-1.0-py3-none-any.whl", yanked=True), entry("demo-1.0.tar.gz"))
    assert made.listing.yanked == ()
    assert [artifact.yanked for artifact in made.listing.artifacts(0)] == [True, False]


def test_the_first_upload_is_unknown_when_one_file_has_none() -> None:
    early, late = {"upload-time": "2024-01-01T00:00:00Z"}, {"upload-time": "2024-06-01T02:00:00+02:00"}
    made = page(
        entry("demo-1.0-py3-none-any.whl", **late),
        entry("demo-1.0.tar.gz", **early),
        entry("demo-2.0-py3-none-any.whl", **late),
        entry("demo-3.0-py3-none-any.whl", **early),
        entry("demo-3.0.tar.gz"),
    )
    assert made.listing.first_upload == ("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z", "")
    assert page(entry("demo-1.0.tar.gz")).listing.first_upload == ()


@pytest.mark.parametrize(
    ("core", "expected"),
    [
        ({"core-metadata": False, "dist-info-metadata": True}, ""),
        ({"core-metadata": True}, "true"),
        ({"dist-info-metadata": {"sha256": SHA}}, f"sha256={SHA}"),
        ({"core-metadata": {"md5": "0"}}, "md5=0"),
        ({"core-metadata": {"crc": "0"}}, "true"),
        ({}, ""),
    ],
)
def test_core_metadata_wins_over_its_old_name(core: dict[str, Any], expected: str) -> None:
    assert only(page(entry("demo-1.0-py3-none-any.whl", **core))).metadata_hashes == expected


def test_what_is_no_wheel_or_sdist_of_the_package_is_left_out() -> None:
    made = page(
        entry("demo-1.0-py3-none-any.whl"),
        entry("demo-1.0-py2.7.egg"),
        entry("demo-1.0.win32.exe"),
        entry("other-1.0-py3-none-any.whl"),
        entry("demo-1.0-extra-parts-py3-none-any-more.whl"),
        entry("demo-not.a.version!.tar.gz"),
        entry("demo-extra-1.0.tar.gz"),
        entry("../demo-1.0.tar.gz"),
    )
    assert made.listing.versions == ("1.0",)
    assert len(made.listing.artifacts(0)) == 1
    assert made.skipped == 5


def test_a_bad_file_costs_only_itself() -> None:
    made = page(
        entry("demo-1.0-py3-none-any.whl"),
        {"filename": "demo-2.0-py3-none-any.whl"},
        entry("demo-3.0-py3-none-any.whl", size="many"),
        "what?",
        entry("demo-4.0-py3-none-any.whl", hashes={"sha256": "xyz"}),
    )
    assert made.listing.versions == ("1.0", "4.0")
    assert made.listing.artifacts(1)[0].sha256 == ""
    assert made.skipped == 3


def test_relative_links_and_other_hosts() -> None:
    made = page(
        {"filename": "demo-1.0.tar.gz", "url": "../../files/demo-1.0.tar.gz#sha256=00", "hashes": {}},
        {"filename": "demo-2.0.tar.gz", "url": "/f/demo-2.0.tar.gz", "hashes": {}},
        {"filename": "demo-3.0.tar.gz", "url": "//cdn.test/demo-3.0.tar.gz", "hashes": {}},
        {"filename": "demo-4.0.tar.gz", "url": "demo-4.0.tar.gz", "hashes": {}},
        {"filename": "demo-5.0.tar.gz", "url": "https://ann:secret@cdn.test/demo-5.0.tar.gz?sig=1", "hashes": {}},
    )
    locations = [made.listing.artifacts(i)[0].location for i in range(5)]
    assert made.base == "https://index.test/"
    assert locations == ["files/demo-1.0.tar.gz", "f/demo-2.0.tar.gz", "", "simple/demo/demo-4.0.tar.gz", ""]
    assert made.links == {
        "demo-3.0.tar.gz": "https://cdn.test/demo-3.0.tar.gz",
        "demo-5.0.tar.gz": "https://cdn.test/demo-5.0.tar.gz?sig=1",
    }


def test_locations_stay_percent_encoded() -> None:
    name = "demo-1.0+cu118-cp311-cp311-linux_x86_64.whl"
    made = page({"filename": name, "url": "https://files.test/p/demo-1.0%2Bcu118-cp311-cp311-linux_x86_64.whl"})
    assert made.listing.versions == ("1.0+cu118",)
    assert only(made).location == "p/demo-1.0%2Bcu118-cp311-cp311-linux_x86_64.whl"


def test_a_newer_minor_api_is_fine_and_a_newer_major_is_not() -> None:
    assert page(entry("demo-1.0.tar.gz"), meta={"api-version": "1.99"}).listing.versions == ("1.0",)
    with pytest.raises(UnsupportedApi, match=r"version 2\.0"):
        page(entry("demo-1.0.tar.gz"), meta={"api-version": "2.0"})
    with pytest.raises(UnsupportedApi):
        html('<html><meta name="pypi:repository-version" content="2.0"><a href="demo-1.0.tar.gz">x</a></html>')


def test_the_project_status_is_kept() -> None:
    assert page(**{"project-status": {"status": "archived", "reason": "done"}}).listing.status == "archived"
    assert page(**{"project-status": {"status": "active"}}).listing.status == ""
    assert html('<html><meta name="pypi:project-status" content="quarantined"></html>').listing.status == "quarantined"


def test_html_attributes_are_unescaped() -> None:
    made = html(
        f"""<!DOCTYPE html><html><head><base href="https://files.test/root/"></head><body>
        <a href="demo-1.0-py3-none-any.whl#sha256={SHA}" data-requires-python="&gt;=3.8,&lt;4" data-yanked=""
           data-core-metadata="sha256={SHA}">demo-1.0-py3-none-any.whl</a>
        <a href="demo-2.0%2Blocal.tar.gz" data-dist-info-metadata="true">demo</a>
        <a href="https://elsewhere.test/">home</a> <a>nothing</a>
        """
    )
    assert made.listing.versions == ("1.0", "2.0+local")
    first, second = made.listing.artifacts(0)[0], made.listing.artifacts(1)[0]
    assert first.requires_python == ">=3.8,<4"
    assert first.yanked
    assert first.sha256 == SHA
    assert first.metadata_hashes == f"sha256={SHA}"
    assert first.location == "root/demo-1.0-py3-none-any.whl"
    assert not second.yanked
    assert second.metadata_hashes == "true"
    assert second.filename == "demo-2.0+local.tar.gz"


@pytest.mark.parametrize(
    ("body", "kind", "why"),
    [
        (b"\x00\xff{<garbage", JSON, "not JSON"),
        (b'{"files": 3}', JSON, "not a page of the simple API"),
        (b'["a"]', JSON, "not a page of the simple API"),
        (b"just text", "text/html", "not HTML"),
        (b"PK\x03\x04", "application/zip", "neither JSON nor HTML"),
        (b'{"files": [], "meta": {"api-version": "new"}}', JSON, "version of the API"),
    ],
)
def test_what_is_no_page_is_an_error(body: bytes, kind: str, why: str) -> None:
    with pytest.raises(BadPage, match=why):
        parse_page(body, kind, "https://ann:secret@index.test/simple/demo/", index="main")


def test_a_page_of_the_wrong_type_is_recognised_by_its_content() -> None:
    assert parse_page(b' {"files": []}', "application/octet-stream", URL).files == []
    assert parse_page(b"<html></html>", "", URL).files == []


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("Foo.Bar-1.0-py3-none-any.whl", "foo-bar", "1.0"),
        ("foo_bar-1.0_1-py3-none-any.whl", "foo-bar", "1.0-1"),
        ("foo_bar-1.0-2build-py3-none-any.whl", "foo-bar", "1.0"),
        ("foo-bar-1.0.tar.gz", "foo-bar", "1.0"),
        ("foo-bar-1.0-1.tar.gz", "foo-bar", "1.0-1"),
        ("foo--bar-1.0.zip", "foo-bar", "1.0"),
        ("foo-bar-1.0.tar.gz", "foo", "bar-1.0"),
        ("foo-1.0.tar.bz2", "foo", None),
        ("foobar-1.0.tar.gz", "foo", None),
        ("foo.tar.gz", "foo", None),
    ],
)
def test_versions_in_file_names(filename: str, name: str, version: str | None) -> None:
    assert version_in(filename, normalize_name(name)) == version


def test_a_file_is_found_under_every_name_it_may_have() -> None:
    assert possible_names("Foo_Bar-1.0-py3-none-any.whl") == ("foo-bar",)
    assert possible_names("foo-bar-1.0.tar.gz") == ("foo", "foo-bar")
    assert possible_names("foo-1.0.exe") == ()
