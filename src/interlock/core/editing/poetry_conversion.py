"""A Poetry project written in the standard form: ``[project]``, ``[dependency-groups]`` and ``[tool.interlock]``.

What poetry-core still needs for the build (packages, include, scripts that are files) stays in ``[tool.poetry]``.
Comments beside and above dependencies move with them.
"""

from __future__ import annotations

import re

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from interlock.core.manifests.manifest import IncludeGroup, Manifest, SourceRule
from interlock.core.names import is_name, normalize_group, normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.core.sources.git_reference import read_reference
from interlock.core.sources.source import Directory, File, Git, Member, Url
from interlock.core.toml.array import literal
from interlock.core.toml.document import Path, TomlDocument, format_key, format_value

__all__ = ["convert_poetry"]

_POETRY: Path = ("tool", "poetry")
_TAKEN = (
    "name",
    "version",
    "description",
    "license",
    "authors",
    "maintainers",
    "readme",
    "homepage",
    "repository",
    "documentation",
    "keywords",
    "classifiers",
    "urls",
    "dependencies",
    "group",
    "dev-dependencies",
    "extras",
    "plugins",
    "source",
    "package-mode",
    "requires-poetry",
)
_TAKEN_BESIDE_PROJECT = ("dependencies", "group", "dev-dependencies", "source", "package-mode", "requires-poetry")
_LEFT_TO_POETRY = ("version", "requires-python", "dependencies", "optional-dependencies")
"""Fields that ``[project]`` may call dynamic so that Poetry's table says them."""
_PERSON = re.compile(r"(?P<name>[^<]*+)(?:<(?P<email>[^>]++)>)?\s*+")


def convert_poetry(data: bytes, manifest: Manifest, file: str) -> bytes:
    """The file in the standard form; itself where Poetry's table is absent or not what was read.

    ``manifest`` is what :func:`parse_manifest` makes of it.
    """
    document = TomlDocument(data, file)
    written = document.get(_POETRY)
    has_project = "project" in document.values
    if not isinstance(written, dict) or (has_project and manifest.dialect != "poetry"):
        return data
    conversion = _Conversion(document, manifest, written)
    sections = [] if has_project else [conversion.project(), *conversion.tables()]
    taken = conversion.dynamic() if has_project else conversion.taken()
    sections.extend(conversion.groups())
    sections.extend(conversion.tool())
    text = "\n\n".join(section for section in sections if section)
    if text:
        document.insert_before(_POETRY, text)
    for key in taken:
        document.delete((*_POETRY, key))
    if not has_project:
        for key, value in list(written.get("scripts", {}).items()):
            if isinstance(value, str) or value.get("type") != "file":
                document.delete((*_POETRY, "scripts", key))
    if document.get((*_POETRY, "scripts")) == {}:
        document.delete((*_POETRY, "scripts"))
    if not document.get(_POETRY):
        document.delete(_POETRY)
    return document.data


class _Conversion:
    def __init__(self, document: TomlDocument, manifest: Manifest, written: dict[str, object]) -> None:
        self._document = document
        self._manifest = manifest
        self._written = written

    def __repr__(self) -> str:
        return f"<Conversion {self._manifest.name}>"

    def project(self) -> str:
        manifest, written = self._manifest, self._written
        lines = ["[project]", f"name = {format_value(manifest.display_name or str(manifest.name))}"]
        lines.append(f"version = {format_value(manifest.version or '0')}")
        for key in ("description", "readme"):
            value = written.get(key)
            if isinstance(value, list):
                lines.append(f'dynamic = ["{key}"]')
            elif value:
                lines.append(f"{key} = {format_value(value)}")
        if isinstance(written.get("license"), str):
            lines.append(f"license = {format_value(_license(str(written['license'])))}")
        for key in ("authors", "maintainers"):
            people = written.get(key)
            if isinstance(people, list) and people:
                lines.append(f"{key} = [\n" + "".join(f"    {_person(str(text))},\n" for text in people) + "]")
        if manifest.requires_python:
            lines.append(f"requires-python = {format_value(_lower_first(manifest.requires_python))}")
        for key in ("keywords", "classifiers"):
            value = written.get(key)
            if isinstance(value, list) and value:
                lines.append(f"{key} = [\n" + "".join(f"    {literal(str(item))},\n" for item in value) + "]")
        lines.append(f"dependencies = {self._list(manifest.dependencies, (*_POETRY, 'dependencies'))}")
        return "\n".join(lines)

    def taken(self) -> tuple[str, ...]:
        """Keys that have gone into ``[project]``. A readme of several files is dynamic, and stays for the backend."""
        return tuple(key for key in _TAKEN if key != "readme" or not isinstance(self._written.get(key), list))

    def dynamic(self) -> tuple[str, ...]:
        """Write into ``[project]`` what it leaves to Poetry's table; the keys that have gone from there."""
        document, manifest = self._document, self._manifest
        listed = document.get(("project", "dynamic"))
        dynamic = [str(field) for field in listed] if isinstance(listed, list) else []
        told = [field for field in _LEFT_TO_POETRY if field in dynamic and field not in manifest.dynamic]
        taken = list(_TAKEN_BESIDE_PROJECT)
        if "version" in told and manifest.version is not None:
            document.set(("project", "version"), format_value(manifest.version))
            taken.append("version")
        if "requires-python" in told:
            document.set(("project", "requires-python"), format_value(_lower_first(manifest.requires_python)))
        table: Path = (*_POETRY, "dependencies")
        if "dependencies" in told:
            document.set(("project", "dependencies"), self._list(manifest.dependencies, table))
        if "optional-dependencies" in told:
            for extra, items in manifest.extras.items():
                document.set(("project", "optional-dependencies", str(extra)), self._list(items, table))
            taken.append("extras")
        if told:
            rest = [field for field in dynamic if field not in told]
            if rest:
                document.set(("project", "dynamic"), format_value(rest))
            else:
                document.delete(("project", "dynamic"))
        return tuple(taken)

    def tables(self) -> list[str]:
        """Sub-tables of ``[project]``."""
        manifest, found = self._manifest, []
        urls = {
            key.capitalize(): self._written[key]
            for key in ("homepage", "repository", "documentation")
            if self._written.get(key)
        }
        more = self._written.get("urls")
        urls |= more if isinstance(more, dict) else {}
        if urls:
            found.append(
                "[project.urls]\n" + "\n".join(f"{format_key(key)} = {format_value(url)}" for key, url in urls.items())
            )
        if manifest.extras:
            lines = [
                f"{format_key(extra)} = {self._list(items, (*_POETRY, 'dependencies'))}"
                for extra, items in manifest.extras.items()
            ]
            found.append("[project.optional-dependencies]\n" + "\n".join(lines))
        if manifest.scripts:
            lines = [f"{format_key(key)} = {format_value(value)}" for key, value in manifest.scripts.items()]
            found.append("[project.scripts]\n" + "\n".join(lines))
        for group, entries in manifest.entry_points.items():
            lines = [f"{format_key(key)} = {format_value(value)}" for key, value in entries.items()]
            found.append(f"[project.entry-points.{format_key(group)}]\n" + "\n".join(lines))
        return found

    def groups(self) -> list[str]:
        standard = self._document.get(("dependency-groups",))
        known = {normalize_group(key) for key in standard} if isinstance(standard, dict) else set()
        lines = []
        for group, entries in self._manifest.groups.items():
            if group in known:
                continue
            table: Path = (*_POETRY, "group", group, "dependencies")
            if self._document.get(table) is None and group == "dev":
                table = (*_POETRY, "dev-dependencies")
            lines.append(f"{format_key(group)} = {self._list(entries, table)}")
        if not lines:
            return []
        if known:
            for line in lines:
                key, _, value = line.partition(" = ")
                self._document.set(("dependency-groups", key), value)
            return []
        return ["[dependency-groups]\n" + "\n".join(lines)]

    def tool(self) -> list[str]:
        """``[tool.interlock]``: what the standard has no place for."""
        manifest, found = self._manifest, []
        lines = []
        if not manifest.package:
            lines.append("package = false")
        default = [group for group in manifest.groups if group not in manifest.optional_groups]
        # Without being told, one reads only `dev`, and all of them where a table of Poetry's is left.
        if manifest.groups and not list(manifest.groups) == default == ["dev"]:
            lines.append(f"default-groups = {format_value(default if manifest.optional_groups else 'all')}")
        if lines and self._document.get(("tool", "interlock")) is None:
            found.append("[tool.interlock]\n" + "\n".join(lines))
        else:
            for line in lines:
                key, _, value = line.partition(" = ")
                self._document.set(("tool", "interlock", key), value)
        ours = self._document.get(("tool", "interlock", "index"))
        said = {entry.get("name") for entry in ours if isinstance(entry, dict)} if isinstance(ours, list) else set()
        for index in manifest.settings.indexes:
            if not index.url or index.name in said:
                continue
            entry = [f"name = {format_value(index.name)}", f"url = {format_value(index.url)}"]
            entry += ["default = true"] if index.default else []
            entry += ["explicit = true"] if index.explicit else []
            found.append("[[tool.interlock.index]]\n" + "\n".join(entry))
        found.extend(self._sources())
        return found

    def _sources(self) -> list[str]:
        """``[tool.interlock.sources]``, or what is added to the one that is there."""
        table: Path = ("tool", "interlock", "sources")
        ours = self._document.get(table)
        said = {normalize_name(key) for key in ours if is_name(key)} if isinstance(ours, dict) else set()
        lines = []
        for name, rules in self._manifest.sources.items():
            if name in said:
                continue
            entries = [_source(rule, self._manifest.path) for rule in rules]
            value = format_value(entries[0]) if len(entries) == 1 else format_value(entries)
            if ours is None:
                lines.append(f"{format_key(name)} = {value}")
            else:
                self._document.set((*table, str(name)), value)
        return ["[tool.interlock.sources]\n" + "\n".join(lines)] if lines else []

    def _list(self, entries: tuple[Requirement | IncludeGroup, ...], table: Path) -> str:
        """A list, an item per line, with the comments that the old lines had."""
        if not entries:
            return "[]"
        values = self._document.get(table)
        keys = {normalize_name(key): key for key in values if is_name(key)} if isinstance(values, dict) else {}
        spelled = dict(keys)
        lines, said = [], set()
        for entry in entries:
            if isinstance(entry, IncludeGroup):
                lines.append(f'    {{ include-group = "{entry.group}" }},')
                continue
            key = spelled.get(normalize_name(entry.name))
            above, beside = self._document.comments((*table, key)) if key is not None and key not in said else ((), "")
            said.add(key or "")
            text = _readable(entry)
            if key is not None:
                text = key + text[len(entry.name) :]
            lines += [f"    {line}" for line in above]
            lines.append(f"    {literal(text)},{'  ' + beside if beside else ''}")
        return "[\n" + "\n".join(lines) + "\n]"


def _readable(requirement: Requirement) -> str:
    """Lower bounds first, markers with single quotes."""
    assert not requirement.url, "what Poetry names by its address has a source"
    clauses = requirement.specifier.split(",") if requirement.specifier else []
    clauses.sort(key=lambda clause: (clause[0] not in ">~=", clause))
    body = (
        f"{requirement.name}{'[' + ','.join(requirement.extras) + ']' if requirement.extras else ''}{','.join(clauses)}"
    )
    marker = requirement.marker.replace('"', "'") if "'" not in requirement.marker else requirement.marker
    return f"{body} ; {marker}" if marker else body


def _lower_first(specifier: str) -> str:
    return ",".join(sorted(specifier.split(","), key=lambda clause: clause[0] != ">"))


def _license(text: str) -> object:
    """An SPDX expression, or else the text as what it is: ``[project]`` knows no others (PEP 639)."""
    try:
        canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return {"text": text}
    return text


def _person(text: str) -> str:
    match = _PERSON.fullmatch(text)
    if match is None:
        return format_value({"name": text})
    return format_value({key: value.strip() for key, value in match.groupdict().items() if value and value.strip()})


def _source(rule: SourceRule, path: str) -> dict[str, object]:
    """A rule as an entry of a sources table."""
    source = rule.source
    entry: dict[str, object] = {}
    up = "" if path == "." else "../" * (path.count("/") + 1)
    if isinstance(source, Git):
        entry["git"] = source.url
        reference = read_reference(source.reference)
        if reference is not None:
            entry[reference.kind] = reference.name
        if source.subdirectory:
            entry["subdirectory"] = source.subdirectory
    elif isinstance(source, Url):
        entry["url"] = source.url
        if source.subdirectory:
            entry["subdirectory"] = source.subdirectory
    elif isinstance(source, File | Directory):
        entry["path"] = f"{up}{source.path}"
        if rule.editable:
            entry["editable"] = True
    elif isinstance(source, Member):
        entry["workspace"] = True
    else:
        entry["index"] = source.index
    if rule.marker:
        entry["marker"] = rule.marker.replace('"', "'")
    if rule.group:
        entry["group"] = rule.group
    return entry
