"""A page read fast says what the same page says when every file of it is looked at."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from interlock.core.names import normalize_name
from interlock.index.fast_page import read_fast_page
from interlock.index.page_text import parse_page
from interlock.index.pages import Page, make_page, page_of, read_page

URL = "https://index.test/simple/my-demo/"
KIND = "application/vnd.pypi.simple.v1+json"
NAME = normalize_name("my-demo")

_VERSIONS = [
    "1.0",
    "1.0.0",
    "1.10",
    "1.9",
    "2.0rc1",
    "2.0.dev3",
    "1!0.1",
    "1.0.post1",
    "1.0_1",
    "1.0+cpu",
    "01.2",
    "nightly",
]
_STEMS = ["my_demo", "my-demo", "My.Demo", "MY_DEMO"]
_STARTS = ["https://files.test/", "../../files/", "/"]


@st.composite
def _files(draw: st.DrawFn) -> list[dict[str, Any]]:
    start = draw(st.sampled_from(_STARTS))
    files = []
    for _ in range(draw(st.integers(1, 8))):
        stem, version = draw(st.sampled_from(_STEMS)), draw(st.sampled_from(_VERSIONS))
        ending = draw(
            st.sampled_from(
                ["-py3-none-any.whl", "-2-cp312-cp312-linux_x86_64.whl", ".tar.gz", ".zip", ".win32.exe", "-py2.7.egg"]
            )
        )
        filename = stem.replace("-", "_" if ending.endswith(".whl") else "-") + "-" + version + ending
        if draw(st.integers(0, 30)) == 0:
            filename = draw(st.sampled_from(["other-1.0.tar.gz", "my_demo-x-py3-none-any.whl", "a/../my_demo-1.0.zip"]))
        file: dict[str, Any] = {
            "filename": filename,
            "url": (draw(st.sampled_from(_STARTS)) if draw(st.integers(0, 30)) == 0 else start) + f"ab/cd/{filename}",
            "hashes": draw(st.sampled_from([{"sha256": "ab" * 32}, {"sha256": "AB" * 32}, {"md5": "00"}, {}])),
        }
        optional = {
            "requires-python": st.sampled_from([">=3.8", ">=3.11,<4", None]),
            "size": st.sampled_from([1, 10**6, None]),
            "upload-time": st.sampled_from(
                ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.678901Z", "2023-01-02T03:04:05.6Z"]
                if draw(st.integers(0, 9))
                else ["2024-01-02T05:04:05+02:00", "soon"]
            ),
            "yanked": st.sampled_from([True, False, "broken"]),
            "core-metadata": st.sampled_from([True, False, {"sha256": "cd" * 32}]),
            "data-dist-info-metadata": st.sampled_from([True, {"sha256": "cd" * 32}]),
        }
        for key, values in optional.items():
            if draw(st.booleans()):
                file[key] = draw(values)
        files.append(file)
    return files


def _described(page: Page) -> dict[str, Any]:
    listing = page.listing
    return {
        "versions": listing.versions,
        "files": [listing.artifacts(at) for at in range(len(listing.versions))],
        "prereleases": listing.prereleases,
        "yanked": listing.yanked,
        "first_upload": listing.first_upload,
        "status": listing.status,
        "base": page.base,
        "links": page.links,
        "skipped": page.skipped,
    }


@given(_files(), st.sampled_from([None, "active", "archived"]), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_a_fast_page_says_the_same(
    files: list[dict[str, Any]], status: str | None, separators: tuple[str, str]
) -> None:
    document = {"meta": {"api-version": "1.1"}, "name": "my-demo", "files": files}
    if status:
        document["project-status"] = {"status": status}
    body = json.dumps(document, separators=separators).encode()
    found = read_fast_page(NAME, URL, body)
    event("fast" if found else "a closer look")
    if found is not None:
        looked_at = make_page(NAME, "main", URL, parse_page(body, KIND, URL))
        assert _described(page_of(found, NAME, "main", body)[0]) == _described(looked_at)


def test_a_file_with_a_bad_entry_costs_that_file() -> None:
    good = {"filename": "my_demo-1.0.tar.gz", "url": "/a/my_demo-1.0.tar.gz", "hashes": {"sha256": "ab" * 32}}
    bad = {"filename": "my_demo-1.0-py3-none-any.whl", "url": "/a/my_demo-1.0-py3-none-any.whl", "size": "much"}
    body = json.dumps({"meta": {"api-version": "1.0"}, "files": [good, bad]}).encode()
    page, _ = read_page(NAME, body, KIND, URL, index="main")
    assert [artifact.filename for artifact in page.listing.artifacts(0)] == ["my_demo-1.0.tar.gz"]
