"""Whose a name is: decided before anybody is asked, and told to nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from interlock.core.names import normalize_name
from interlock.core.sources.source import Index
from interlock.service.proxy.choice import Choices, is_named
from interlock.service.proxy.options import BadProxiedIndex, Origin, ProxiedIndex, ProxyOptions, check_index
from tests.conftest import IndexFactory
from tests.registry import registry
from tests.service.proxy.served import Served, one_index, origin

Serve = Callable[..., Served]
REFUSED = 403


def test_a_private_name_is_never_asked_for_in_public(index: IndexFactory, serve: Serve) -> None:
    """On one index with two origins, and on an index beside it that passes on the public one alone."""
    private, public = (
        index(registry({"acme-web": {"1.0": []}})),
        index(registry({"b": {"1.0": []}, "acme-web": {"9": []}})),
    )
    mixed = ProxiedIndex(name="main", origins=(origin(private, "acme-*", others=False), origin(public)))
    served = serve(options=ProxyOptions(indexes=(mixed, one_index(public, name="pypi"))))
    assert served.page("acme-web").json()["versions"] == ["1.0"]
    assert served.page("acme-other").status_code == 404
    assert served.page("b").json()["versions"] == ["1.0"]
    for path in ("/simple/pypi/acme-web/", "/simple/pypi/Acme.Web", "/simple/pypi@2025-01-01/acme-web/"):
        assert served.get(path).status_code == REFUSED
    assert served.get("/files/pypi/acme-web/-/acme_web-9-py3-none-any.whl").status_code == REFUSED
    assert public.paths("acme") == []
    assert private.paths("/b/") == []
    assert served.get("/simple/main/").json()["projects"] == [{"name": "acme-web"}, {"name": "b"}]
    assert served.get("/simple/pypi/").json()["projects"] == [{"name": "b"}]


def test_what_is_refused_has_the_same_bytes_whether_it_exists_or_not(index: IndexFactory, serve: Serve) -> None:
    private, public = index(registry({"acme-web": {"1.0": []}})), index(registry())
    served = serve(
        options=ProxyOptions(
            indexes=(
                ProxiedIndex(name="corp", origins=(origin(private, "acme-*"),)),
                ProxiedIndex(name="pypi", origins=(origin(public),), reserved=("secret-*",)),
            )
        ),
        permits=lambda request, name: name == "pypi",
    )
    asked = (
        "/simple/pypi/acme-web/",
        "/simple/pypi/acme-none/",
        "/simple/pypi/secret-a/",
        "/simple/corp/acme-web/",
        "/simple/corp/acme-none/",
        "/simple/nowhere/acme-web/",
        "/files/corp/acme-web/-/acme_web-1.0-py3-none-any.whl",
        "/files/corp/acme-web/-/acme_web-1.0-py3-none-any.whl.metadata",
    )
    answers = [served.get(path) for path in asked]
    assert {answer.status_code for answer in answers} == {REFUSED}
    assert len({answer.content for answer in answers}) == 1
    assert (
        len(
            {
                tuple(sorted((name, value) for name, value in answer.headers.items() if name != "date"))
                for answer in answers
            }
        )
        == 1
    )
    unknown = [
        served.get(path) for path in ("/simple/corp/b/", "/simple/nowhere/b/", "/simple/corp/", "/simple/nowhere/")
    ]
    assert {answer.status_code for answer in unknown} == {404}
    assert len({answer.content for answer in unknown}) == 1
    assert private.requests == []
    assert public.requests == []


NAMES = st.sampled_from(["acme-web", "acme", "b", "corp-a", "corp-b"]).map(normalize_name)
PATTERNS = st.lists(st.sampled_from(["acme-*", "acme", "corp-*", "corp-a", "b"]), max_size=2, unique=True).map(tuple)


@st.composite
def services(draw: st.DrawFn) -> ProxyOptions:
    indexes = []
    for number in range(draw(st.integers(1, 3))):
        origins = tuple(
            Origin(
                index=Index(name=f"o{place}", url=f"https://o{place}.test/simple/"),
                names=draw(PATTERNS),
                others=draw(st.booleans()),
            )
            for place in draw(st.lists(st.integers(0, 3), max_size=3, unique=True))
        )
        takes = draw(st.booleans())
        own = draw(PATTERNS) if takes else ()
        indexes.append(
            ProxiedIndex(
                name=f"i{number}", origins=origins, takes_uploads=takes, own_names=own, reserved=draw(PATTERNS)
            )
        )
    return ProxyOptions(indexes=tuple(indexes), own_packages=Path("own"))


@hypothesis.given(services(), NAMES)
def test_a_name_that_is_claimed_is_asked_for_where_it_is_claimed_and_nowhere_else(
    options: ProxyOptions, name: str
) -> None:
    choices = Choices(options)
    wanted = normalize_name(name)
    claiming = {
        origin.index.url for index in options.indexes for origin in index.origins if is_named(origin.names, wanted)
    }
    claiming |= {index.name for index in options.indexes if is_named(index.own_names, wanted)}
    for index in options.indexes:
        choice = choices.of(index, wanted)
        asked = {origin.url for origin in choice.origins} | ({index.name} if choice.own else set())
        if is_named(index.reserved, wanted):
            assert not asked
            assert choice.reserved
        elif claiming:
            assert asked <= claiming
            assert choice.reserved == (not asked)
        else:
            assert not choice.reserved
            assert asked <= {origin.index.url for origin in index.origins if origin.others} | {index.name}
        assert [origin for origin in (each.index for each in index.origins) if origin in choice.origins] == list(
            choice.origins
        )


def at(url: str) -> Origin:
    return Origin(index=Index(name="x", url=url))


@pytest.mark.parametrize(
    ("index", "why"),
    [
        (ProxiedIndex(name="a"), "nothing can be in it"),
        (
            ProxiedIndex(name="a", origins=(at("file:///srv/simple"),)),
            "not the simple API",
        ),
        (ProxiedIndex(name="a", origins=(at("/srv/simple"),)), "not the simple API"),
        (
            ProxiedIndex(name="a", origins=(at("https://x.test/simple/"),), takes_uploads=True),
            "does not say of which names",
        ),
    ],
)
def test_an_index_that_cannot_be_is_refused_with_the_reason(index: ProxiedIndex, why: str) -> None:
    with pytest.raises(BadProxiedIndex, match=why):
        check_index(index, has_folder=True)
    with pytest.raises(BadProxiedIndex, match="no place"):
        check_index(ProxiedIndex(name="a", takes_uploads=True), has_folder=False)
