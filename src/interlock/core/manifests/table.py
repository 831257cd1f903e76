"""A table of a manifest while it is read: typed access that notes a problem instead of failing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier

from interlock.core.manifests.problems import Problems
from interlock.core.markers.readable import why_unreadable
from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.core.versions.version_list import parse_specifier

__all__ = ["Table"]

_Word = TypeVar("_Word", bound=str)


class Table:
    """A TOML table with the path it is at. Absent keys give None or empty values; wrong types are noted as problems."""

    def __init__(self, values: dict[str, object], where: tuple[str, ...], problems: Problems) -> None:
        self.values = values
        self.where = where
        self.problems = problems

    def __repr__(self) -> str:
        return f"<Table {'.'.join(self.where)}>"

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def problem(self, key: str, message: str, *, near: str = "") -> None:
        self.problems.add((*self.where, key), message, near=near)

    def only(self, known: Iterable[str]) -> None:
        """Note every key that is not known."""
        known = frozenset(known)
        for key in self.values:
            if key not in known:
                self.problems.unknown(self.where, key, known)

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is None or isinstance(value, str):
            return value
        self.problem(key, "must be a string.")
        return None

    def flag(self, key: str) -> bool | None:
        value = self.values.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.problem(key, "must be true or false.")
        return None

    def texts(self, key: str, *, single: bool = False) -> tuple[str, ...]:
        """A list of strings; with ``single`` one string stands for a list of it."""
        value = self.values.get(key)
        if value is None:
            return ()
        if single and isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.problem(key, "must be a list of strings.")
        return ()

    def text_map(self, key: str) -> dict[str, str]:
        """A table of strings."""
        inner = self.table(key)
        found: dict[str, str] = {}
        for name in inner.values if inner is not None else ():
            value = inner.text(name) if inner is not None else None
            if value is not None:
                found[name] = value
        return found

    def table(self, key: str) -> Table | None:
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Table(value, (*self.where, key), self.problems)
        self.problem(key, "must be a table.")
        return None

    def tables(self, key: str, *, single: bool = False) -> tuple[Table, ...]:
        """A list of tables; with ``single`` one table stands for a list of it."""
        value = self.values.get(key)
        if value is None:
            return ()
        if single and isinstance(value, dict):
            value = [value]
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return tuple(Table(item, (*self.where, key), self.problems) for item in value)
        self.problem(key, "must be a list of tables.")
        return ()

    def choice(self, key: str, allowed: tuple[_Word, ...], default: _Word) -> _Word:
        value = self.text(key)
        if value is None:
            return default
        for word in allowed:
            if word == value:
                return word
        self.problem(key, f"is `{value}`; it can be {', '.join(f'`{item}`' for item in allowed)}.")
        return default

    def requirements(self, key: str) -> tuple[Requirement, ...]:
        """A list of PEP 508 requirements."""
        found = []
        for text in self.texts(key):
            try:
                requirement = parse_requirement(text)
            except InvalidRequirement as error:
                self.problem(key, f"has an invalid requirement. {error.message}.", near=text)
                continue
            unreadable = why_unreadable(requirement.marker)
            if unreadable:
                self.problem(key, f"has the marker of `{text}`, which cannot be evaluated: {unreadable}.", near=text)
            found.append(requirement)
        return tuple(found)

    def names(self, key: str) -> tuple[NormalizedName, ...]:
        """A list of package names, normalised."""
        found = []
        for text in self.texts(key):
            if is_name(text):
                found.append(normalize_name(text))
            else:
                self.problem(key, f"has `{text}`, which is not a package name.", near=text)
        return tuple(found)

    def marker(self, key: str) -> str:
        return self.checked_marker(key, self.text(key) or "")

    def markers(self, key: str) -> tuple[str, ...]:
        return tuple(self.checked_marker(key, text) for text in self.texts(key, single=True))

    def checked_marker(self, key: str, text: str) -> str:
        """The marker in canonical text, or empty after noting why it is not one."""
        if not text:
            return ""
        try:
            marker = str(Marker(text))
        except InvalidMarker as error:
            self.problem(key, f"has an invalid marker `{text}`: {str(error).splitlines()[0]}.", near=text)
            return ""
        unreadable = why_unreadable(marker)
        if unreadable:
            self.problem(key, f"has the marker `{text}`, which cannot be evaluated: {unreadable}.", near=text)
        return marker

    def specifier(self, key: str) -> str:
        """A PEP 440 specifier set, clauses sorted."""
        text = self.text(key) or ""
        try:
            return ",".join(sorted(str(clause) for clause in parse_specifier(text)))
        except InvalidSpecifier:
            self.problem(key, f"is `{text}`, which is not a valid version specifier.")
            return ""
