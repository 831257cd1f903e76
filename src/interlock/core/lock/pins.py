"""Pins: versions that another tool has chosen."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from interlock.core.markers.diagram import FALSE, TRUE, Marker, format_marker, parse_marker
from interlock.core.markers.expression import InvalidMarker
from interlock.core.names import NormalizedName

__all__ = ["Pin", "forks_of"]

_MOST_FORKS = 64
"""No lock that people make has as many; past it, pins are wishes for wherever they fit."""


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A version that another tool has chosen."""

    name: NormalizedName
    version: str
    markers: tuple[str, ...] = ()
    """Where it was chosen, when the lock says so; empty: everywhere."""
    local: bool = False
    """From a source tree of the repository, so of no interest to a resolution."""

    @property
    def forks(self) -> tuple[str, ...]:
        """The markers, when all of them are about environments alone; those of extras mean something else to others."""
        return () if any("extra" in text or "dependency_groups" in text for text in self.markers) else self.markers


def forks_of(pins: Iterable[Pin]) -> tuple[str, ...]:
    """Where a resolution has to be split so that each of several versions of a package can be chosen where it was.

    >>> pins = [Pin(name="a", version=v, markers=(m,)) for v, m in [("1", "os_name == 'nt'"), ("2", "os_name != 'nt'")]]
    >>> forks_of(pins)
    ("sys_platform != 'win32'", "sys_platform == 'win32'")
    """
    versions: dict[NormalizedName, dict[str, Marker]] = {}
    for pin in pins:
        where = _where(pin)
        if where is not None:
            known = versions.setdefault(pin.name, {})
            known[pin.version] = known.get(pin.version, FALSE) | where
    forks = [TRUE]
    for name in sorted(versions):
        if len(versions[name]) < 2:
            continue
        for version in sorted(versions[name]):
            where = versions[name][version]
            forks = [part for fork in forks for part in (fork & where, fork & ~where) if not part.is_false]
            if len(forks) > _MOST_FORKS:
                return ()
    return tuple(sorted(format_marker(fork) for fork in forks)) if len(forks) > 1 else ()


def _where(pin: Pin) -> Marker | None:
    """Where a pin counts; None when its lock does not say so in terms of environments alone."""
    found = FALSE
    for text in pin.forks:
        try:
            found = found | parse_marker(text)
        except InvalidMarker:
            return None
    return None if found.is_false else found
