"""The editor that a manifest needs: whose tables describe the project."""

from __future__ import annotations

from interlock.core.editing.manifest_editor import ManifestEditor
from interlock.core.editing.mixed_editor import MixedEditor
from interlock.core.editing.poetry_editor import PoetryEditor
from interlock.core.toml.document import Path, TomlDocument

__all__ = ["open_manifest"]


def open_manifest(data: bytes, file: str, *, sources: Path) -> ManifestEditor:
    values = TomlDocument(data, file).values
    tool = values.get("tool")
    if not isinstance(tool, dict) or "poetry" not in tool:
        return ManifestEditor(data, file, sources=sources)
    return (MixedEditor if "project" in values else PoetryEditor)(data, file, sources=sources)
