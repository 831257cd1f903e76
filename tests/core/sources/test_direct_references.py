"""Where the URL or path of a direct reference leads."""

from __future__ import annotations

import pytest

from interlock.core.sources.direct_references import (
    is_archive,
    is_fetchable,
    join_path,
    parse_url_source,
    without_credentials,
)
from interlock.core.sources.source import Directory, File, Git, Source, Url


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("git+https://a:b@h.io/r@v1#subdirectory=x", Git(url="https://h.io/r", reference="rev:v1", subdirectory="x")),
        ("git+ssh://git:pw@h.test/r", Git(url="ssh://git@h.test/r")),
        ("git+ssh://git@h.test", Git(url="ssh://git@h.test")),
        ("https://u:p@h.test/a-1.zip#sha256=ab&subdirectory=s", Url("https://h.test/a-1.zip", "s", "sha256=ab")),
        ("https://h.test/@scope/a-1.zip", Url("https://h.test/@scope/a-1.zip")),
        ("file:///srv/a-1.whl#md5=ab", File("/srv/a-1.whl", hashes="md5=ab")),
        ("file:vendor/a", Directory("pkg/vendor/a")),
        ("file://localhost/srv/a%20b", Directory("/srv/a b")),
        ("file://${PROJECT_ROOT}/a", Directory("pkg/a")),
        ("file:///${PROJECT_ROOT}/a", Directory("pkg/a")),
        ("../other", Directory("other")),
    ],
)  # fmt: skip
def test_a_url_means_one_source_without_credentials(url: str, source: Source) -> None:
    assert parse_url_source(url, "pkg") == source


def test_what_cannot_be_read_keeps_what_it_says() -> None:
    assert without_credentials("https://ann@[/") == "https://ann@[/"


@pytest.mark.parametrize(
    ("url", "can"),
    [("https://h.test/a", True), ("file:///a b", True), ("ftp://h.test/a", False), ("https://[/", False), ("", False)],
)
def test_files_are_got_from_the_web_and_from_disk(url: str, can: bool) -> None:
    assert is_fetchable(url) is can


def test_paths_are_posix_below_the_root() -> None:
    assert join_path("packages/a", "..\\b") == "packages/b"
    assert is_archive("X.TAR.GZ")
    assert not is_archive("x.tar.lz")
