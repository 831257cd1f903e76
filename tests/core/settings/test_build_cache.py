"""Which cache is used, and that what belongs to it goes nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from interlock.core.settings.build_cache import BuildCacheSettings, NamedBuildCache, build_cache_settings
from interlock.core.settings.service import ServiceSettings
from interlock.core.settings.variables import InvalidSetting, Variables
from tests.core.settings.test_service import take_login

SERVICE = "https://locks.test"
URL = f"{SERVICE}/cache"
NAMED = NamedBuildCache(url=URL)
NOTHING = NamedBuildCache()


def found(environ: dict[str, str], named: NamedBuildCache = NOTHING, **more: Any) -> BuildCacheSettings:
    more = {"approved": (), "logins": {}, "service": ServiceSettings(), **more}
    return build_cache_settings(Variables(environ), named, take_login=take_login, **more)


def test_without_an_address_there_is_none() -> None:
    assert found({}) == BuildCacheSettings()
    assert found({"INTERLOCK_CACHE_TOKEN": "t"}) == BuildCacheSettings()


@pytest.mark.parametrize(
    ("approved", "is_approved"),
    [
        ((), False),
        ((URL,), True),
        ((f"{URL}/",), True),
        ((SERVICE,), True),
        ((f"{SERVICE}/cac",), False),
        (("https://locks.test.evil.test",), False),
        (("http://locks.test",), False),
    ],
)
def test_what_the_workspace_names_is_used_once_it_is_approved(approved: tuple[str, ...], is_approved: bool) -> None:
    environ = {"INTERLOCK_CACHE_TOKEN": "t"}
    expected = BuildCacheSettings(url=URL, token="t") if is_approved else BuildCacheSettings(not_approved=URL)
    assert found(environ, NAMED, approved=approved) == expected
    assert "t" not in repr(expected).split()


@pytest.mark.parametrize("path", ["/cache/../evil", "/cache/cache", "/other/cache", "/cachex"])
def test_an_approved_service_has_one_cache(path: str) -> None:
    named = NamedBuildCache(url=f"{SERVICE}{path}")
    assert found({}, named, approved=(SERVICE,)).url == ""


def test_the_environment_goes_before_the_workspace() -> None:
    other = {"INTERLOCK_CACHE_URL": "https://other.test/"}
    assert found(other, NAMED, approved=(URL,)).url == "https://other.test"
    named = NamedBuildCache(url=URL, mode="readwrite")
    assert found({}, named, approved=(URL,)).mode == "readwrite"
    assert found({"INTERLOCK_CACHE_MODE": "read"}, named, approved=(URL,)).mode == "read"
    off = found({"INTERLOCK_CACHE_MODE": "off"}, named)
    assert (off.url, off.not_approved, off.mode) == ("", "", "off")


@pytest.mark.parametrize(
    ("url", "more", "token", "login"),
    [
        (URL, {"logins": {URL: ("__token__", "stored")}}, "stored", None),
        (URL, {"logins": {URL: ("ann", "pw")}}, "", ("ann", "pw")),
        (URL, {"logins": {"https://other.test/cache": ("__token__", "stored")}}, "", None),
        (URL, {"service": ServiceSettings(url=SERVICE, token="s")}, "s", None),
        ("https://other.test/cache", {"service": ServiceSettings(url=SERVICE, token="s")}, "", None),
        (f"{URL}/deeper", {"service": ServiceSettings(url=SERVICE, token="s")}, "", None),
        ("https://ann:pw@other.test", {}, "", ("ann", "pw")),
    ],
)
def test_a_login_goes_to_the_place_it_is_for(
    url: str, more: dict[str, Any], token: str, login: tuple[str, str] | None
) -> None:
    settings = found({"INTERLOCK_CACHE_URL": url}, **more)
    assert (settings.token, settings.login) == (token, login)
    assert "@" not in settings.url


def test_a_login_that_the_repository_writes_down_is_not_used() -> None:
    named = NamedBuildCache(url="https://ann:pw@locks.test/cache")
    assert found({}, named, approved=(URL,)) == BuildCacheSettings(url=URL)


def test_what_is_no_address_or_no_mode_is_told() -> None:
    with pytest.raises(InvalidSetting, match="INTERLOCK_CACHE_URL is"):
        found({"INTERLOCK_CACHE_URL": "locks.test"})
    with pytest.raises(InvalidSetting, match="INTERLOCK_CACHE_MODE"):
        found({"INTERLOCK_CACHE_MODE": "rw"})
