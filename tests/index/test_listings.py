"""Listings over real HTTP: which index answers, what is cached, what stops everything."""

from __future__ import annotations

import anyio
import msgspec
import pytest

from interlock.core.artifacts.listing import Listing
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.sources.source import Index
from interlock.errors import IndexFailure
from interlock.index.auth import CredentialSources
from interlock.index.failures import BadPage, BadStatus, Unauthorized, UnknownIndex, Unreachable
from interlock.index.outcomes import Absent
from interlock.index.pages import read_page
from interlock.index.retry import RetryPolicy
from interlock.index.view import View
from tests.conftest import IndexFactory
from tests.index.conftest import NOW, Connect, Pauses
from tests.index_server import Fault
from tests.registry import registry

__all__: list[str] = []

A = normalize_name("a")


async def versions(client: View, name: NormalizedName = A, index: str | None = None) -> tuple[str, ...]:
    listing = await client.listing(name, index)
    assert isinstance(listing, Listing)
    return listing.versions


@pytest.mark.parametrize("html_only", [False, True])
async def test_json_and_html_say_the_same(index: IndexFactory, connect: Connect, html_only: bool) -> None:
    server = index(registry(a={"1.0": [], "1.1": []}), html_only=html_only)
    listing = await connect(server).listing(A)
    assert isinstance(listing, Listing)
    assert listing.versions == ("1.0", "1.1")
    assert listing.index == "main"
    artifact = listing.artifacts(0)[0]
    release = server.registry.releases("a")[0]
    assert artifact.sha256 == release.built.sha256
    assert artifact.location == server.file_path(release)
    assert artifact.metadata_hashes == f"sha256={release.built.metadata_sha256}"


async def test_a_page_is_asked_for_once_however_many_want_it(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), delay=0.05)
    client = connect(server)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(client.listing, A)
    assert server.paths("/a/") == ["/simple/a/"]
    assert client.stats().by_kind == {"page": 1}


async def test_a_cancelled_leader_leaves_the_work_to_another(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), delay=0.1)
    client = connect(server)
    found: list[object] = []
    leader = anyio.CancelScope()

    async def lead() -> None:
        with leader:
            await client.listing(A)

    async def follow() -> None:
        found.append(await client.listing(A))

    async with anyio.create_task_group() as group:
        group.start_soon(lead)
        await anyio.sleep(0.02)
        group.start_soon(follow)
        await anyio.sleep(0.02)
        leader.cancel()
    assert leader.cancelled_caught
    assert isinstance(found[0], Listing)
    assert len(server.requests) == 2


async def test_the_first_index_that_has_a_name_wins(index: IndexFactory, connect: Connect) -> None:
    private, public = index(registry(a={"1.0": []})), index(registry(a={"9.0": []}, b={"1.0": []}))
    client = connect(private, public)
    assert await versions(client) == ("1.0",)
    assert await versions(client, normalize_name("b")) == ("1.0",)
    assert public.paths("/a/") == []
    assert await client.listing(normalize_name("c")) == Absent(name=normalize_name("c"), indexes=("main", "second"))


async def test_the_default_index_is_asked_last(index: IndexFactory, connect: Connect) -> None:
    public, private = index(registry(a={"9.0": []})), index(registry(a={"1.0": []}))
    client = connect(Index(name="public", url=public.url, default=True), Index(name="private", url=private.url))
    assert await versions(client) == ("1.0",)


async def test_an_explicit_index_is_only_for_what_is_pinned_to_it(index: IndexFactory, connect: Connect) -> None:
    hidden, public = index(registry(a={"1.0": []})), index(registry(a={"9.0": []}))
    client = connect(Index(name="hidden", url=hidden.url, explicit=True), Index(name="public", url=public.url))
    assert await versions(client) == ("9.0",)
    assert await versions(client, A, "hidden") == ("1.0",)
    with pytest.raises(UnknownIndex, match="`other`") as raised:
        await client.listing(A, "other")
    assert "hidden, public" in str(raised.value.hint)


async def test_best_match_merges_and_the_first_index_wins_a_version(index: IndexFactory, connect: Connect) -> None:
    first, second = index(registry(a={"1.0": [], "3.0a1": []})), index(registry(a={"1.0": ["b"], "2.0": []}))
    listing = await connect(first, second, strategy="unsafe-best-match").listing(A)
    assert isinstance(listing, Listing)
    assert listing.versions == ("1.0", "2.0", "3.0a1")
    assert [listing.index_of(position) for position in range(3)] == ["main", "second", "main"]
    assert listing.prereleases == (2,)
    assert len(listing.first_upload) == 3


@pytest.mark.parametrize("trouble", ["status", "garbage", "cut", "reset", "forbidden"])
async def test_trouble_never_falls_through_to_another_index(
    index: IndexFactory, connect: Connect, trouble: str
) -> None:
    private, public = index(registry(a={"1.0": []})), index(registry(a={"9.0": []}))
    expected: type[IndexFailure] = Unreachable
    if trouble == "status":
        private.fail("/a/", 503)
        expected = BadStatus
    elif trouble == "garbage":
        private.garble("/a/")
        expected = BadPage
    elif trouble == "cut":
        private.cut("/a/")
    elif trouble == "reset":
        private.reset("/a/")
    else:
        private.fail("/a/", 403)
        expected = Unauthorized
    with pytest.raises(expected, match="`main`") as raised:
        await connect(private, public).listing(A)
    assert public.paths() == []
    assert "127.0.0.1" in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize("body", [b"", b"<html", b'{"meta": {"api-version": "1.0"}, "files": ['])
async def test_a_page_that_comes_short_is_fetched_once_more(index: IndexFactory, connect: Connect, body: bytes) -> None:
    server = index(registry(a={"1.0": []}))
    server.replace("/a/", body, times=1)
    listing = await connect(server).listing(A)
    assert isinstance(listing, Listing) and listing.versions == ("1.0",)
    assert len(server.paths("/a/")) == 2


async def test_nobody_listening_is_unreachable(connect: Connect) -> None:
    with pytest.raises(Unreachable, match="after 4 attempts"):
        await connect(Index(name="gone", url="http://127.0.0.1:9/simple/")).listing(A)


async def test_passing_trouble_is_waited_out(index: IndexFactory, connect: Connect, pauses: Pauses) -> None:
    server = index(registry(a={"1.0": []}))
    server.fail("/a/", 500, times=1)
    server.cut("/a/", times=1)
    server.reset("/a/", times=1)
    client = connect(server)
    assert await versions(client) == ("1.0",)
    assert pauses == [0.25, 0.5, 1.0]
    assert client.stats().retries == 3


async def test_retry_after_is_honoured(index: IndexFactory, connect: Connect, pauses: Pauses) -> None:
    server = index(registry(a={"1.0": []}))
    server.fail("/a/", 429, times=1, headers={"Retry-After": "7"})
    assert await versions(connect(server)) == ("1.0",)
    assert pauses == [7.0]


async def test_a_long_retry_after_is_an_error_at_once(index: IndexFactory, connect: Connect, pauses: Pauses) -> None:
    server = index(registry(a={"1.0": []}))
    server.fail("/a/", 503, headers={"Retry-After": "3600"})
    with pytest.raises(BadStatus, match="503"):
        await connect(server).listing(A)
    assert pauses == []


async def test_a_host_with_too_much_to_do_gets_less(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}))
    server.fail("/a/", 429, times=2)
    client = connect(server)
    await client.listing(A)
    assert 12 <= client._upstream.session.limit(server.url).capacity <= 13


async def test_credentials_by_name_and_in_the_url(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), credentials=("ann", "s@crét"))
    named = CredentialSources(named={"main": ("ann", "s@crét")})
    assert await versions(connect(server, credentials=named)) == ("1.0",)
    inside = Index(name="main", url=server.url_with_credentials("ann", "s@crét"))
    assert await versions(connect(inside, refresh=True)) == ("1.0",)
    with pytest.raises(Unauthorized, match="asks for credentials") as raised:
        await connect(server, refresh=True).listing(A)
    assert "INTERLOCK_INDEX_MAIN_USERNAME" in str(raised.value.hint)


async def test_wrong_credentials_are_told_apart_and_never_shown(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), credentials=("ann", "right"))
    with pytest.raises(Unauthorized, match="refused the credentials") as raised:
        await connect(Index(name="main", url=server.url_with_credentials("ann", "wrong"))).listing(A)
    assert "wrong" not in raised.value.message
    assert "wrong" not in str(raised.value.facts)


async def test_refusals_may_be_ignored(index: IndexFactory, connect: Connect) -> None:
    private, public = index(registry(a={"1.0": []})), index(registry(a={"9.0": []}))
    private.fail("/a/", 403)
    client = connect(Index(name="private", url=private.url, ignore_error_codes=(403,)), public)
    assert await versions(client) == ("9.0",)


async def test_a_fresh_page_is_not_asked_for_again(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), cache_control="max-age=600")
    await versions(connect(server))
    assert await versions(connect(server, now=NOW + 599)) == ("1.0",)
    assert len(server.requests) == 1
    assert await versions(connect(server, now=NOW + 600)) == ("1.0",)
    assert server.requests[-1].status == 304
    assert await versions(connect(server, now=NOW + 1100)) == ("1.0",)
    assert len(server.requests) == 2, "a 304 makes the page fresh again"
    await versions(connect(server, now=NOW - 5))
    assert len(server.requests) == 3, "a page from the future is not trusted"


async def test_refresh_asks_again(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}, b={"1.0": []}), cache_control="max-age=600")
    client = connect(server)
    await versions(client)
    await versions(client, normalize_name("b"))
    server.registry.wheel("a", "2.0")
    assert await versions(connect(server)) == ("1.0",)
    renewed = connect(server, refresh=frozenset({"a"}))
    assert await versions(renewed) == ("1.0", "2.0")
    await versions(renewed, normalize_name("b"))
    assert server.paths("/b/") == ["/simple/b/"]
    await versions(connect(server, refresh=True), normalize_name("b"))
    assert len(server.paths("/b/")) == 2


async def test_an_index_that_says_nothing_is_believed_for_ten_minutes(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), cache_control=None, etags=False)
    await versions(connect(server))
    server.registry.wheel("a", "1.1")
    assert await versions(connect(server, now=NOW + 599)) == ("1.0",)
    assert await versions(connect(server, now=NOW + 600)) == ("1.0", "1.1")
    assert [request.status for request in server.requests] == [200, 200]


async def test_an_unchanged_page_without_validators_is_known_by_its_bytes(
    index: IndexFactory, connect: Connect
) -> None:
    server = index(registry(a={"1.0": []}), cache_control="max-age=0", etags=False)
    await versions(connect(server))
    assert await versions(connect(server)) == ("1.0",)
    server.registry.wheel("a", "1.1")
    assert await versions(connect(server)) == ("1.0", "1.1")
    assert [request.status for request in server.requests] == [200, 200, 200]


async def test_what_must_not_be_stored_is_not(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), cache_control="no-store, max-age=600")
    await versions(connect(server))
    assert await connect(server, offline=True).listing(A) == Absent(name=A, reason="offline", indexes=("main",))


async def test_offline_uses_the_cache_and_no_socket(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}))
    await versions(connect(server))
    server.forget()
    client = connect(server, offline=True, now=NOW + 10**7)
    assert await versions(client) == ("1.0",)
    unknown = normalize_name("unknown")
    assert await client.listing(unknown) == Absent(name=unknown, reason="offline", indexes=("main",))
    assert server.requests == []
    assert client.stats().requests == 0


async def test_offline_an_uncached_first_index_hides_the_later_ones(index: IndexFactory, connect: Connect) -> None:
    private, public = index(registry(b={"1.0": []})), index(registry(a={"9.0": []}))
    await versions(connect(Index(name="second", url=public.url)))
    found = await connect(private, public, offline=True).listing(A)
    assert found == Absent(name=A, reason="offline", indexes=("main",))


async def test_absence_is_remembered_offline(index: IndexFactory, connect: Connect) -> None:
    private, public = index(registry(b={"1.0": []})), index(registry(a={"9.0": []}))
    await versions(connect(private, public))
    assert await versions(connect(private, public, offline=True)) == ("9.0",)


async def test_a_damaged_cache_is_no_cache(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), cache_control="max-age=600")
    client = connect(server)
    await versions(client)
    (path,) = [path for path in (client._layout.root / "pages-v5").rglob("a") if path.is_file()]
    path.write_bytes(path.read_bytes()[:20])
    assert await versions(connect(server)) == ("1.0",)
    assert len(server.requests) == 2


async def test_users_do_not_share_pages(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}), cache_control="max-age=600")
    for user in ("ann", "bob", "ann"):
        await versions(connect(server, credentials=CredentialSources(named={"main": (user, "x")})))
    assert len(server.requests) == 2


async def test_no_credentials_reach_another_host(index: IndexFactory, connect: Connect) -> None:
    other = index(registry(a={"2.0": []}))
    server = index(registry())
    server.fail("/a/", 302, headers={"Location": f"{other.url}a/"})
    client = connect(server, credentials=CredentialSources(named={"main": ("ann", "secret")}))
    assert await versions(client) == ("2.0",)
    assert "authorization" in server.requests[0].headers
    assert "authorization" not in other.requests[0].headers


async def test_a_redirect_chooses_no_credentials(index: IndexFactory, connect: Connect) -> None:
    other = index(registry(a={"2.0": []}))
    server = index(registry())
    server.fail("/a/", 302, headers={"Location": f"{other.url_with_credentials('eve', 'x')}a/"})
    assert await versions(connect(server)) == ("2.0",)
    assert "authorization" not in other.requests[0].headers


async def test_endless_redirects_end(index: IndexFactory, connect: Connect) -> None:
    server = index(registry())
    server.fail("/a/", 302, headers={"Location": "/simple/a/"})
    with pytest.raises(Unreachable, match="more than 10 redirects"):
        await connect(server).listing(A)
    server.faults.clear()
    server.fail("/a/", 302, headers={"Location": "file:///etc/passwd"})
    with pytest.raises(Unreachable, match="not safe to follow"):
        await connect(server).listing(A)


async def test_retries_are_bounded(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}))
    server.fail("/a/", 502)
    with pytest.raises(BadStatus, match="after 2 attempts"):
        await connect(server, retry=RetryPolicy(retries=1)).listing(A)
    assert len(server.requests) == 2


async def test_no_index_at_all(connect: Connect) -> None:
    assert await connect().listing(A) == Absent(name=A, reason="no-index")


@pytest.mark.parametrize(
    "link",
    ["file:///dev/zero", "file:/etc/a-2.0-py3-none-any.whl", "ftp://h/a-2.0-py3-none-any.whl", "http://[/x",
     "http://h:99999999/x", "http://a\u2100b/x", "http://%zz/x", "javascript:void(0)", "/f\0/x", "http://a b/x"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["html", "json"])
def test_a_page_of_the_network_links_to_the_network_only(link: str, form: str) -> None:
    bad, good = "a-2.0-py3-none-any.whl", "a-1.0-py3-none-any.whl"
    if form == "json":
        files = [{"filename": bad, "url": link, "hashes": {}}, {"filename": good, "url": f"/f/{good}", "hashes": {}}]
        body, kind = msgspec.json.encode({"meta": {"api-version": "1.0"}, "files": files}), "application/json"
    else:
        link = f"{link}/{bad}"
        body, kind = f'<html><a href="{link}">x</a><a href="/f/{good}">x</a>'.encode(), "text/html"
    page, notes = read_page(NormalizedName("a"), body, kind, "https://index.test/simple/a/", index="main")
    assert page.listing.versions == ("1.0",)
    assert page.skipped == 1
    assert len(notes) == 1


def test_a_page_of_this_machine_may_link_to_its_files() -> None:
    body = b'<html><a href="file:///srv/a-1.0-py3-none-any.whl">x</a>'
    page, _ = read_page(NormalizedName("a"), body, "text/html", "file:///srv/index.html", index="main")
    assert page.links == {"a-1.0-py3-none-any.whl": "file:///srv/a-1.0-py3-none-any.whl"}


@pytest.mark.parametrize("status", [206, 304])
async def test_a_part_of_a_page_or_an_unasked_not_modified_is_no_absence(
    index: IndexFactory, connect: Connect, status: int
) -> None:
    server = index(registry(a={"1.0": []}))
    server.faults.append(Fault(where="/simple/a/", kind="status", times=-1, status=status))
    with pytest.raises(BadStatus, match=str(status)):
        await connect(server).listing(NormalizedName("a"))


async def test_bytes_that_are_no_text_cost_the_file_they_stand_in(index: IndexFactory, connect: Connect) -> None:
    server = index(registry(a={"1.0": []}))
    body = b'{"meta":{"api-version":"1.0"},"name":"a","files":[{"filename":"a-1.0-py3-none-any.whl","url":"/x",'
    body += b'"hashes":{"sha256":"\xff\xfe"}},{"filename":"a-2.0-py3-none-any.whl","url":"/y","hashes":{}}]}'
    headers = {"content-type": "application/vnd.pypi.simple.v1+json"}
    server.faults.append(Fault(where="/simple/a/", kind="body", times=-1, status=200, headers=headers, body=body))
    listing = await connect(server).listing(NormalizedName("a"))
    assert isinstance(listing, Listing)
    for position in range(len(listing.versions)):
        assert len(listing.artifacts(position)) <= 1
        listing.yanked_because(position)
