"""Requirements and sources of one manifest, changed in its text (PEP 621, PEP 735)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.core.toml.array import insert, literal, remove, replace
from interlock.core.toml.document import Path, TomlDocument, format_value

__all__ = ["ManifestEditor", "Target"]


class Target(msgspec.Struct, frozen=True):
    """Where requirements are listed."""

    kind: Literal["dependencies", "extra", "group"] = "dependencies"
    name: str = ""
    """Of the extra or the group."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else "dependencies"


class ManifestEditor:
    """Edits the standard tables; sources go to the tool table that the manifest's dialect has them in."""

    def __init__(self, data: bytes, file: str, *, sources: Path) -> None:
        self._document = TomlDocument(data, file)
        self._sources = sources

    def __repr__(self) -> str:
        return f"<ManifestEditor {self._document!r}>"

    @property
    def data(self) -> bytes:
        return self._document.data

    @property
    def document(self) -> TomlDocument:
        return self._document

    def targets(self) -> tuple[Target, ...]:
        """Every place of the manifest that lists requirements."""
        found = [Target()]
        extras = self._document.get(("project", "optional-dependencies"))
        groups = self._document.get(("dependency-groups",))
        found += [Target("extra", name) for name in extras] if isinstance(extras, dict) else []
        found += [Target("group", name) for name in groups] if isinstance(groups, dict) else []
        return tuple(found)

    def requirements(self, target: Target) -> tuple[Requirement, ...]:
        """What a target lists; entries that are no requirements are left out."""
        return tuple(found for _, found in self._listed(target) if found is not None)

    def put(self, target: Target, requirement: Requirement, text: str) -> None:
        """Write a requirement: in the place of the one of that name (and marker, when there are several)."""
        same = [
            (position, found)
            for position, found in self._listed(target)
            if found is not None and found.name == requirement.name
        ]
        if len(same) > 1:
            same = [(position, found) for position, found in same if found.marker == requirement.marker]
        path, source = self._path(target), self._source(target)
        if same:
            self._document.set(path, replace(source, same[0][0], literal(text)))
            return
        self._document.set(path, insert(source, self._place(target, text), literal(text)))

    def remove(self, target: Target, name: NormalizedName) -> bool:
        """Take every requirement of that name out; an extra or group left empty goes too. False: there was none."""
        positions = [at for at, found in self._listed(target) if found is not None and found.name == name]
        if not positions:
            return False
        path, source = self._path(target), self._source(target)
        for position in reversed(positions):
            source = remove(source, position)
        self._document.set(path, source if source.strip("[] \t\n") else "[]")
        return True

    def source(self, name: NormalizedName) -> tuple[str, object] | None:
        """The sources entry of a name: its key as written, and its value."""
        table = self._document.get(self._sources)
        for key, value in (table if isinstance(table, dict) else {}).items():
            if is_name(key) and normalize_name(key) == name:
                return key, value
        return None

    def set_source(self, name: str, value: dict[str, object]) -> None:
        known = self.source(normalize_name(name))
        self._document.set((*self._sources, known[0] if known is not None else name), format_value(value))

    def remove_source(self, name: NormalizedName) -> bool:
        known = self.source(name)
        return known is not None and self._document.delete((*self._sources, known[0]))

    def edit_list(self, path: Path, change: Callable[[str], str]) -> None:
        """Change the text of an array, which begins empty where there is none."""
        self._document.set(path, change(self._document.source(path) or "[]"))

    # ---- where things are ------------------------------------------------------------------------------------

    def _path(self, target: Target) -> Path:
        if target.kind == "dependencies":
            return ("project", "dependencies")
        table: Path = ("project", "optional-dependencies") if target.kind == "extra" else ("dependency-groups",)
        known = self._document.get(table)
        wanted = normalize_name(target.name)
        for key in known if isinstance(known, dict) else ():
            if normalize_name(key) == wanted:
                return (*table, key)
        return (*table, target.name)

    def _source(self, target: Target) -> str:
        path = self._path(target)
        source = self._document.source(path)
        if source is None:
            value = self._document.get(path)
            return format_value(value) if value is not None else "[]"
        return source

    def _listed(self, target: Target) -> list[tuple[int, Requirement | None]]:
        listed = self._document.get(self._path(target))
        found: list[tuple[int, Requirement | None]] = []
        for position, item in enumerate(listed if isinstance(listed, list) else []):
            try:
                found.append((position, parse_requirement(item) if isinstance(item, str) else None))
            except InvalidRequirement:
                found.append((position, None))
        return found

    def _place(self, target: Target, text: str) -> int:
        """Where a new one goes: in order when the list is in order, else last."""
        listed = self._document.get(self._path(target))
        texts = [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []
        if not isinstance(listed, list) or len(texts) != len(listed):
            return len(listed) if isinstance(listed, list) else 0
        keys = [_order(item) for item in texts]
        if keys != sorted(keys) or len(keys) < 2:
            return len(keys)
        return sum(key <= _order(text) for key in keys)


def _order(text: str) -> str:
    return text.lower().replace("_", "-")
