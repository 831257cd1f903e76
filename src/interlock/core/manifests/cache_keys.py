"""``cache-keys``: what, besides a project's own description, decides whether it has to be built again.

Entries are ``{file = "glob"}`` (or only the text), ``{dir = "path"}``, ``{env = "NAME"}`` and
``{git = {commit = true, tags = true}}``; paths are relative to the project.
"""

from __future__ import annotations

import posixpath
from typing import Any, Literal, get_args

import msgspec

from interlock.core.manifests.problems import suggest

__all__ = ["CacheKey", "parse_cache_keys"]

_Named = Literal["file", "dir", "env"]
_NAMED: tuple[_Named, ...] = get_args(_Named)
KINDS = (*_NAMED, "git")
_GIT: tuple[Literal["commit", "tags"], ...] = ("commit", "tags")


class CacheKey(msgspec.Struct, frozen=True, order=True):
    kind: Literal["file", "dir", "env", "commit", "tags"]
    text: str = ""
    """Pattern, path or name; empty for what git says."""


def parse_cache_keys(value: object) -> tuple[tuple[CacheKey, ...], tuple[str, ...]]:
    """The keys of a value, sorted, and what is wrong with it, a sentence without its subject each.

    >>> parse_cache_keys(["a.txt", {"git": {"tags": True}}])[0]
    (CacheKey(kind='file', text='a.txt'), CacheKey(kind='tags', text=''))
    """
    if not isinstance(value, list):
        return (), ("must be a list of tables.",)
    found: set[CacheKey] = set()
    problems: list[str] = []
    for item in value:
        keys, problem = _entry(item)
        found.update(keys)
        problems += [problem] if problem else []
    return tuple(sorted(found)), tuple(problems)


def _entry(item: object) -> tuple[tuple[CacheKey, ...], str]:
    entry: dict[str, Any] = {"file": item} if isinstance(item, str) else item if isinstance(item, dict) else {}
    if len(entry) != 1 or not set(entry) <= set(KINDS):
        near = next((suggest(key, KINDS) for key in entry if key not in KINDS), "")
        return (), f"has an entry that is none of {', '.join(f'`{kind}`' for kind in KINDS)}.{near}"
    ((kind, value),) = entry.items()
    if kind == "git":
        chosen = {"commit": value} if isinstance(value, bool) else value
        if not isinstance(chosen, dict) or not set(chosen) <= set(_GIT):
            return (), "has an entry `git` that is neither true nor a table of `commit` and `tags`."
        return tuple(CacheKey(name) for name in _GIT if chosen.get(name)), ""
    if not isinstance(value, str) or not value:
        return (), f"has an entry `{kind}` that is not a text."
    text = value if kind == "env" else posixpath.normpath(value)
    return tuple(CacheKey(named, text) for named in _NAMED if named == kind), ""
