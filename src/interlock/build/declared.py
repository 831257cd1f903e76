"""What a source tree says about building it in its pyproject.toml (PEP 517, 518, 621)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from interlock.build.failures import InvalidSourceTree
from interlock.build.source_tree import SourceTree
from interlock.build.system import build_system, parse_document
from interlock.core.manifests.cache_keys import CacheKey, parse_cache_keys
from interlock.core.manifests.manifest import BuildSystem
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.project import InvalidProject, project_metadata
from interlock.core.names import NormalizedName, normalize_name
from interlock.errors import BuildError

__all__ = ["Declared", "read_declared"]


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a tree declares."""

    name: NormalizedName | None
    system: BuildSystem
    static: Metadata | None
    """The metadata, when no build is needed to know it."""
    cache_keys: tuple[CacheKey, ...] = ()
    """What else decides whether it is built again."""


def read_declared(source: SourceTree) -> Declared:
    """Read a tree's pyproject.toml; blocking, but one small file.

    Raises :class:`InvalidSourceTree`, :class:`InvalidBuildSystem` and :class:`InvalidProject`, which name the tree.
    """
    document: dict[str, Any] = {}
    manifest = source.path / "pyproject.toml"
    try:
        data = manifest.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        if not (source.path / "setup.py").is_file():
            missing = "is not a folder" if not source.path.is_dir() else "has neither a pyproject.toml nor a setup.py"
            raise InvalidSourceTree(f"{source.label} cannot be built: {source.path} {missing}.") from error
    except OSError as error:
        raise InvalidSourceTree(f"{manifest} cannot be read: {error}.") from error
    else:
        document = _with_place(manifest, data)
    try:
        system = build_system(document)
        project = document.get("project")
        static = None
        name: NormalizedName | None = source.name
        if isinstance(project, dict):
            if isinstance(project.get("name"), str):
                name = normalize_name(project["name"])
            if not _poetry_decides(document, project):
                static = project_metadata(project)
    except (BuildError, InvalidProject) as error:
        raise type(error)(f"{manifest}: {error.message}", hint=error.hint, facts=error.facts) from error
    return Declared(name=name, system=system, static=static, cache_keys=_cache_keys(document))


def _cache_keys(document: dict[str, Any]) -> tuple[CacheKey, ...]:
    """Those of the tool table that counts; one that is wrong is told by whoever reads the whole manifest."""
    tool = document.get("tool")
    for name in ("interlock", "uv"):
        table = tool.get(name) if isinstance(tool, dict) else None
        if isinstance(table, dict):
            return parse_cache_keys(table.get("cache-keys", []))[0]
    return ()


def _with_place(manifest: Path, data: bytes) -> dict[str, Any]:
    try:
        return parse_document(data)
    except BuildError as error:
        raise type(error)(f"{manifest}: {error.message}") from error


def _poetry_decides(document: dict[str, Any], project: dict[str, Any]) -> bool:
    """Whether poetry-core takes from its own table what ``[project]`` leaves out; then only it can tell."""
    tool = document.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    if not isinstance(poetry, dict):
        return False
    return ("dependencies" in poetry and "dependencies" not in project) or (
        "extras" in poetry and "optional-dependencies" not in project
    )
