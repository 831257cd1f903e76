"""Many versions put in order (PEP 440), as fast as an index page with thousands of files needs it.

Most versions are plain numbers, and those are compared as numbers; the rest is left to :mod:`packaging`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from packaging.version import InvalidVersion

from interlock.core.versions.version_list import parse_version

__all__ = ["Ordered", "in_order"]

_PLAIN = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*")
_LONG = 100
_DEV, _FINAL = -1, 3
_PRE = {"a": 0, "b": 1, "rc": 2}
_INFINITY = float("inf")

_Local = tuple[tuple[int, int | str], ...]
_Key = tuple[int, tuple[int, ...], int, float, float, float, _Local]
"""Epoch; release without zeros at its end; pre-release phase and number; post and development release; local part."""


class Ordered(NamedTuple):
    version: str
    """Normalised."""
    is_prerelease: bool
    texts: tuple[str, ...]
    """How it was written; several for versions that are equal, like ``1.0`` and ``1.0.0``."""


def in_order(texts: Iterable[str]) -> tuple[list[Ordered], list[str]]:
    """The versions, ascending, and the texts that are none. Of equal ones the first text names the version.

    >>> in_order(["1.10", "1.9.0", "1.9", "2.0RC1", "x"])[0][0]
    Ordered(version='1.9.0', is_prerelease=False, texts=('1.9.0', '1.9'))
    """
    found: dict[_Key, Ordered] = {}
    invalid: list[str] = []
    for text in texts:
        if len(text) < _LONG and _PLAIN.fullmatch(text):
            key, version, early = _plain_key(text), text, False
        else:
            try:
                parsed = parse_version(text)
            except InvalidVersion:
                invalid.append(text)
                continue
            key, version, early = _key(text), str(parsed), parsed.is_prerelease
        known = found.get(key)
        found[key] = Ordered(version, early, (text,)) if known is None else known._replace(texts=(*known.texts, text))
    return [found[key] for key in sorted(found)], invalid


def _plain_key(text: str) -> _Key:
    return (0, _trimmed(tuple(map(int, text.split(".")))), _FINAL, 0, -1, _INFINITY, ())


def _trimmed(release: tuple[int, ...]) -> tuple[int, ...]:
    end = len(release)
    while end and not release[end - 1]:
        end -= 1
    return release[:end]


def _key(text: str) -> _Key:
    version = parse_version(text)
    if version.pre is not None:
        phase, number = _PRE[version.pre[0]], version.pre[1]
    else:
        # A development release of a final version comes before its pre-releases.
        phase, number = _DEV if version.post is None and version.dev is not None else _FINAL, 0
    local: _Local = ()
    if version.local is not None:
        # Numbers come after words.
        local = tuple((1, int(part)) if part.isdigit() else (0, part) for part in version.local.split("."))
    return (
        version.epoch,
        _trimmed(version.release),
        phase,
        number,
        -1 if version.post is None else version.post,
        _INFINITY if version.dev is None else version.dev,
        local,
    )
