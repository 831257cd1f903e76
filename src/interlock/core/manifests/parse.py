"""A ``pyproject.toml`` into a manifest: chooses the dialect and puts what its tables say together.

Where ``[tool.interlock]`` exists, ``[tool.uv]`` is not looked at; where neither does, the standard tables are all.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection

import msgspec

from interlock.core.manifests import interlock as manifest_interlock
from interlock.core.manifests import uv as manifest_uv
from interlock.core.manifests.catalog import parse_catalog
from interlock.core.manifests.groups import Groups, parse_groups
from interlock.core.manifests.manifest import (
    BuildSystem,
    Dialect,
    Manifest,
    ToolSettings,
    WorkspaceTable,
    pinned_indexes,
)
from interlock.core.manifests.poetry import apply_poetry
from interlock.core.manifests.problems import BrokenToml, Problems
from interlock.core.manifests.project import ProjectTable, parse_build_system, parse_project
from interlock.core.manifests.settings import ROOT_KEYS, parse_settings
from interlock.core.manifests.sources import parse_sources
from interlock.core.manifests.table import Table
from interlock.core.names import GroupName, is_name, normalize_group

__all__ = ["parse_manifest", "read_document"]

_DEV = GroupName("dev")
_NOTHING: dict[str, object] = {}


_OURS = ("project", "dependency-groups", "build-system", "tool")


def read_document(data: bytes, file: str) -> dict[str, object]:
    """The TOML of a file; raises :class:`BrokenToml`."""
    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BrokenToml(file, f"it is not UTF-8 (at line {line}, column 1)") from error
    except ValueError as error:  # a TOMLDecodeError, or a number of thousands of digits
        raise BrokenToml(file, str(error), conflicted=re.search(rb"^<{7} ", data, re.MULTILINE) is not None) from error
    except RecursionError as error:
        raise BrokenToml(file, "it is nested too deeply") from error
    # Written as an escape only; what others keep in their tables is theirs.
    if b"0000" in data and any(_has_nul(document.get(key)) for key in _OURS):
        raise BrokenToml(file, "it holds a NUL character, which no name, path or address has")
    return document


def _has_nul(value: object) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and "\0" in item:
            return True
        if isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
    return False


def parse_manifest(data: bytes, *, path: str, file: str) -> Manifest:
    """Read one manifest.

    ``path`` is its directory relative to the workspace root (``"."`` for the root), which relative paths in it are
    joined to; ``file`` is how messages call it. Values that only a build backend reads are judged by the standard where
    ``[tool.interlock]`` is used and warned about elsewhere: a workspace that other tools accept works as it stands.
    Raises :class:`BrokenToml`, or :class:`InvalidManifest` with every problem found.
    """
    document = read_document(data, file)
    problems = Problems(file, data.decode("utf-8-sig"))
    top = Table(document, (), problems)
    tool = top.table("tool") or Table(_NOTHING, ("tool",), problems)
    dialect, table = _tool_table(tool)
    project_table = top.table("project")
    project = parse_project(project_table) if project_table is not None else ProjectTable()
    groups, group_problems = _groups(top.table("dependency-groups"), table)
    build_system, package = _build(top.table("build-system"), table, is_project=project_table is not None)
    sources = table.table("sources")
    manifest = Manifest(
        path=path,
        name=project.name,
        display_name=project.display_name,
        version=project.version,
        dynamic=project.dynamic,
        requires_python=project.requires_python,
        dependencies=project.dependencies,
        extras=project.extras,
        groups=groups,
        group_problems=group_problems,
        group_requires_python=_group_requires_python(table, {*groups, *group_problems}, tool),
        default_groups=_default_groups(table),
        scripts=project.scripts,
        gui_scripts=project.gui_scripts,
        entry_points=project.entry_points,
        build_system=build_system,
        package=package,
        sources=parse_sources(sources, path) if sources is not None else {},
        workspace=_workspace(table),
        settings=parse_settings(table, project.name, path) if table.values else ToolSettings(),
        managed=table.flag("managed") is not False,
        catalog=parse_catalog(table, path),
        kept=manifest_interlock.kept_keys(table) if dialect == "interlock" else {},
        dialect=dialect,
    )
    poetry = tool.table("poetry")
    if poetry is not None and (project_table is None or dialect == "standard"):
        manifest = apply_poetry(manifest, poetry)
    _warn_of_root_settings(table, manifest)
    warnings = problems.finish(strict=dialect == "interlock")
    return msgspec.structs.replace(manifest, warnings=warnings) if warnings else manifest


def _tool_table(tool: Table) -> tuple[Dialect, Table]:
    """The dialect and its table, the keys of which have been checked."""
    ours = tool.table("interlock")
    if ours is not None:
        manifest_interlock.check_keys(ours)
        return "interlock", ours
    uv = tool.table("uv")
    if uv is not None:
        manifest_uv.check_keys(uv)
        return "uv", uv
    return "standard", Table(_NOTHING, ("tool", "interlock"), tool.problems)


def _groups(written: Table | None, table: Table) -> tuple[Groups, dict[GroupName, str]]:
    """The groups, with the older ``dev-dependencies`` joined to group ``dev``."""
    groups, problems = parse_groups(written) if written is not None else ({}, {})
    if "dev-dependencies" in table:
        groups[_DEV] = (*groups.get(_DEV, ()), *table.requirements("dev-dependencies"))
    return groups, problems


def _build(written: Table | None, table: Table, *, is_project: bool) -> tuple[BuildSystem | None, bool]:
    """The build system, and whether the project is built at all: as uv decides it, by there being a build system."""
    build_system = parse_build_system(written) if written is not None else None
    said = table.flag("package")
    package = is_project and (build_system is not None if said is None else said)
    return (BuildSystem() if package and build_system is None else build_system), package


def _group_requires_python(table: Table, known: Collection[GroupName], tool: Table) -> dict[GroupName, str]:
    inner = table.table("dependency-groups")
    found: dict[GroupName, str] = {}
    for key in inner.values if inner is not None else ():
        assert inner is not None
        entry = inner.table(key)
        if entry is not None:
            entry.only(("requires-python",))
            specifier = entry.specifier("requires-python")
            if normalize_group(key) not in known and "poetry" not in tool:
                table.problems.warn(f"`{'.'.join(entry.where)}`: there is no dependency group `{key}`.")
            if specifier:
                found[normalize_group(key)] = specifier
    return found


def _default_groups(table: Table) -> tuple[GroupName, ...] | None:
    if "default-groups" not in table:
        return None
    if table.values["default-groups"] == "all":
        return (GroupName("all"),)
    found = []
    for text in table.texts("default-groups"):
        if is_name(text):
            found.append(normalize_group(text))
        else:
            table.problem("default-groups", f"has `{text}`, which is not the name of a group.", near=text)
    return tuple(found)


def _workspace(table: Table) -> WorkspaceTable | None:
    inner = table.table("workspace")
    if inner is None:
        return None
    inner.only(("members", "exclude"))
    for key in ("members", "exclude"):
        for pattern in inner.texts(key):
            if pattern.startswith("/") or not pattern:
                inner.problem(key, f"has `{pattern}`; a pattern is relative to the workspace root.", near=pattern)
    return WorkspaceTable(members=inner.texts("members"), exclude=inner.texts("exclude"))


def _warn_of_root_settings(table: Table, manifest: Manifest) -> None:
    if manifest.path == ".":
        return
    own = {index.name for index in manifest.settings.indexes} <= pinned_indexes(manifest)
    for key in ROOT_KEYS:
        # An index for the member's own sources does count, and so do conflicts.
        if key in table and key != "conflicts" and not (key == "index" and own):
            name = ".".join((*table.where, key))
            table.problems.warn(f"`{name}` only counts in the workspace root; here it does nothing.")
