"""The standard tables: ``[project]`` (PEP 621, 639, 794, 808) and ``[build-system]`` (PEP 517, 518)."""

from __future__ import annotations

import difflib
import re
from pathlib import PurePosixPath

import msgspec
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.version import InvalidVersion

from interlock.core.manifests.manifest import BuildSystem
from interlock.core.manifests.table import Table
from interlock.core.names import ExtraName, NormalizedName, is_name, normalize_extra, normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.core.versions.version_list import parse_version

__all__ = ["ProjectTable", "parse_build_system", "parse_project"]

_READ = frozenset(
    {
        "name",
        "version",
        "requires-python",
        "scripts",
        "gui-scripts",
        "entry-points",
        "dependencies",
        "optional-dependencies",
        "dynamic",
    }
)
"""Fields that matter for resolving and installing."""
_BACKEND = frozenset(
    {
        "description",
        "readme",
        "license",
        "license-files",
        "authors",
        "maintainers",
        "keywords",
        "classifiers",
        "urls",
        "import-names",
        "import-namespaces",
    }
)
"""Fields that only a build backend reads."""
_KEYS = _READ | _BACKEND
_SCALARS = frozenset({"version", "description", "readme", "requires-python", "license"})
"""Fields that are either static or dynamic; the others may be both (PEP 808)."""
_REFERENCE = re.compile(r"\s*[\w.]+\s*(:\s*[\w.]+\s*)?(\[[^\]]*\]\s*)?")
_GROUP_OF_ENTRY_POINTS = re.compile(r"\w+(\.\w+)*")


class ProjectTable(msgspec.Struct, frozen=True, kw_only=True):
    """What ``[project]`` says of resolving, building and installing."""

    name: NormalizedName | None = None
    display_name: str = ""
    version: str | None = None
    dynamic: frozenset[str] = frozenset()
    requires_python: str = ""
    dependencies: tuple[Requirement, ...] = ()
    extras: dict[ExtraName, tuple[Requirement, ...]] = {}
    scripts: dict[str, str] = {}
    gui_scripts: dict[str, str] = {}
    entry_points: dict[str, dict[str, str]] = {}


def parse_project(table: Table) -> ProjectTable:
    """Read ``[project]``; everything wrong with it is noted in the table's problems."""
    _check_keys(table)
    _check_for_backend(Table(table.values, table.where, table.problems.advice))
    dynamic = _dynamic(table)
    name = table.text("name")
    if name is None and "name" not in table:
        table.problem("name", "is missing; every project has a name.")
    elif name is not None and not is_name(name):
        table.problem("name", f"is `{name}`; a name is made of letters, digits, `-`, `_` and `.`.")
    return ProjectTable(
        name=normalize_name(name or ""),
        display_name=name or "",
        version=_version(table, dynamic),
        dynamic=dynamic,
        requires_python=table.specifier("requires-python"),
        dependencies=table.requirements("dependencies"),
        extras=_extras(table),
        scripts=_scripts(table, "scripts"),
        gui_scripts=_scripts(table, "gui-scripts"),
        entry_points=_entry_points(table),
    )


def parse_build_system(table: Table) -> BuildSystem:
    table.only(("requires", "build-backend", "backend-path"))
    if "requires" not in table:
        table.problem("requires", "is missing; `[build-system]` has to list its requirements.")
    table.requirements("requires")
    default = BuildSystem()
    backend = table.text("build-backend")
    if backend is not None and _REFERENCE.fullmatch(backend) is None:
        table.problem("build-backend", f"is `{backend}`, which is not `module` or `module:object`.")
    paths = table.texts("backend-path")
    for path in paths:
        if path.startswith("/") or ".." in PurePosixPath(path).parts:
            table.problem("backend-path", f"has `{path}`, which is outside of the project.", near=path)
    return BuildSystem(
        requires=table.texts("requires") or (() if "requires" in table else default.requires),
        backend=backend or default.backend,
        backend_path=paths,
    )


def _check_keys(table: Table) -> None:
    """Note unknown keys; one that looks like a field we read would be missed silently, so it always stops us."""
    for key in table.values:
        if key not in _KEYS:
            close = difflib.get_close_matches(key, sorted(_KEYS), n=1)
            problems = table.problems if close and close[0] in _READ else table.problems.advice
            problems.unknown(table.where, key, _KEYS)


def _check_for_backend(table: Table) -> None:
    _check_description(table)
    _check_people(table, "authors")
    _check_people(table, "maintainers")
    _check_readme(table)
    _check_license(table)
    for key in ("keywords", "classifiers", "import-names", "import-namespaces"):
        table.texts(key)
    table.text_map("urls")


def _dynamic(table: Table) -> frozenset[str]:
    found = set()
    for key in table.texts("dynamic"):
        if key == "name":
            table.problem("dynamic", "has `name`; the name has to be written.", near=key)
        elif key not in _KEYS or key == "dynamic":
            table.problem("dynamic", f"has `{key}`, which is not a field of `[project]`.", near=key)
        elif key in _SCALARS and key in table:
            table.problem("dynamic", f"has `{key}`, which is also given.", near=key)
        else:
            found.add(key)
    return frozenset(found)


def _version(table: Table, dynamic: frozenset[str]) -> str | None:
    text = table.text("version")
    if text is None:
        if "version" not in table and "version" not in dynamic:
            table.problem("version", "is missing; give it, or list `version` in `dynamic`.")
        return None
    try:
        return str(parse_version(text))
    except InvalidVersion:
        table.problem("version", f"is `{text}`, which is not a valid version (PEP 440).")
        return None


def _check_description(table: Table) -> None:
    text = table.text("description")
    if text is not None and "\n" in text.strip():
        table.problem("description", "has to be one line.")


def _check_people(table: Table, key: str) -> None:
    for person in table.tables(key):
        person.only(("name", "email"))
        if person.text("name") is None and person.text("email") is None:
            table.problem(key, "has an entry with neither `name` nor `email`.")


def _check_readme(table: Table) -> None:
    if isinstance(table.values.get("readme"), str):
        return
    readme = table.table("readme")
    if readme is None:
        return
    readme.only(("file", "text", "content-type"))
    if (readme.text("file") is None) == (readme.text("text") is None):
        table.problem("readme", "needs either `file` or `text`.")


def _check_license(table: Table) -> None:
    for pattern in table.texts("license-files"):
        if pattern.startswith("/") or ".." in pattern.split("/") or "\\" in pattern:
            table.problem(
                "license-files", f"has `{pattern}`; a pattern is relative, without `..` or backslashes.", near=pattern
            )
    value = table.values.get("license")
    if isinstance(value, str):
        try:
            canonicalize_license_expression(value)
        except InvalidLicenseExpression as error:
            table.problem("license", f"is `{value}`, which is not an SPDX expression: {error}.")
        return
    license_table = table.table("license")
    if license_table is None:
        return
    if "license-files" in table:
        table.problem("license", "has to be an SPDX expression when `license-files` is given (PEP 639).")
    license_table.only(("file", "text"))
    if (license_table.text("file") is None) == (license_table.text("text") is None):
        table.problem("license", "needs either `file` or `text`.")


def _extras(table: Table) -> dict[ExtraName, tuple[Requirement, ...]]:
    inner = table.table("optional-dependencies")
    found: dict[ExtraName, tuple[Requirement, ...]] = {}
    written: dict[ExtraName, str] = {}
    for key in inner.values if inner is not None else ():
        assert inner is not None
        if not is_name(key):
            inner.problem(key, "is not a valid name for an extra.")
            continue
        extra = normalize_extra(key)
        if extra in written:
            inner.problem(key, f"is the same extra as `{written[extra]}`.")
            continue
        written[extra] = key
        found[extra] = inner.requirements(key)
    return found


def _scripts(table: Table, key: str) -> dict[str, str]:
    found = table.text_map(key)
    for name, reference in found.items():
        if not name.strip() or "/" in name or "\\" in name or name in {".", ".."}:
            table.problem(key, f"has `{name}`, which cannot be the name of a command.", near=name)
        if _REFERENCE.fullmatch(reference) is None or ":" not in reference:
            table.problem(key, f"has `{name} = {reference}`; a script is `module:function`.", near=name)
    return found


def _entry_points(table: Table) -> dict[str, dict[str, str]]:
    inner = table.table("entry-points")
    found: dict[str, dict[str, str]] = {}
    for group in inner.values if inner is not None else ():
        assert inner is not None
        if group in {"console_scripts", "gui_scripts", "console-scripts", "gui-scripts"}:
            instead = "scripts" if group.startswith("console") else "gui-scripts"
            inner.problem(group, f"is not allowed here; use `[project.{instead}]`.")
            continue
        if _GROUP_OF_ENTRY_POINTS.fullmatch(group) is None:
            inner.problem(group, "is not a valid name for a group of entry points.")
        points = inner.text_map(group)
        for name, reference in points.items():
            if _REFERENCE.fullmatch(reference) is None:
                inner.problem(
                    group, f"has `{name} = {reference}`, which is not `module` or `module:object`.", near=name
                )
        found[group] = points
    return found
