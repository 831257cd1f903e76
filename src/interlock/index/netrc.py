"""Logins by host from a netrc file, which many programs share: what is meant for others is passed over, as curl does.

The standard library's reader keeps one login for each host and gives up at the first word that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from interlock.core.sources.addresses import parts_of
from interlock.core.text.encoding import decode_text

__all__ = ["Netrc", "read_netrc"]

_WORD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"?|((?:[^\s\\]|\\.)+\\?))', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_EMPTY_LINE = re.compile(r"\n[ \t\r]*\n")
_LINE_END = re.compile(r"\n|\Z")


class _Entry(NamedTuple):
    host: str
    """Empty for the one that stands for every host."""
    user: str
    password: str


class Netrc:
    def __init__(self, text: str) -> None:
        self._entries = tuple(_entries(text))

    def __repr__(self) -> str:
        return f"<Netrc [{len(self._entries)} entries]>"

    def find(self, url: str, user: str = "") -> tuple[str, str] | None:
        """What is said of the URL's own host, with its port or without; of several entries the last counts.

        ``user``: only what is said of this user.
        """
        host = (parts_of(url).hostname or "").lower()
        for name in (parts_of(url).netloc.rpartition("@")[2].lower(), host):
            found = self._of(name, user) if name else None
            if found is not None:
                return found
        return None

    def find_default(self, user: str = "") -> tuple[str, str] | None:
        """What is said of every host that has no entry of its own."""
        return self._of("", user)

    def _of(self, host: str, user: str) -> tuple[str, str] | None:
        for entry in reversed(self._entries):
            if entry.host == host and (not user or entry.user in {"", user}):
                return (entry.user or user, entry.password)
        return None


def read_netrc(path: str) -> Netrc:
    """Blocking. A file that is absent or cannot be read says nothing: it must not stop anything."""
    try:
        data = Path(path).read_bytes() if path else b""
    except OSError:
        data = b""
    try:
        return Netrc(decode_text(data))
    except UnicodeDecodeError:
        return Netrc(data.decode("latin-1"))


def _entries(text: str) -> Iterator[_Entry]:
    entry: _Entry | None = None
    words = _Words(text)
    for word in words:
        if word.startswith("#"):
            words.skip(_LINE_END)
        elif word in {"machine", "default"}:
            if entry is not None:
                yield entry
            entry = _Entry(next(words, "").lower() if word == "machine" else "", "", "")
        elif word == "macdef":
            words.skip(_EMPTY_LINE)
        elif word in {"login", "user", "account", "password"}:
            value = next(words, "")
            if entry is not None and word != "account":
                entry = entry._replace(**{"password" if word == "password" else "user": value})
    if entry is not None:
        yield entry


class _Words(Iterator[str]):
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def __next__(self) -> str:
        match = _WORD.match(self._text, self._position)
        if match is None:
            raise StopIteration
        self._position = match.end()
        return _ESCAPE.sub(r"\1", match[1] if match[1] is not None else match[2])

    def skip(self, to: re.Pattern[str]) -> None:
        """Go on behind the next place of a kind, or at the end."""
        match = to.search(self._text, self._position)
        self._position = match.end() if match is not None else len(self._text)
