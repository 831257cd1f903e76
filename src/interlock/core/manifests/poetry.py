"""The tool table in Poetry's spelling, ``[tool.poetry]``: a project of its own, or what is added to ``[project]``."""

from __future__ import annotations

import msgspec

from interlock.core.manifests.groups import Groups
from interlock.core.manifests.manifest import IncludeGroup, Manifest, SourceRule
from interlock.core.manifests.poetry_dependencies import PoetryDependency, parse_dependencies
from interlock.core.manifests.table import Table
from interlock.core.names import (
    ExtraName,
    GroupName,
    NormalizedName,
    is_name,
    normalize_extra,
    normalize_group,
    normalize_name,
)
from interlock.core.requirements.requirement import Requirement
from interlock.core.sources.direct_references import without_credentials
from interlock.core.sources.index_order import DEFAULT_INDEX
from interlock.core.sources.source import Index
from interlock.core.versions.poetry_constraint import InvalidConstraint, specifier_of

__all__ = ["apply_poetry"]

_PYTHON = NormalizedName("python")
_DEV = GroupName("dev")
_NOTHING: dict[str, object] = {}
_SAID_BY_POETRY = frozenset({"dependencies", "optional-dependencies", "requires-python", "version", "scripts"})
_PRIORITIES = ("primary", "default", "secondary", "supplemental", "explicit")


class _Parts(msgspec.Struct, kw_only=True):
    """What is collected from the dependency tables."""

    sources: dict[NormalizedName, list[SourceRule]] = msgspec.field(default_factory=dict)
    groups: Groups = msgspec.field(default_factory=dict)
    optional: set[GroupName] = msgspec.field(default_factory=set)
    only_finals: set[NormalizedName] = msgspec.field(default_factory=set)


def apply_poetry(manifest: Manifest, table: Table) -> Manifest:
    """The manifest with what ``[tool.poetry]`` says.

    Without ``[project]`` it says everything. With one, its dependencies only tell where the project's own come from,
    unless the project leaves them to it (``dynamic``), as Poetry 2 has it.
    """
    alone = manifest.name is None
    python, main = _main(table, manifest.path)
    parts = _Parts()
    told = alone or "dependencies" in manifest.dynamic
    for dependency in main:
        _note_sources(parts, dependency, None)
    _groups(table, parts, manifest)
    project = _project(manifest, table) if alone else manifest
    by_name: dict[NormalizedName, list[PoetryDependency]] = {}
    for dependency in main:
        by_name.setdefault(dependency.name, []).append(dependency)
    extras = _extras(table, by_name) if alone or "optional-dependencies" in manifest.dynamic else manifest.extras
    dependencies = manifest.dependencies
    if told:
        dependencies = tuple(requirement for item in main if not item.optional for requirement in item.requirements)
    package_mode = table.flag("package-mode") is not False
    indexes = manifest.settings.indexes or _indexes(table)
    return msgspec.structs.replace(
        project,
        version=(table.text("version") or None) if not alone and "version" in manifest.dynamic else project.version,
        dynamic=frozenset() if alone else manifest.dynamic - (_SAID_BY_POETRY & _told(table)),
        requires_python=python if alone or "requires-python" in manifest.dynamic else manifest.requires_python,
        dependencies=dependencies,
        extras=extras,
        groups={**parts.groups, **manifest.groups},
        optional_groups=frozenset(parts.optional),
        only_finals=frozenset(parts.only_finals),
        default_groups=manifest.default_groups or (GroupName("all"),),
        package=package_mode and manifest.build_system is not None,
        sources={
            **{name: tuple(dict.fromkeys(rules)) for name, rules in parts.sources.items()},
            **manifest.sources,
        },
        settings=msgspec.structs.replace(manifest.settings, indexes=indexes) if indexes else manifest.settings,
        dialect="poetry" if manifest.dialect == "standard" else manifest.dialect,
    )


def _told(table: Table) -> frozenset[str]:
    """Dynamic fields of ``[project]`` that the table answers, so that no backend has to be asked."""
    found = {"dependencies", "optional-dependencies", "scripts"}
    dependencies = table.table("dependencies")
    if dependencies is not None and "python" in dependencies:
        found.add("requires-python")
    if table.values.get("version"):
        found.add("version")
    return frozenset(found)


def _project(manifest: Manifest, table: Table) -> Manifest:
    """Name, version and scripts of a project that Poetry describes alone."""
    name = table.text("name") or ""
    if not name and table.flag("package-mode") is False:
        # A project that is only an environment needs no name in Poetry; members of a workspace do.
        name = "project" if manifest.path == "." else manifest.path.rpartition("/")[2]
    if not is_name(name):
        table.problem("name", f"is `{name}`, which is not a name." if name else "is missing; every project has a name.")
        return manifest
    scripts: dict[str, str] = {}
    written = table.table("scripts") or Table(_NOTHING, (*table.where, "scripts"), table.problems)
    for key, value in written.values.items():
        if isinstance(value, str):
            scripts[key] = value
        elif isinstance(value, dict) and value.get("type") != "file":
            scripts[key] = str(value.get("reference") or value.get("callable") or "")
    plugins = table.table("plugins")
    return msgspec.structs.replace(
        manifest,
        name=normalize_name(name),
        display_name=name,
        version=table.text("version") or None,
        scripts={key: value for key, value in scripts.items() if value},
        entry_points={key: plugins.text_map(key) for key in plugins.values} if plugins is not None else {},
    )


def _main(table: Table, path: str) -> tuple[str, list[PoetryDependency]]:
    """The Python range and the project's own dependencies."""
    dependencies = table.table("dependencies")
    if dependencies is None:
        return "", []
    python = ""
    written = dependencies.values.get("python")
    if isinstance(written, str):
        try:
            python = ",".join(sorted(specifier_of(written).split(",")))
        except InvalidConstraint as error:
            dependencies.problem("python", f"is not understood: {error.message}.")
    return python, [item for item in parse_dependencies(dependencies, path) if item.name != _PYTHON]


def _groups(table: Table, parts: _Parts, manifest: Manifest) -> None:
    """``[tool.poetry.group.*]`` and the older ``dev-dependencies``."""
    old = table.table("dev-dependencies")
    if old is not None:
        _group(parts, _DEV, parse_dependencies(old, manifest.path), ())
    groups = table.table("group")
    written: dict[GroupName, str] = {}
    for key in groups.values if groups is not None else ():
        assert groups is not None
        inner = groups.table(key)
        if inner is None or not is_name(key):
            groups.problem(key, "is not a group.")
            continue
        group = normalize_group(key)
        if written.setdefault(group, key) != key:
            groups.problem(key, f"is the same group as `{written[group]}`.")
        dependencies = inner.table("dependencies")
        found = parse_dependencies(dependencies, manifest.path) if dependencies is not None else []
        includes = tuple(normalize_group(text) for text in inner.texts("include-groups"))
        if inner.flag("optional"):
            parts.optional.add(group)
        if group in manifest.groups:  # the standard table has the requirements, this one their sources
            for dependency in found:
                _note_sources(parts, dependency, group)
        else:
            _group(parts, group, found, includes)


def _group(parts: _Parts, group: GroupName, found: list[PoetryDependency], includes: tuple[GroupName, ...]) -> None:
    entries: list[Requirement | IncludeGroup] = [IncludeGroup(include) for include in includes]
    entries += [requirement for item in found for requirement in item.requirements]
    parts.groups[group] = (*parts.groups.get(group, ()), *entries)
    for dependency in found:
        _note_sources(parts, dependency, group)


def _note_sources(parts: _Parts, dependency: PoetryDependency, group: GroupName | None) -> None:
    known = parts.sources.get(dependency.name, [])
    plain = [msgspec.structs.replace(rule, group=None) for rule in known]
    if dependency.only_finals:
        parts.only_finals.add(dependency.name)
    for rule in dependency.rules:
        if rule not in plain:
            parts.sources.setdefault(dependency.name, []).append(msgspec.structs.replace(rule, group=group))


def _extras(
    table: Table, by_name: dict[NormalizedName, list[PoetryDependency]]
) -> dict[ExtraName, tuple[Requirement, ...]]:
    written = table.table("extras")
    found: dict[ExtraName, tuple[Requirement, ...]] = {}
    for key in written.values if written is not None else ():
        assert written is not None
        requirements: list[Requirement] = []
        for text in written.texts(key):
            name = normalize_name(text) if is_name(text) else NormalizedName("")
            if name not in by_name:
                written.problems.warn(f"`{'.'.join((*written.where, key))}` names `{text}`, which is no dependency.")
            requirements += [requirement for item in by_name.get(name, ()) for requirement in item.requirements]
        found[normalize_extra(key)] = tuple(requirements)
    return found


def _indexes(table: Table) -> tuple[Index, ...]:
    """``[[tool.poetry.source]]``: a primary one replaces PyPI, supplemental ones come after it."""
    by_priority: dict[str, list[Index]] = {priority: [] for priority in _PRIORITIES}
    for entry in table.tables("source"):
        name, url = entry.text("name") or "", entry.text("url") or ""
        public = name.lower() == DEFAULT_INDEX
        if not name or not (url or public):
            entry.problems.add(entry.where, "has an entry without `name` or `url`.")
            continue
        priority = "primary"
        if entry.flag("default"):
            priority = "default"
        elif entry.flag("secondary"):
            priority = "secondary"
        priority = entry.choice("priority", _PRIORITIES, priority)
        by_priority[priority].append(
            Index(
                name=DEFAULT_INDEX if public else name,
                url=url if not url or "://" in url else without_credentials(url),
                explicit=priority == "explicit",
            )
        )
    primary = [*by_priority["default"], *by_priority["primary"]]
    later = [*by_priority["secondary"], *by_priority["supplemental"]]
    if not primary and (later or by_priority["explicit"]):
        primary = [Index(name=DEFAULT_INDEX, url="")]
    if not primary:
        return ()
    # The index that counts as the default one keeps PyPI from being added to the others.
    last = next((index for index in primary if index.name == DEFAULT_INDEX), primary[-1])
    ordered = [msgspec.structs.replace(index, default=index is last) for index in primary]
    return (*ordered, *later, *by_priority["explicit"])
