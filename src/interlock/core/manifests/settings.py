"""Resolution, build and environment settings of a tool table; the two dialects spell them alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from packaging.specifiers import InvalidSpecifier
from packaging.version import InvalidVersion

from interlock.core.manifests.audit import parse_audit
from interlock.core.manifests.cache_keys import CacheKey, parse_cache_keys
from interlock.core.manifests.indexes import find_links_and_indexes
from interlock.core.manifests.manifest import AuditTable, ConflictItem, ScopedOverride, ToolSettings
from interlock.core.manifests.table import Table
from interlock.core.names import NormalizedName, is_name, normalize_extra, normalize_group, normalize_name
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.core.settings.build_cache import NamedBuildCache
from interlock.core.settings.choices import (
    BOUNDS,
    CACHE_MODES,
    ENVIRONMENTS,
    FORK_STRATEGIES,
    INDEX_STRATEGIES,
    LINK_MODES,
    PREFERRED,
    PRERELEASES,
    Prerelease,
)
from interlock.core.settings.limits import Limits
from interlock.core.settings.service import service_problem
from interlock.core.versions.version_list import parse_specifier, parse_version

__all__ = ["BUILD_KEYS", "RESOLUTION_KEYS", "ROOT_KEYS", "parse_settings"]

_Value = TypeVar("_Value")

RESOLUTION_KEYS = (
    "index",
    "index-url",
    "extra-index-url",
    "default-index",
    "find-links",
    "no-index",
    "index-strategy",
    "environments",
    "required-environments",
    "conflicts",
    "constraint-dependencies",
    "override-dependencies",
    "exclude-dependencies",
    "build-constraint-dependencies",
    "prerelease",
    "prerelease-package",
    "resolution",
    "fork-strategy",
    "exclude-newer",
    "exclude-newer-package",
    "dependency-metadata",
    "required-version",
    "limits",
)
"""What shapes a resolution."""
BUILD_KEYS = (
    "no-build",
    "no-build-package",
    "no-binary",
    "no-binary-package",
    "no-sources",
    "no-sources-package",
    "no-build-isolation",
    "no-build-isolation-package",
    "config-settings",
    "config-settings-package",
    "extra-build-dependencies",
    "link-mode",
)
"""What shapes builds, and how what is built gets into an environment."""
ROOT_KEYS = (
    *RESOLUTION_KEYS,
    *BUILD_KEYS,
    "env",
    "add-bounds",
    "service",
    "cache",
    "affected",
    "audit",
    "build",
    "version",
)
"""Settings that only count in the workspace root: a member that has one is warned about."""


def parse_settings(table: Table, name: NormalizedName | None, path: str) -> ToolSettings:
    """Read the settings; ``name`` is the project's own, which conflict items without a package mean."""
    find_links, indexes = find_links_and_indexes(table, path)
    no_build_isolation = table.flag("no-build-isolation")
    return ToolSettings(
        indexes=indexes,
        index_strategy=table.choice("index-strategy", INDEX_STRATEGIES, "first-index"),
        find_links=find_links,
        no_index=table.flag("no-index") or False,
        environments=table.markers("environments"),
        required_environments=table.markers("required-environments"),
        conflicts=_conflicts(table, name),
        constraints=table.requirements("constraint-dependencies"),
        overrides=_overrides(table),
        scoped_overrides=_scoped_overrides(table),
        excludes=table.names("exclude-dependencies"),
        build_constraints=table.requirements("build-constraint-dependencies"),
        prerelease=_prerelease(table),
        prerelease_package=_prerelease_package(table),
        resolution=table.choice("resolution", PREFERRED, "highest"),
        fork_strategy=table.choice("fork-strategy", FORK_STRATEGIES, "requires-python"),
        exclude_newer=table.text("exclude-newer") or "",
        exclude_newer_package=_exclude_newer_package(table),
        no_build=table.flag("no-build") or False,
        no_build_packages=table.names("no-build-package"),
        no_binary=table.flag("no-binary") or False,
        no_binary_packages=table.names("no-binary-package"),
        no_sources=table.flag("no-sources") or False,
        no_sources_packages=table.names("no-sources-package"),
        no_build_isolation=no_build_isolation or False,
        no_build_isolation_packages=table.names("no-build-isolation-package"),
        config_settings=_config(table, "config-settings"),
        config_settings_package=_config_package(table),
        extra_build_dependencies=_extra_build(table),
        dependency_metadata=_dependency_metadata(table),
        link_mode=table.choice("link-mode", ("", *LINK_MODES), ""),
        env=table.choice("env", ENVIRONMENTS, "shared"),
        add_bounds=table.choice("add-bounds", ("", *BOUNDS), ""),
        required_version=_required_version(table),
        service=_service(table),
        build_cache=_build_cache(table),
        limits=_limits(table),
        cache_keys=_cache_keys(table),
        audit=parse_audit(table) if table.where[-1:] == ("interlock",) else AuditTable(),
    )


def _service(table: Table) -> str:
    inner = table.table("service")
    if inner is None:
        return ""
    inner.only({"url"})
    url = inner.text("url") or ""
    if url and (problem := service_problem(url)):
        inner.problem("url", f"{problem}.", near=url)
        return ""
    return url


def _build_cache(table: Table) -> NamedBuildCache:
    inner = table.table("cache")
    if inner is None:
        return NamedBuildCache()
    inner.only({"url", "mode"})
    url = inner.text("url") or ""
    if url and (problem := service_problem(url)):
        inner.problem("url", f"{problem}.", near=url)
        return NamedBuildCache()
    return NamedBuildCache(url=url, mode=inner.choice("mode", CACHE_MODES, "read") if "mode" in inner else None)


def _limits(table: Table) -> dict[str, int]:
    inner = table.table("limits")
    if inner is None:
        return {}
    inner.only(Limits.__struct_encode_fields__)
    found = {}
    for key, value in inner.values.items():
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
            found[key] = value
        else:
            inner.problem(key, "must be a number of bytes or entries.")
    return found


def _prerelease(table: Table) -> Prerelease:
    written = table.values.get("prerelease")
    if written == "if-necessary-or-explicit":  # the name of the default in older versions of uv
        return "if-necessary"
    return table.choice("prerelease", PRERELEASES, "if-necessary")


def _prerelease_package(table: Table) -> dict[NormalizedName, Prerelease]:
    inner = table.table("prerelease-package")
    if inner is None:
        return {}
    return {normalize_name(key): inner.choice(key, PRERELEASES, "if-necessary") for key in inner.values}


def _required_version(table: Table) -> str:
    text = table.text("required-version") or ""
    try:
        parse_specifier(text if not text[:1].isdigit() else f"=={text}")
    except InvalidSpecifier:
        table.problem("required-version", f"is `{text}`, which is not a valid version specifier.")
    if table.where[-1:] == ("uv",):
        return ""  # of uv: it says nothing about us
    return f"=={text}" if text[:1].isdigit() else text


def _conflicts(table: Table, name: NormalizedName | None) -> tuple[tuple[ConflictItem, ...], ...]:
    value = table.values.get("conflicts")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(group, list) for group in value):
        table.problem("conflicts", "must be a list of lists.")
        return ()
    found = []
    for group in value:
        items = [_conflict_item(table, item, name) for item in group]
        complete = [item for item in items if item is not None]
        if len(complete) < 2 and len(complete) == len(items):
            table.problem("conflicts", "has a set with fewer than two items.")
        found.append(tuple(sorted(set(complete), key=lambda item: item.order)))
    return tuple(found)


def _conflict_item(table: Table, value: object, name: NormalizedName | None) -> ConflictItem | None:
    if not isinstance(value, dict):
        table.problem("conflicts", "has an item that is not a table.")
        return None
    item = Table(value, (*table.where, "conflicts"), table.problems)
    item.only(("package", "extra", "group"))
    package, extra, group = item.text("package"), item.text("extra"), item.text("group")
    if extra is not None and group is not None:
        table.problem("conflicts", "has an item with both `extra` and `group`; write two items.", near=extra)
    member = normalize_name(package) if package is not None else name
    if member is None or (package is None and extra is None and group is None):
        table.problem("conflicts", "has an item that does not name its `package`.")
        return None
    return ConflictItem(
        member,
        extra=normalize_extra(extra) if extra is not None else None,
        group=normalize_group(group) if group is not None else None,
    )


def _overrides(table: Table) -> tuple[Requirement, ...]:
    """Overrides for everybody; those of one package are tables."""
    value = table.values.get("override-dependencies")
    if not isinstance(value, list):
        return table.requirements("override-dependencies")
    plain = [item for item in value if not isinstance(item, dict)]
    return Table({"override-dependencies": plain}, table.where, table.problems).requirements("override-dependencies")


def _scoped_overrides(table: Table) -> tuple[ScopedOverride, ...]:
    """``{ package = { name = "x", version = "1.0" }, dependencies = ["y>=2"] }``; a version may be a specifier."""
    value = table.values.get("override-dependencies")
    found = []
    for item in value if isinstance(value, list) else ():
        if not isinstance(item, dict):
            continue
        entry = Table(item, (*table.where, "override-dependencies"), table.problems)
        entry.only({"package", "dependencies"})
        package = entry.table("package")
        name = package.text("name") if package is not None else None
        if package is None or not name or not is_name(name):
            table.problem("override-dependencies", 'has a table without `package = { name = "..." }`.')
            continue
        package.only({"name", "version"})
        version = package.text("version") or ""
        specifier = f"=={version}" if version[:1].isdigit() else version
        try:
            parse_specifier(specifier)
        except InvalidSpecifier:
            table.problem("override-dependencies", f"has the version `{version}`, which is none.")
            continue
        requirements = entry.requirements("dependencies")
        found.append(ScopedOverride(package=normalize_name(name), specifier=specifier, requirements=requirements))
    return tuple(found)


def _exclude_newer_package(table: Table) -> dict[NormalizedName, str]:
    inner = table.table("exclude-newer-package")
    found: dict[NormalizedName, str] = {}
    for key, value in inner.values.items() if inner is not None else ():
        assert inner is not None
        if value is False:
            found[normalize_name(key)] = ""
        elif isinstance(value, str) and value:
            found[normalize_name(key)] = value
        else:
            inner.problem(key, "must be a timestamp, a duration, or false.")
    return found


def _config(table: Table, key: str) -> dict[str, str | list[str]]:
    inner = table.table(key)
    found: dict[str, str | list[str]] = {}
    for name, value in inner.values.items() if inner is not None else ():
        assert inner is not None
        if isinstance(value, str):
            found[name] = value
        elif isinstance(value, bool):
            found[name] = str(value).lower()
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            found[name] = value
        else:
            inner.problem(name, "must be a string or a list of strings.")
    return found


def _by_package(table: Table, key: str, read: Callable[[Table, str], _Value]) -> dict[NormalizedName, _Value]:
    inner = table.table(key)
    found: dict[NormalizedName, _Value] = {}
    for name in inner.values if inner is not None else ():
        assert inner is not None
        if is_name(name):
            found[normalize_name(name)] = read(inner, name)
        else:
            inner.problem(name, "is not a package name.")
    return found


def _config_package(table: Table) -> dict[NormalizedName, dict[str, str | list[str]]]:
    return _by_package(table, "config-settings-package", _config)


def _extra_build(table: Table) -> dict[NormalizedName, tuple[Requirement, ...]]:
    return _by_package(table, "extra-build-dependencies", _extra_requirements)


def _extra_requirements(table: Table, key: str) -> tuple[Requirement, ...]:
    value = table.values.get(key)
    if not isinstance(value, list):
        table.problem(key, "must be a list of requirements.")
        return ()
    found = []
    for item in value:
        text = item.get("requirement") if isinstance(item, dict) else item
        if isinstance(item, dict) and item.get("match-runtime"):
            table.problems.warn(f"`{'.'.join(table.where)}.{key}`: `match-runtime` is not honoured.")
        try:
            found.append(parse_requirement(str(text)))
        except InvalidRequirement as error:
            table.problem(key, f"has an invalid requirement. {error.message}.", near=str(text))
    return tuple(found)


def _dependency_metadata(table: Table) -> tuple[dict[str, object], ...]:
    entries = table.tables("dependency-metadata")
    for entry in entries:
        entry.only(("name", "version", "requires-dist", "requires-python", "provides-extra", "provides-extras"))
        name = entry.text("name")
        if not name:
            table.problem("dependency-metadata", "has an entry without `name`.")
        elif not is_name(name):
            table.problem(
                "dependency-metadata", f"has an entry for `{name}`, which is no name of a package.", near=name
            )
        version = entry.text("version")
        if version is not None and not _is_version(version):
            entry.problem("version", f"is `{version}`, which is no version.", near=version)
        entry.texts("provides-extra")
        entry.texts("provides-extras")
        entry.requirements("requires-dist")
        entry.specifier("requires-python")
    return tuple(entry.values for entry in entries)


def _is_version(text: str) -> bool:
    try:
        parse_version(text)
    except InvalidVersion:
        return False
    return True


def _cache_keys(table: Table) -> tuple[CacheKey, ...]:
    keys, problems = parse_cache_keys(table.values.get("cache-keys", []))
    for problem in problems:
        table.problem("cache-keys", problem)
    return keys
