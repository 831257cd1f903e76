"""Whether an advisory means a version of a package: the evaluation that the OSV schema describes, by PEP 440.

A locally built version (``1.0+cu121``) is judged as the one it was built from: databases know of no others.
"""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

from interlock.core.advisories.advisory import Advisory, AffectedPackage, Event, Happening
from interlock.core.names import NormalizedName
from interlock.core.versions.version_list import is_same_version, parse_version

__all__ = ["fixes_of", "incomparable", "is_affected", "is_meant"]

_ORDER: dict[Happening, int] = {"limit": 0, "introduced": 1, "fixed": 2, "last_affected": 3}
"""What of one version comes first: one that is introduced and fixed at once is fixed."""


def is_meant(advisory: Advisory, name: NormalizedName, version: str) -> bool:
    """Whether any entry of an advisory means this version."""
    return any(entry.name == name and is_affected(entry, version) for entry in advisory.affected)


def is_affected(entry: AffectedPackage, version: str) -> bool:
    """Whether the entry lists the version, or has a range that it is in."""
    if any(is_same_version(listed, version) for listed in entry.versions):
        return True
    judged = _public(version)
    if judged is None:
        return False
    if str(judged) != version and any(is_same_version(listed, str(judged)) for listed in entry.versions):
        return True
    return any(_is_in(events, judged) for events in entry.ranges)


def fixes_of(advisories: Iterable[Advisory], name: NormalizedName, version: str) -> tuple[str, ...]:
    """The versions above this one that a fix is said to be in and that none of these advisories means, ascending."""
    known = list(advisories)
    locked = _public(version)
    events = [
        event
        for advisory in known
        for entry in advisory.affected
        if entry.name == name
        for events in entry.ranges
        for event in events
    ]
    found = {parsed for event in events if event.what == "fixed" and (parsed := _parsed(event.version)) is not None}
    return tuple(
        str(fix)
        for fix in sorted(found)
        if locked is not None and fix > locked and not any(is_meant(one, name, str(fix)) for one in known)
    )


def incomparable(advisory: Advisory, name: NormalizedName) -> tuple[str, ...]:
    """What stands in ranges of this package and is no version (PEP 440), so that the range says nothing."""
    return tuple(
        dict.fromkeys(
            event.version
            for entry in advisory.affected
            if entry.name == name
            for events in entry.ranges
            for event in events
            if not _is_edge(event) and _parsed(event.version) is None
        )
    )


def _is_in(events: tuple[Event, ...], version: Version) -> bool:
    placed: list[tuple[Version | None, Event]] = []
    for event in events:
        at = None if _is_edge(event) else _parsed(event.version)
        if at is None and not _is_edge(event):
            return False
        placed.append((at, event))
    limits = [at for at, event in placed if event.what == "limit"]
    if limits and not any(at is None or version < at for at in limits):
        return False
    inside = False
    for at, event in sorted(placed, key=_order):
        if event.what == "introduced" and (at is None or version >= at):
            inside = True
        elif at is not None and (
            (event.what == "fixed" and version >= at) or (event.what == "last_affected" and version > at)
        ):
            inside = False
    return inside


def _order(placed: tuple[Version | None, Event]) -> tuple[bool, Version, int]:
    at, event = placed
    return (at is not None, at if at is not None else _LEAST, _ORDER[event.what])


_LEAST = Version("0")


def _is_edge(event: Event) -> bool:
    """Whether an event is at no version: before all of them, or after."""
    return (event.what, event.version) in {("introduced", "0"), ("limit", "*")}


def _public(version: str) -> Version | None:
    parsed = _parsed(version)
    return parsed if parsed is None or parsed.local is None else parse_version(parsed.public)


def _parsed(text: str) -> Version | None:
    try:
        return parse_version(text)
    except InvalidVersion:
        return None
