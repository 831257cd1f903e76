"""Requests go where the configuration leads and nowhere else, whatever pages and redirects say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from interlock.index.fetcher import FetchFailed, FetchOptions
from interlock.service.guarded_fetcher import GuardedFetcher, is_everybodys
from interlock.service.proxy.options import ProxyOptions
from tests.conftest import IndexFactory
from tests.registry import registry
from tests.service.proxy.served import Served, one_index

Serve = Callable[..., Served]

ELSEWHERE = [
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    "https://127.0.0.1:1/",
    "http://127.0.0.1:1/",
    "https://localhost:1/",
    "https://10.0.0.1/",
    "https://[::1]:1/",
    "https://[::ffff:127.0.0.1]:1/",
    "https://[64:ff9b::7f00:1]/",
    "https://0.0.0.0/",
    "https://2130706433/",
    "https://0x7f000001/",
    "http://index.test/",
]


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_what_is_not_everybodys_is_not_asked(url: str) -> None:
    fetcher = GuardedFetcher(FetchOptions(connect_timeout=1), ["https://index.test/simple/"])
    try:
        with pytest.raises(FetchFailed) as refused:
            await fetcher.get(url, {})
    finally:
        await fetcher.close()
    assert refused.value.kind == "request"
    assert "configuration" in refused.value.reason


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("::ffff:1.1.1.1", True),
        ("64:ff9b::101:101", True),
        ("203.0.113.80", True),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("ff02::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("nonsense", False),
    ],
)
def test_which_addresses_are_everybodys(address: str, public: bool) -> None:
    assert is_everybodys(address) is public


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["page", "file", "metadata"])
def test_a_redirect_to_this_machine_is_not_followed(
    index: IndexFactory, serve: Serve, status: int, target: str
) -> None:
    inside = index(registry(a={"1.0": []}))
    server = index(registry(a={"1.0": []}))
    served = serve(server)
    path = served.file("a")
    where = {"page": "/b/", "file": ".whl", "metadata": ".whl"}[target]
    server.fail(where, status, headers={"Location": f"{inside.url}a/"})
    answer = {
        "page": lambda: served.page("b"),
        "file": lambda: served.get(path),
        "metadata": lambda: served.get(path + ".metadata"),
    }[target]()
    assert answer.status_code == 502
    assert "configuration" in answer.json()["error"]["message"]
    assert inside.requests == []


def test_a_declared_host_may_be_private(index: IndexFactory, serve: Serve) -> None:
    files = index(registry(a={"1.0": []}))
    pages = index(registry())
    release = files.registry.releases("a")[0]
    url = f"{files.root}/{files.file_path(release)}"
    pages.registry.raw["a"] = [{"filename": release.filename, "url": url, "hashes": release.told_hashes}]
    served = serve(options=ProxyOptions(indexes=(one_index(pages),), hosts=(files.root,)))
    assert served.get(served.file("a")).content == release.built.data


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://index.test/a-1.0-py3-none-any.whl", "//10.0.0.1/x.whl"])
def test_a_page_leads_to_no_file_of_this_machine(index: IndexFactory, serve: Serve, url: str) -> None:
    packages = registry(a={"1.0": []})
    packages.raw["a"] = [{"filename": "a-2.0-py3-none-any.whl", "url": url, "hashes": {}}]
    served = serve(index(packages))
    page = served.page("a").json()
    listed = [file["filename"] for file in page["files"]]
    if "a-2.0-py3-none-any.whl" in listed:
        assert served.get("/files/main/a/-/a-2.0-py3-none-any.whl").status_code == 502
    else:
        assert served.get("/files/main/a/-/a-2.0-py3-none-any.whl").status_code == 404


async def test_that_an_index_is_on_this_machine_declares_nothing_else_on_it() -> None:
    fetcher = GuardedFetcher(FetchOptions(connect_timeout=1), ["http://localhost:9/simple/"])
    try:
        for url in ("https://127.0.0.1:1/", "https://localhost:1/", "https://[::1]:1/"):
            with pytest.raises(FetchFailed) as refused:
                await fetcher.get(url, {})
            assert refused.value.kind == "request", url
    finally:
        await fetcher.close()
