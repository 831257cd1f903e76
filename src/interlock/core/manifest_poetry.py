"""The tool table in Poetry's spelling, ``[tool.poetry]``."""

from __future__ import annotations

from interlock.core.manifest import Manifest
from interlock.core.manifest_problems import DialectNotSupported, Problems

__all__ = ["parse_poetry"]


def parse_poetry(document: dict[str, object], path: str, problems: Problems) -> Manifest:
    """Read a manifest whose project is described by ``[tool.poetry]`` instead of ``[project]``."""
    raise DialectNotSupported(
        f"{problems.file} describes its project in `[tool.poetry]`, which is not supported yet.",
        hint="Give it a `[project]` table.",
        facts={"file": problems.file, "path": path, "tables": sorted(document)},
    )
