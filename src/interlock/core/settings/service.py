"""Which lock service is asked: that of the environment, or the one that the workspace names and the user approved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol
from urllib.parse import unquote

import msgspec

from interlock.core.settings.variables import InvalidSetting, Variables

__all__ = ["CACHE_OF_SERVICE", "ServiceSettings", "TakeLogin", "service_place", "service_problem", "service_settings"]

CACHE_OF_SERVICE = "/cache"
"""Where below its address a service has its cache."""
_UNIX = "http+unix://"
_SCHEMES = ("https://", "http://", _UNIX)


class TakeLogin(Protocol):
    """Takes the login out of a URL."""

    def __call__(self, url: str, /) -> tuple[str, tuple[str, str] | None]: ...


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    url: str = ""
    """Without a login and without a slash at its end; empty: nobody is asked."""
    token: str = ""
    not_approved: str = ""
    """What the workspace names and nobody on this machine has approved."""

    def __repr__(self) -> str:
        return f"<ServiceSettings {self.url!r}>"


def service_problem(url: str) -> str:
    """Why a text cannot be the address of a service; empty when it can."""
    if not url.startswith(_SCHEMES) or not url.partition("://")[2].strip("/"):
        return f"is `{url[:80]}`, which is not an address such as https://locks.example"
    return ""


def service_place(url: str) -> tuple[str, str]:
    """The base of addresses, and the Unix socket they are asked for at, where that is one.

    >>> service_place("https://locks.test"), service_place("http+unix://%2Frun%2Flocks")
    (('https://locks.test', ''), ('http://localhost', '/run/locks'))
    >>> service_place("http+unix://%2Frun%2Flocks/cache")
    ('http://localhost/cache', '/run/locks')
    """
    if not url.startswith(_UNIX):
        return url, ""
    socket, slash, path = url.removeprefix(_UNIX).partition("/")
    if socket:
        return f"http://localhost{slash}{path}", unquote(socket)
    return "http://localhost", unquote(slash + path)


def service_settings(
    env: Variables,
    named: str,
    approved: Collection[str],
    logins: Mapping[str, tuple[str, str]],
    take_login: TakeLogin,
) -> ServiceSettings:
    """``named`` is what the workspace's root says, ``logins`` are those that were stored, by address.

    A token goes to no service but one that the environment names or the user approved. Raises :class:`InvalidSetting`.
    """
    written = env.text("SERVICE") or ""
    if written and (problem := service_problem(written)):
        raise InvalidSetting(f"INTERLOCK_SERVICE {problem}.", hint="Correct it, or unset it.")
    url, login = take_login(written or named)
    url = url.rstrip("/")
    if not written and url and url not in {address.rstrip("/") for address in approved}:
        return ServiceSettings(not_approved=url)
    login = logins.get(url) or (login if written else None)
    return ServiceSettings(url=url, token=env.text("SERVICE_TOKEN") or (login[1] or login[0] if login else ""))
