"""Whether a wheel is the one that a lock means: by name, by hash, and by version also where it was built here."""

from __future__ import annotations

from packaging.version import InvalidVersion

from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Directory, Member
from interlock.core.versions.version_list import parse_version
from interlock.store.archives import StoredWheel

__all__ = ["is_wanted"]


def is_wanted(wanted: Wanted, wheel: StoredWheel) -> bool:
    """Whether a wheel may be installed for what is wanted; a tree that may change at any time has any version."""
    if wheel.name != wanted.name:
        return False
    artifact = wanted.artifact
    if artifact is not None and artifact.is_wheel and artifact.sha256 and artifact.sha256 != wheel.sha256:
        return False
    if not wanted.version or isinstance(wanted.source, (Directory, Member)):
        return True
    return _is_build_of(wheel.version, wanted.version)


def _is_build_of(version: str, wanted: str) -> bool:
    """Whether a version is the wanted one, or a build of it that names what it was built for (``2.5+cu124``)."""
    if version == wanted:
        return True
    try:
        found, asked = parse_version(version), parse_version(wanted)
    except InvalidVersion:
        return False
    return found == asked or (asked.local is None and parse_version(found.public) == asked)
