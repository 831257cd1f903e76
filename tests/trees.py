"""Workspaces on disk for the tests: a mapping of paths to texts, written below a directory."""

from __future__ import annotations

from pathlib import Path

__all__ = ["project", "write"]


def project(name: str, *lines: str, version: str = "1.0") -> str:
    """The text of a manifest: a project of that name and whatever lines follow."""
    return "\n".join((f'[project]\nname = "{name}"\nversion = "{version}"', *lines, ""))


def write(base: Path, /, **members: str) -> Path:
    """Write ``pyproject.toml`` files; a key is a directory with ``__`` for ``/``, ``root`` the root itself."""
    for key, text in members.items():
        directory = base if key == "root" else base / key.replace("__", "/")
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "pyproject.toml").write_text(text, encoding="utf-8")
    return base
