"""Credentials: which of them go to which URL (RFC 7617).

An index's credentials go to the index's own host only, wherever a redirect or a link may lead; another host gets what
netrc says about that host by name. A keyring is slow and may ask questions, and netrc's ``default`` is meant for no
host in particular; so they are asked only when an index demands credentials and nothing else has any.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping

import anyio
import msgspec

from interlock.core.sources.logins import take_login, without_login
from interlock.core.sources.source import Index
from interlock.index.netrc import Netrc, read_netrc
from interlock.index.urls import is_same_host

__all__ = ["Authenticator", "CredentialSources", "Keyring"]

Keyring = Callable[[str, str], tuple[str, str] | None]
"""``(url, user name or empty) -> (user name, password)``; may block."""


class CredentialSources(msgspec.Struct, frozen=True, kw_only=True):
    """Where credentials may come from, in order of precedence after the URL's own."""

    named: Mapping[str, tuple[str, str]] = {}
    """User name and password by name of index."""
    netrc: str = ""
    """Path of a netrc file; it need not exist."""
    keyring: Keyring | None = None

    def __repr__(self) -> str:
        return f"<CredentialSources for {sorted(self.named)}>"


class Authenticator:
    """Each index's credentials are looked up once."""

    def __init__(self, sources: CredentialSources) -> None:
        self._sources = sources
        # By the address too: the names of indexes are those of whoever asks, and may be given twice.
        self._known: dict[tuple[str, str, str], tuple[str, str] | None] = {}
        self._asked: dict[tuple[str, str, str], bool] = {}
        """Indexes that were asked for after a refusal, with whether there was something."""
        self._netrc: Netrc | None = None
        self._guard = anyio.Lock()

    def __repr__(self) -> str:
        return f"<Authenticator [{len(self._known)} indexes known]>"

    def header(self, index: Index | None, url: str) -> str | None:
        """The ``Authorization`` for a request, or None to send none."""
        if index is not None and index.authenticate == "never":
            return None
        own = take_login(url)[1] if "@" in url else None
        if own is not None and not own[1]:
            own = self._hosts().find(url, own[0]) or own
        if own is None and index is not None and is_same_host(index.url, url):
            own = self._of(index)
        return _basic(own or self._hosts().find(url))

    async def ask_further(self, index: Index | None, url: str) -> bool:
        """Ask the keyring and netrc's ``default``, after a refusal; whether there is something new to try."""
        if index is None or index.authenticate == "never" or not is_same_host(index.url, url):
            return False
        async with self._guard:
            key = _key(index)
            if key in self._asked:
                # Another request was refused at the same time, and this one was sent before the answer was here.
                return self._asked[key]
            self._asked[key] = False
            known = self._of(index)
            if known is not None and known[1]:
                return False
            user, keyring = known[0] if known else "", self._sources.keyring
            found = None
            if keyring is not None:
                found = await anyio.to_thread.run_sync(keyring, without_login(index.url), user)
            found = found or self._hosts().find_default(user)
            if found is not None:
                self._known[key] = found
                self._asked[key] = True
            return found is not None

    def identity(self, index: Index) -> str:
        """The user an index's answers are for; part of the cache's key, since answers may differ by user."""
        if index.authenticate == "never":
            return ""
        known = self._of(index)
        return known[0] if known else ""

    def _of(self, index: Index) -> tuple[str, str] | None:
        key = _key(index)
        if key not in self._known:
            self._known[key] = self._found(index)
        return self._known[key]

    def _found(self, index: Index) -> tuple[str, str] | None:
        named = self._sources.named.get(index.name)
        login = take_login(index.url)[1] or named
        if login is None:
            always = index.authenticate == "always"
            return self._hosts().find(index.url) or (self._hosts().find_default() if always else None)
        if not login[1] and named is not None and named[1] and named[0] in {"", login[0]}:
            return (login[0], named[1])
        return login if login[1] else self._hosts().find(index.url, login[0]) or login

    def _hosts(self) -> Netrc:
        if self._netrc is None:
            self._netrc = read_netrc(self._sources.netrc)
        return self._netrc


def _key(index: Index) -> tuple[str, str, str]:
    return index.name, index.url, index.authenticate


def _basic(login: tuple[str, str] | None) -> str | None:
    if login is None or not any(login):
        return None
    return "Basic " + b64encode(f"{login[0]}:{login[1]}".encode()).decode()
