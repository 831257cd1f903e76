"""Which indexes a command uses, in which order, from all the places that name one."""

from __future__ import annotations

import re

import msgspec

from interlock.core.settings.variables import InvalidSetting
from interlock.core.sources.logins import take_login
from interlock.core.sources.source import Index

__all__ = ["DEFAULT_INDEX", "named_index", "order_indexes"]

DEFAULT_INDEX = "pypi"
"""Name of the default index unless the manifest names it; locks say it, so it never depends on a flag."""

_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)=(\S+)")


def named_index(text: str, origin: str) -> Index:
    """Read ``name=url``; without a name a lock could not say which index a package is from.

    >>> named_index("internal=https://index.test/simple/", "--index").name
    'internal'
    """
    match = _NAMED.fullmatch(text)
    if match is None:
        shown, login = take_login(text)
        del login
        raise InvalidSetting(
            f"{origin} is `{shown}`; an index needs a name.",
            hint="Write it as name=url; the lock records the name. An index to publish to: `publish -r NAME`.",
        )
    return Index(name=match[1], url=match[2])


def order_indexes(
    asked: tuple[Index, ...], declared: tuple[Index, ...], default: str, fallback: str
) -> tuple[Index, ...]:
    """Indexes in order of priority: those asked for, those declared, the default one last.

    A name that comes again adds nothing: the first one's URL counts, in the declared one's role. ``default`` is the
    URL that replaces the default index's, ``fallback`` its URL when the manifests declare none; empty for PyPI.
    """
    urls: dict[str, str] = {}
    for index in (*asked, *declared):
        urls.setdefault(index.name, index.url)
    roles: dict[str, Index] = {}
    for index in (*declared, *asked):
        roles.setdefault(index.name, index)
    ordered: list[Index] = []
    found_default: Index | None = None
    for name, url in urls.items():
        index = msgspec.structs.replace(roles[name], url=url)
        # An explicit index called like the default one, where no other is the default, is that default one.
        takes_place = name == DEFAULT_INDEX and not any(other.default for other in roles.values())
        if index.default and found_default is None:
            found_default = index
        elif takes_place and index.explicit:
            found_default = msgspec.structs.replace(index, explicit=False, default=True)
        elif takes_place:
            found_default = msgspec.structs.replace(index, url=default or url, default=True)
            ordered.append(found_default)
        else:
            ordered.append(index)
    if found_default is None:
        match = _NAMED.fullmatch(default)
        ordered.append(Index(name=DEFAULT_INDEX, url=match[2] if match else default or fallback, default=True))
    elif found_default not in ordered:
        match = _NAMED.fullmatch(default)
        url = match[2] if match else default or found_default.url
        ordered.append(msgspec.structs.replace(found_default, url=url))
    return tuple(ordered)
