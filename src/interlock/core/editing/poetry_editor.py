"""Dependencies of a project that only Poetry's table describes, changed in its text."""

from __future__ import annotations

import re

from interlock.core.editing.manifest_editor import ManifestEditor, Target
from interlock.core.names import NormalizedName, is_name, normalize_extra, normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.core.toml.array import insert, items, literal, remove
from interlock.core.toml.document import Path, format_value
from interlock.core.versions.poetry_constraint import InvalidConstraint, specifier_of
from interlock.errors import ManifestError

__all__ = ["PoetryEditor", "SeveralEntries"]

_TABLE: Path = ("tool", "poetry")
_DIRECT = frozenset({"git", "branch", "tag", "rev", "path", "file", "url", "subdirectory", "develop"})
"""Keys of an entry that does not come from an index."""


class SeveralEntries(ManifestError):
    """A dependency is to be changed that is written once for each of several environments."""

    code = "several-entries"


class PoetryEditor(ManifestEditor):
    """Writes ``[tool.poetry.dependencies]`` and groups; an extra lists what is an optional dependency."""

    def targets(self) -> tuple[Target, ...]:
        groups = self.document.get((*_TABLE, "group"))
        found = [Target()]
        found += [Target("group", name) for name in groups] if isinstance(groups, dict) else []
        return (*found, Target("group", "dev")) if self.document.get((*_TABLE, "dev-dependencies")) else tuple(found)

    def requirements(self, target: Target) -> tuple[Requirement, ...]:
        table = self.document.get(self._table(target))
        found = []
        for key, value in table.items() if isinstance(table, dict) else ():
            text = value if isinstance(value, str) else value.get("version", "") if isinstance(value, dict) else ""
            try:
                specifier = ",".join(sorted(specifier_of(text).split(",")))
            except InvalidConstraint:
                specifier = ""
            if is_name(key) and key != "python":
                found.append(Requirement(name=normalize_name(key), specifier=specifier))
        return tuple(found)

    def put(self, target: Target, requirement: Requirement, text: str) -> None:
        table = self._table(target)
        written = re.match(r"[A-Za-z0-9._-]+", text)
        key = self._key(table, requirement.name) or (written[0] if written is not None else requirement.name)
        old = self.document.get((*table, key))
        value = self._changed(old, key, requirement)
        if target.kind == "extra":
            value["optional"] = True
            self._list_in_extra(target.name, key)
        if isinstance(old, dict) and self.document.source((*table, key)) is None:
            # A table with a header of its own.
            for name in old.keys() - value.keys():
                self.document.delete((*table, key, name))
            for name, item in value.items():
                if old.get(name) != item:
                    self.document.set((*table, key, name), format_value(item))
            return
        self.document.set((*table, key), format_value(value["version"] if value.keys() == {"version"} else value))

    def _changed(self, old: object, key: str, requirement: Requirement) -> dict[str, object]:
        """An entry with what is asked now; what it says beside that (``optional``, ``python``, ...) stays."""
        if isinstance(old, list):
            raise SeveralEntries(
                f"`{key}` has several entries, for different environments, in [tool.poetry.dependencies].",
                hint="Change the one that is meant in pyproject.toml, then run `interlock lock`.",
                facts={"package": requirement.name},
            )
        entry: dict[str, object] = dict(old) if isinstance(old, dict) else {}
        if requirement.specifier:
            # A range is of an index's versions.
            entry = {name: item for name, item in entry.items() if name not in _DIRECT}
        extras = entry.get("extras")
        known = [str(extra) for extra in extras] if isinstance(extras, list) else []
        more = [extra for extra in requirement.extras if extra not in map(normalize_extra, known)]
        if requirement.specifier or not (entry.keys() & _DIRECT or (more and "version" not in entry)):
            # First where it is new, else in the place where it stands.
            entry = {"version": "", **entry}
            entry["version"] = requirement.specifier or "*"
        if more:
            entry["extras"] = [*known, *more]
        if requirement.marker:
            entry["markers"] = requirement.marker.replace('"', "'")
        return entry

    def remove(self, target: Target, name: NormalizedName) -> bool:
        table = self._table(target)
        key = self._key(table, name)
        if key is None:
            return False
        self.document.delete((*table, key), keep_table=True)
        if target.kind == "group" and self.document.get(table) is None:
            # What includes the group or installs it by default names it still.
            self.document.set(table, "{}")
        extras = self.document.get((*_TABLE, "extras")) if target.kind == "dependencies" else None
        for extra, listed in extras.items() if isinstance(extras, dict) else ():
            for position, item in reversed(list(enumerate(listed))):
                if normalize_name(item) == name:
                    path = (*_TABLE, "extras", extra)
                    self.document.set(path, remove(self.document.source(path) or "[]", position))
        return True

    def set_source(self, name: str, value: dict[str, object]) -> None:
        """A member is named in our own table; everything else stands with the dependency."""
        if "workspace" in value:
            super().set_source(name, value)
            return
        renamed = {{"index": "source", "editable": "develop"}.get(key, key): item for key, item in value.items()}
        for target in self._poetry_targets():
            table = self._table(target)
            key = self._key(table, normalize_name(name))
            if key is None:
                continue
            old = self.document.get((*table, key))
            entry: dict[str, object] = dict(old) if isinstance(old, dict) else {"version": old}
            if "source" not in renamed:
                entry.pop("version", None)
            self.document.set((*table, key), format_value({**entry, **renamed}))

    def _poetry_targets(self) -> tuple[Target, ...]:
        return self.targets()

    def _table(self, target: Target) -> Path:
        if target.kind != "group":
            return (*_TABLE, "dependencies")
        groups = self.document.get((*_TABLE, "group"))
        wanted = normalize_name(target.name)
        if wanted == "dev" and self.document.get((*_TABLE, "dev-dependencies")) is not None:
            return (*_TABLE, "dev-dependencies")
        for key in groups if isinstance(groups, dict) else ():
            if normalize_name(key) == wanted:
                return (*_TABLE, "group", key, "dependencies")
        return (*_TABLE, "group", target.name, "dependencies")

    def _key(self, table: Path, name: NormalizedName) -> str | None:
        values = self.document.get(table)
        for key in values if isinstance(values, dict) else ():
            if is_name(key) and normalize_name(key) == name:
                return str(key)
        return None

    def _list_in_extra(self, extra: str, name: str) -> None:
        path = (*_TABLE, "extras", extra)
        source = self.document.source(path) or "[]"
        if name not in items(source):
            self.document.set(path, insert(source, len(items(source)), literal(name)))
