"""Decisions without a network: retries, freshness, limits, credentials, URLs, defaults."""

from __future__ import annotations

import base64
from pathlib import Path

import anyio
import pytest

from interlock.core.sources.logins import redact
from interlock.core.sources.source import Index
from interlock.index.auth import Authenticator, CredentialSources
from interlock.index.defaults import default_index_url
from interlock.index.limits import HostLimit
from interlock.index.netrc import read_netrc
from interlock.index.page_cache import validators_of
from interlock.index.retry import RetryPolicy, pause_before, retry_after
from interlock.index.urls import filename_of, is_same_host, origin
from interlock.store.entries import Entries
from interlock.store.layout import Bucket, Layout

__all__: list[str] = []

URL = "https://index.test/simple/"
FILE = "https://index.test/files/a.whl"


def test_pauses_grow_and_end() -> None:
    policy = RetryPolicy(retries=3, first_pause=1, longest_pause=3, patience=100)
    assert [pause_before(policy, attempt, 0, None) for attempt in (1, 2, 3, 4)] == [1, 2, 3, None]
    assert pause_before(policy, 1, 0, 60) == 60
    assert pause_before(policy, 2, 60, 60) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 99 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
    ],
)
def test_retry_after_in_seconds_or_by_the_servers_clock(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("headers", "max_age"),
    [
        ({"cache-control": "max-age=600, public"}, 600),
        ({"cache-control": "Max-Age=600", "age": "100"}, 500),
        ({"cache-control": "no-cache, max-age=600"}, 0),
        ({"cache-control": 'max-age="60"'}, 60),
        ({"cache-control": "max-age=soon"}, 0),
        ({"etag": '"1"'}, 0),
        ({"last-modified": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0),
        ({}, 600),
    ],
)
def test_freshness_is_what_the_index_says(headers: dict[str, str], max_age: int) -> None:
    validators = validators_of(headers, 1000.0)
    assert validators.max_age == max_age
    assert validators.is_fresh(1000.0) is (max_age > 0)
    assert not validators.is_fresh(1000.0 + max_age)


def test_absence_is_believed_for_a_short_time_only() -> None:
    assert validators_of({"cache-control": "max-age=86400"}, 0, absent=True).max_age == 600


def test_a_burst_of_trouble_halves_once_and_good_answers_restore() -> None:
    async def run() -> None:
        limit = HostLimit(8)
        async with limit.slot() as first, limit.slot() as second:
            limit.trouble(first.generation)
            limit.trouble(second.generation)
        assert limit.capacity == 4
        for _ in range(100):
            limit.success()
        assert limit.capacity == 8
        for _ in range(10):
            limit.trouble(limit.generation)
        assert limit.capacity == 1

    anyio.run(run)


def basic(text: str) -> str:

    return "Basic " + base64.b64encode(text.encode()).decode()


def test_where_credentials_come_from_and_go_to(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine index.test login nora password n\nmachine files.test login fred password f\n")
    named = CredentialSources(named={"main": ("ann", "a")}, netrc=str(netrc))
    plain, login = Index(name="main", url=URL), Index(name="main", url="https://uma:u%40@index.test/simple/")
    assert Authenticator(named).header(login, FILE) == basic("uma:u@"), "the URL's own first"
    assert Authenticator(named).header(plain, FILE) == basic("ann:a"), "then by the index's name"
    assert Authenticator(CredentialSources(netrc=str(netrc))).header(plain, FILE) == basic("nora:n"), "then netrc"
    assert Authenticator(named).header(plain, "https://files.test/a") == basic("fred:f"), "another host: its own"
    assert Authenticator(named).header(plain, "https://other.test/a") is None
    assert Authenticator(named).header(plain, "http://index.test/files/a.whl") == basic("nora:n")
    never = Index(name="main", url=URL, authenticate="never")
    assert Authenticator(named).header(never, FILE) is None
    user = Index(name="main", url="https://ann@index.test/simple/")
    assert Authenticator(named).header(user, FILE) == basic("ann:a"), "the URL's user with the password by name"
    assert "a" not in repr(named).replace("CredentialSources for", "").replace("main", "")


def test_a_damaged_netrc_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("what is this\n")
    for path in ("netrc", "absent"):
        auth = Authenticator(CredentialSources(netrc=str(tmp_path / path)))
        assert auth.header(Index(name="main", url=URL), FILE) is None


def test_a_user_without_a_password_gets_it_from_netrc(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine index.test login ann password a\nmachine index.test login bob password b\n")
    auth = Authenticator(CredentialSources(netrc=str(netrc), named={"named": ("bob", "")}))
    for user, sent in (("ann@", "ann:a"), ("bob@", "bob:b"), ("eve@", "eve:"), ("ann:x@", "ann:x"), ("", "bob:b")):
        url = f"https://{user}index.test/simple/"
        assert auth.header(Index(name=f"main{user}", url=url), FILE) == basic(sent)
        assert auth.header(None, url) == basic(sent), "as for a URL that a manifest names"
    assert auth.header(Index(name="named", url=URL), FILE) == basic("bob:b"), "a user from elsewhere"


async def test_the_default_of_netrc_goes_to_an_index_that_asks_and_nowhere_else(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine other.test login o password p\ndefault login ann password a\n")
    auth = Authenticator(CredentialSources(netrc=str(netrc)))
    index, user = Index(name="main", url=URL), Index(name="eve", url="https://eve@index.test/simple/")
    assert auth.header(index, FILE) is None, "a public index is told nothing"
    assert not await auth.ask_further(index, "https://files.test/a"), "a page may not choose who gets it"
    assert not await auth.ask_further(None, FILE)
    assert not await auth.ask_further(user, FILE)
    assert await auth.ask_further(index, FILE)
    assert auth.header(index, FILE) == basic("ann:a")
    assert auth.header(index, "https://files.test/a") is None
    always = Index(name="always", url=URL, authenticate="always")
    assert auth.header(always, FILE) == basic("ann:a")
    keyring = Authenticator(CredentialSources(netrc=str(netrc), keyring=lambda *_: ("kay", "k")))
    assert await keyring.ask_further(index, FILE)
    assert keyring.header(index, FILE) == basic("kay:k"), "what is said of the host by name comes first"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("machine index.test login a password b", ("a", "b")),
        ("\ufeffmachine INDEX.test\r\n\tlogin a\r\n\tpassword b\r\n", ("a", "b")),
        ("# machine x login y\nmachine index.test # why\n login a password b", ("a", "b")),
        ("machine index.test login a password #b", ("a", "#b")),
        (r'machine index.test login "us er\"x" password p\ q\\', ('us er"x', "p q\\")),
        ('machine index.test login "" password b', ("", "b")),
        ("machine index.test password b", ("", "b")),
        ("machine index.test login a password b extra words", ("a", "b")),
        ("macdef init\nmachine index.test login no password no\n\nmachine index.test login a password b", ("a", "b")),
        ("machine index.test login a password b macdef init\nx", ("a", "b")),
        ("machine index.test:443 login c password d", None),
        ("machine index.test:8080 login c password d machine index.test login a password b", ("c", "d")),
        ("default login a password b", None),
        ("machine", None),
        ("machine index.test login", ("", "")),
        ('machine index.test login "a', ("a", "")),
        ("what is this", None),
        ("", None),
    ],
)
def test_netrc_files_are_read_as_other_programs_do(tmp_path: Path, text: str, found: tuple[str, str] | None) -> None:
    (tmp_path / "netrc").write_bytes(text.encode())
    assert read_netrc(str(tmp_path / "netrc")).find("http://ann@index.test:8080/simple/") == found


def test_a_netrc_in_any_encoding_is_read(tmp_path: Path) -> None:
    for encoding in ("latin-1", "utf-8", "utf-16"):
        (tmp_path / "netrc").write_text("machine index.test login é password b", encoding)
        assert read_netrc(str(tmp_path / "netrc")).find(URL) == ("é", "b")
    assert read_netrc(str(tmp_path)).find(URL) is None


async def test_a_keyring_is_asked_once_and_only_when_needed() -> None:
    asked: list[tuple[str, str]] = []

    def keyring(url: str, user: str) -> tuple[str, str]:
        asked.append((url, user))
        return ("kay", "k")

    auth = Authenticator(CredentialSources(keyring=keyring))
    index = Index(name="main", url="https://kay@index.test/simple/")
    assert not await auth.ask_further(index, "https://other.test/a")
    assert await auth.ask_further(index, FILE)
    assert await auth.ask_further(index, FILE), "a request that was refused meanwhile is worth another try"
    assert asked == [(URL, "kay")]
    assert auth.header(index, FILE) == basic("kay:k")
    known = Authenticator(CredentialSources(keyring=keyring, named={"main": ("ann", "a")}))
    assert not await known.ask_further(Index(name="main", url=URL), FILE)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("known", "url", "same"),
    [
        (URL, "https://index.test/else", True),
        (URL, "https://index.test:443/else", True),
        (URL, "https://index.test:8443/else", False),
        (URL, "http://index.test/else", False),
        ("http://index.test/simple/", "https://index.test/else", True),
        ("http://index.test:8080/simple/", "https://index.test/else", False),
        (URL, "https://index.test.evil.test/", False),
        (URL, "https://INDEX.test/", True),
        (URL, "https://index.test@evil.test/", False),
    ],
)
def test_whose_credentials_may_go_where(known: str, url: str, same: bool) -> None:
    assert is_same_host(known, url) is same


def test_urls_are_shown_without_secrets() -> None:
    assert redact("https://ann:pw@index.test/a.whl?token=x#sha256=0") == "https://index.test/a.whl"
    assert redact("https://ann:p@w@index.test/a") == "https://index.test/a"
    assert origin("HTTPS://ann@Index.Test:8443?x") == "https://index.test:8443/"
    assert origin("file:///srv/a") == ""
    assert filename_of("/files/a-1.0%2Bx.tar.gz?sig=/b") == "a-1.0+x.tar.gz"


def test_the_default_index_is_a_simple_api() -> None:
    url = default_index_url()
    assert url.startswith("https://")
    assert url.endswith("/simple/")
    assert url.count("//") == 1


def test_damaged_entries_are_absent(tmp_path: Path) -> None:
    entries = Entries(Layout(tmp_path), Bucket.METADATA, dict[str, int])
    assert entries.load("abcd") is None
    entries.save("abcd", {"a": 1})
    assert entries.path("abcd") == tmp_path / "metadata-v1" / "ab" / "abcd"
    assert entries.load("abcd") == {"a": 1}
    entries.path("abcd").write_bytes(b"\xc1")
    assert entries.load("abcd") is None
    entries.save("x", {"b": 2}, "folder")
    assert (tmp_path / "metadata-v1" / "folder" / "x").exists()
    assert entries.load("x", "folder") == {"b": 2}
