"""Git URLs as people write them."""

from __future__ import annotations

from time import process_time

import pytest

from interlock.core.sources.git_url import GitUrl, InvalidGitUrl, canonical_git_url, parse_git_url, redact_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git+https://host.test/o/r.git", GitUrl(url="https://host.test/o/r.git")),
        ("git+https://host.test/o/r@v1", GitUrl(url="https://host.test/o/r", revision="v1")),
        ("git+https://u:p@host.test/o/r@feature/x", GitUrl(url="https://u:p@host.test/o/r", revision="feature/x")),
        ("git+ssh://git@host.test/o/r.git", GitUrl(url="ssh://git@host.test/o/r.git")),
        ("git+ssh://git@host.test:2222/o/r.git@v1", GitUrl(url="ssh://git@host.test:2222/o/r.git", revision="v1")),
        ("https://host.test/o/r.git@pkg@1.0", GitUrl(url="https://host.test/o/r.git", revision="pkg@1.0")),
        ("git@host.test:o/r.git", GitUrl(url="git@host.test:o/r.git")),
        ("git@host.test:o/r.git@main", GitUrl(url="git@host.test:o/r.git", revision="main")),
        ("git+file:///srv/r@abc", GitUrl(url="file:///srv/r", revision="abc")),
        ("/srv/r", GitUrl(url="/srv/r")),
        ("git+https://host.test/o/r@a%2Bb", GitUrl(url="https://host.test/o/r", revision="a+b")),
        (
            "git+https://host.test/o/r@v1#subdirectory=./a//b/&egg=Name[x]",
            GitUrl(url="https://host.test/o/r", revision="v1", subdirectory="a/b", egg="Name"),
        ),
    ],
)
def test_a_url_is_taken_apart(text: str, expected: GitUrl) -> None:
    assert parse_git_url(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "git+ftp://host.test/r",
        "ext::sh -c evil",
        "ext::evil",
        "--upload-pack=evil",
        "git+https://host.test/r@--upload-pack=x",
        "git+https://host.test/r#subdirectory=../x",
        "git+https://host.test/r#subdirectory=/x",
        "git+https://host.test/a b",
    ],
)
def test_what_is_no_url_or_dangerous_is_refused(text: str) -> None:
    with pytest.raises(InvalidGitUrl):
        parse_git_url(text)


def test_different_ways_to_write_one_repository() -> None:
    assert (
        len(
            {
                canonical_git_url(url)
                for url in ("git@H.test:o/r.git", "ssh://git@h.test/o/r/", "git+ssh://h.test:22/o/r")
            }
        )
        == 1
    )
    assert canonical_git_url("file:///srv/r.git/") == canonical_git_url("/srv/r")
    assert canonical_git_url("https://h.test/%6f/r") == "https://h.test/o/r"
    assert canonical_git_url("https://h.test:8443/o/r") != canonical_git_url("https://h.test/o/r")
    with pytest.raises(InvalidGitUrl):
        canonical_git_url("https://h.test:port/o/r")


def test_credentials_are_hidden_wherever_they_are() -> None:
    shown = redact_url("fatal: https://me:pw@h.test/x and https://token@h.test/y and ssh://git@h.test/z")
    assert shown == "fatal: https://****@h.test/x and https://****@h.test/y and ssh://git@h.test/z"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:p@ss:w@host/a", "https://****@host/a"),
        ("git+https://tok@en@host/a@v1", "git+https://****@host/a@v1"),
        ("https://host/a?x=b:c@d", "https://host/a?x=b:c@d"),
        ("ssh://git@host/a", "ssh://git@host/a"),
    ],
)
def test_what_stands_before_the_last_at_of_a_host_is_hidden(text: str, shown: str) -> None:
    assert redact_url(text) == shown


def test_a_secret_is_looked_for_in_proportion_to_the_text() -> None:
    start = process_time()
    redact_url("https://" + ":" * 500_000)
    assert process_time() - start < 1


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://H.test:443/o/r.git/", "https://h.test/o/r"),
        ("https://[2001:DB8::1]:8443/o/r", "https://[2001:db8::1]:8443/o/r"),
        ("https://ann:pw@h.test/o/r?x#y", "https://h.test/o/r"),
        ("file:///srv/a%20b.git", "/srv/a b"),
        ("C:/srv/r.git", "C:/srv/r"),
        ("../r.git", "../r"),
    ],
)
def test_a_repository_has_one_canonical_url(url: str, canonical: str) -> None:
    assert canonical_git_url(url) == canonical
    assert canonical_git_url(canonical) == canonical


@pytest.mark.parametrize("url", ["https://[/o/r", "https://h.test:99999/o/r", "https://[::1/o"])
def test_a_url_that_names_no_host_has_no_canonical_form(url: str) -> None:
    with pytest.raises(InvalidGitUrl):
        canonical_git_url(url)
