"""Where results of builds are shared: the cache of the environment, or the one that the workspace names and the user
approved."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from interlock.core.settings.choices import CACHE_MODES, CacheMode
from interlock.core.settings.service import CACHE_OF_SERVICE, ServiceSettings, TakeLogin, service_problem
from interlock.core.settings.variables import InvalidSetting, Variables, choose

__all__ = ["BuildCacheSettings", "NamedBuildCache", "build_cache_settings"]

_TOKEN_USERS = ("", "__token__")
"""Users of whom the password is all."""


class NamedBuildCache(msgspec.Struct, frozen=True, kw_only=True):
    """What a workspace says; empty where it says nothing."""

    url: str = ""
    mode: CacheMode | None = None


class BuildCacheSettings(msgspec.Struct, frozen=True, kw_only=True):
    url: str = ""
    """Without a login and without a slash at its end; empty: there is none."""
    mode: CacheMode = "read"
    token: str = ""
    login: tuple[str, str] | None = None
    """User and password, for a place that asks for these instead."""
    not_approved: str = ""
    """What the workspace names and nobody on this machine has approved."""

    def __repr__(self) -> str:
        return f"<BuildCacheSettings {self.url!r} {self.mode}>"


def build_cache_settings(
    env: Variables,
    named: NamedBuildCache,
    service: ServiceSettings,
    approved: Collection[str],
    logins: Mapping[str, tuple[str, str]],
    take_login: TakeLogin,
) -> BuildCacheSettings:
    """``approved`` are services, each with its cache, and caches; ``logins`` those that were stored, by address.

    As with services, nothing goes to an address that only the repository names. Raises :class:`InvalidSetting`.
    """
    mode = choose(CACHE_MODES, ("INTERLOCK_CACHE_MODE", env.text("CACHE_MODE")), ("mode", named.mode or "read"))
    written = env.text("CACHE_URL") or ""
    if written and (problem := service_problem(written)):
        raise InvalidSetting(f"INTERLOCK_CACHE_URL {problem}.", hint="Correct it, or unset it.")
    url, login = take_login(written or named.url)
    url = url.rstrip("/")
    if mode == "off" or not url:
        return BuildCacheSettings(mode=mode)
    known = {address.rstrip("/") for address in approved}
    if not written and not {url, url.removesuffix(CACHE_OF_SERVICE)} & known:
        return BuildCacheSettings(mode=mode, not_approved=url)
    found = BuildCacheSettings(url=url, mode=mode)
    if token := env.text("CACHE_TOKEN"):
        return msgspec.structs.replace(found, token=token)
    login = logins.get(url) or (login if written else None)
    if login is not None and login[0] in _TOKEN_USERS:
        return msgspec.structs.replace(found, token=login[1])
    if login is None and service.url and url == f"{service.url}{CACHE_OF_SERVICE}":
        return msgspec.structs.replace(found, token=service.token)
    return msgspec.structs.replace(found, login=login)
