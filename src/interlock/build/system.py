"""Which backend builds a source tree (PEP 518, PEP 517)."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from interlock.build.failures import InvalidBuildSystem
from interlock.core.manifests.manifest import BuildSystem
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement

__all__ = ["build_system", "parse_document", "read_build_system"]

_BACKEND = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*(\.[^\W\d]\w*)*)?")


def read_build_system(pyproject: bytes | None) -> BuildSystem:
    """The ``[build-system]`` of a ``pyproject.toml``; None (only a ``setup.py``) and no table give the legacy default.

    Raises :class:`InvalidBuildSystem`.
    """
    return BuildSystem() if pyproject is None else build_system(parse_document(pyproject))


def parse_document(pyproject: bytes) -> dict[str, Any]:
    """The TOML of a ``pyproject.toml``. Raises :class:`InvalidBuildSystem`."""
    try:
        return tomllib.loads(pyproject.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidBuildSystem(f"pyproject.toml cannot be read: {error}.") from error


def build_system(document: dict[str, Any]) -> BuildSystem:
    """The ``[build-system]`` of a parsed ``pyproject.toml``."""
    table = document.get("build-system")
    if table is None:
        return BuildSystem()
    if not isinstance(table, dict):
        raise InvalidBuildSystem("`build-system` in pyproject.toml is not a table.")
    return _read_table(table)


def _read_table(table: dict[str, Any]) -> BuildSystem:
    requires = table.get("requires")
    if requires is None:
        raise InvalidBuildSystem(
            "[build-system] has no `requires`, which the standard demands.",
            hint="Add it; `requires = []` says that nothing is needed.",
        )
    _strings(requires, "requires")
    for requirement in requires:
        try:
            parse_requirement(requirement)
        except InvalidRequirement as error:
            raise InvalidBuildSystem(f"`requires` in [build-system]: {error.message}") from error
    backend = table.get("build-backend")
    path = table.get("backend-path", [])
    _strings(path, "backend-path")
    if backend is None:
        if path:
            raise InvalidBuildSystem("[build-system] has `backend-path` but no `build-backend`.")
        return BuildSystem(requires=tuple(requires))
    if not isinstance(backend, str) or not _BACKEND.fullmatch(backend):
        raise InvalidBuildSystem(f"`build-backend` in [build-system] is not `module` or `module:object`: {backend!r}.")
    for entry in path:
        parts = entry.replace("\\", "/").split("/")
        if entry.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise InvalidBuildSystem(f"`backend-path` in [build-system] leaves the source tree: {entry!r}.")
    return BuildSystem(requires=tuple(requires), backend=backend, backend_path=tuple(path))


def _strings(value: object, name: str) -> None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidBuildSystem(f"`{name}` in [build-system] is not an array of strings.")
