"""Metadata that a workspace states of packages, to be believed instead of what they say (``dependency-metadata``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.version import Version

from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName, normalize_extra, normalize_name
from interlock.core.requirements.parse import parse_requirement
from interlock.core.versions.version_list import parse_specifier, parse_version

__all__ = ["StatedMetadata"]


class StatedMetadata:
    """By package; an entry that names a version counts for it alone, one that names none for all others."""

    def __init__(self, entries: Iterable[Mapping[str, object]]) -> None:
        self._entries: dict[NormalizedName, dict[Version | None, Metadata]] = {}
        for entry in entries:
            made = _metadata(entry)
            version = parse_version(made.version) if made.version else None
            self._entries.setdefault(made.name, {}).setdefault(version, made)

    def __repr__(self) -> str:
        return f"<StatedMetadata of {sorted(self._entries)}>"

    def of(self, name: NormalizedName, version: str) -> Metadata | None:
        """What is stated of a version."""
        entries = self._entries.get(name)
        if entries is None:
            return None
        return entries.get(parse_version(version)) or entries.get(None)

    def of_source(self, name: NormalizedName) -> Metadata | None:
        """What is stated of a source tree, whose version nobody knows before: an only entry that names one."""
        entries = self._entries.get(name, {})
        return next(iter(entries.values())) if len(entries) == 1 and None not in entries else None


def _metadata(entry: Mapping[str, object]) -> Metadata:
    """From a table that was checked when the manifest was read."""
    extras = entry.get("provides-extra", entry.get("provides-extras", ()))
    python = str(entry.get("requires-python", ""))
    return Metadata(
        name=normalize_name(str(entry["name"])),
        version=str(parse_version(str(entry["version"]))) if "version" in entry else "",
        requires_python=",".join(sorted(str(clause) for clause in parse_specifier(python))),
        requires=tuple(parse_requirement(text) for text in _texts(entry.get("requires-dist", ()))),
        extras=tuple(normalize_extra(text) for text in _texts(extras)),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()
