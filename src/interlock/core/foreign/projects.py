"""Projects that other tools describe in files of their own (lists of requirements, ``Pipfile``), as a manifest."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from interlock.core.editing.requirement_wishes import Wish, parse_requirements_file
from interlock.core.names import is_name, normalize_name
from interlock.core.toml.array import literal
from interlock.core.toml.document import format_key, format_value
from interlock.core.versions.poetry_constraint import specifier_of
from interlock.errors import ManifestError

__all__ = ["ForeignProject", "UnreadableProject", "format_project", "from_pipfile", "from_requirements"]

_MAIN = "main"


class UnreadableProject(ManifestError):
    """Another tool's project that cannot be read, or says something that has no standard form."""

    code = "unreadable-project"


class ForeignProject(msgspec.Struct, frozen=True, kw_only=True):
    requires_python: str = ""
    groups: dict[str, tuple[str, ...]] = {}
    """Requirements by group; ``main`` are the project's own."""
    sources: dict[str, dict[str, object]] = {}
    """Entries of the sources table."""
    indexes: tuple[tuple[str, str], ...] = ()
    """Names and URLs, in order."""


def from_requirements(texts: Mapping[str, str]) -> ForeignProject:
    """Lists by file name: ``requirements.txt`` is the project's own, ``requirements-dev.txt`` its group ``dev``.

    A constraint or list that is included is not followed. Raises :class:`UnreadableProject`.
    """
    groups: dict[str, list[str]] = {}
    sources: dict[str, dict[str, object]] = {}
    for file, text in texts.items():
        stem = file.rpartition("/")[2].rpartition(".")[0]
        group = stem.removeprefix("requirements").removesuffix("requirements").strip("-_.") or _MAIN
        for wish in parse_requirements_file(text)[0]:
            if wish.source.get("path") in {".", "./"}:
                continue  # the project itself
            if not wish.name:
                raise UnreadableProject(
                    f"{file}: `{wish.typed}` does not say which package it is.",
                    hint=f"Write its name in front: `NAME @ {wish.typed}`.",
                )
            groups.setdefault(group, []).append(_requirement(wish))
            if "path" in wish.source:
                sources[wish.name] = {**wish.source, **({"editable": True} if wish.editable else {})}
    return ForeignProject(groups={name: tuple(found) for name, found in groups.items()}, sources=sources)


def _requirement(wish: Wish) -> str:
    extras = f"[{','.join(wish.extras)}]" if wish.extras else ""
    marker = f" ; {wish.marker}" if wish.marker else ""
    return f"{wish.name}{extras}{_reference(wish.source) or wish.specifier}{marker}"


def _reference(source: Mapping[str, str]) -> str:
    """Where a repository or an archive is, as a direct reference; paths have no place in one."""
    if "git" in source:
        url = f"git+{source['git']}" + (f"@{source['rev']}" if "rev" in source else "")
    elif "url" in source:
        url = source["url"]
    else:
        return ""
    return f" @ {url}" + (f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else "")


def from_pipfile(text: str) -> ForeignProject:
    """A ``Pipfile`` (TOML). Raises :class:`UnreadableProject`."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableProject(f"Pipfile cannot be read: {error}.") from error
    groups: dict[str, tuple[str, ...]] = {}
    sources: dict[str, dict[str, object]] = {}
    for table, packages in document.items():
        if table in {"source", "requires", "scripts", "pipenv"} or not isinstance(packages, dict):
            continue
        group = {"packages": _MAIN, "dev-packages": "dev"}.get(table, table)
        groups[group] = tuple(_from_pipfile(name, value, sources) for name, value in packages.items())
    return ForeignProject(
        requires_python=_python_of_pipfile(document),
        groups=groups,
        sources=sources,
        indexes=tuple(_indexes_of_pipfile(document)),
    )


def _python_of_pipfile(document: Mapping[str, object]) -> str:
    requires = document.get("requires", {})
    if not isinstance(requires, dict):
        raise UnreadableProject("Pipfile: `requires` is no table.")
    python = requires.get("python_full_version") or requires.get("python_version") or ""
    if not isinstance(python, str):
        raise UnreadableProject(f"Pipfile: the Python that it requires is `{python!r}`, which is no text.")
    return f">={python}" if python else ""


def _indexes_of_pipfile(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    sources = document.get("source", [])
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        raise UnreadableProject("Pipfile: `source` is no list of tables.")
    for source in sources:
        if source.get("url") and source.get("name") != "pypi":
            yield str(source.get("name", "")), str(source["url"])


def _from_pipfile(name: str, value: object, sources: dict[str, dict[str, object]]) -> str:
    entry: dict[str, Any] = {"version": value} if isinstance(value, str) else value if isinstance(value, dict) else {}
    if not is_name(name) or not entry:
        raise UnreadableProject(f"Pipfile: `{name} = {value!r}` is no package.")
    _check_types(name, entry)
    extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
    specifier = specifier_of(str(entry.get("version", "*")))
    conditions = [str(entry["markers"])] if entry.get("markers") else []
    conditions += [f"{key} {entry[key]}" for key in _MARKER_KEYS if key in entry]
    marker = " and ".join(f"({text})" if " or " in text else text for text in conditions)
    source: dict[str, object] = {kind: entry[kind] for kind in ("git", "path") if kind in entry}
    if "file" in entry:
        source = {"url": entry["file"]} if "://" in str(entry["file"]) else {"path": entry["file"]}
    if "git" in source and entry.get("ref"):
        source["rev"] = entry["ref"]
    if "git" in source and entry.get("subdirectory"):
        source["subdirectory"] = entry["subdirectory"]
    if "path" in source and entry.get("editable"):
        source["editable"] = True
    if entry.get("index") and entry["index"] != "pypi":
        source = {"index": entry["index"]}
    if source:
        sources[name] = source
    return f"{name}{extras}{specifier}" + (f" ; {marker}" if marker else "")


def _check_types(name: str, entry: Mapping[str, object]) -> None:
    for key, value in entry.items():
        if key == "extras":
            sound = isinstance(value, list) and all(isinstance(extra, str) for extra in value)
        else:
            sound = key not in _TEXTS or isinstance(value, str)
        if not sound:
            raise UnreadableProject(f"Pipfile: `{key}` of {name} is `{value!r}`, which it cannot be.")


_MARKER_KEYS = ("sys_platform", "platform_machine", "platform_system", "python_version", "os_name")
_TEXTS = frozenset({*_MARKER_KEYS, "version", "markers", "git", "path", "file", "ref", "subdirectory", "index"})


def format_project(project: ForeignProject, name: str, requires_python: str) -> str:
    """The manifest of a project that had none; ``requires_python`` where it did not say so itself."""
    python = project.requires_python or requires_python
    lines = ["[project]", f"name = {format_value(str(normalize_name(name)))}", 'version = "0.1.0"']
    lines += [f"requires-python = {format_value(python)}"] if python else []
    lines += _list("dependencies", project.groups.get(_MAIN, ()))
    groups = {group: found for group, found in project.groups.items() if group != _MAIN}
    if groups:
        lines += ["", "[dependency-groups]"]
        for group, found in groups.items():
            lines += _list(format_key(group), found)
    if project.sources:
        lines += ["", "[tool.interlock.sources]"]
        lines += [f"{format_key(key)} = {format_value(source)}" for key, source in sorted(project.sources.items())]
    for index, url in project.indexes:
        lines += ["", "[[tool.interlock.index]]", f"name = {format_value(index)}", f"url = {format_value(url)}"]
    return "\n".join(lines) + "\n"


def _list(key: str, texts: tuple[str, ...]) -> list[str]:
    if not texts:
        return [f"{key} = []"]
    return [f"{key} = [", *(f"    {literal(text)}," for text in texts), "]"]
