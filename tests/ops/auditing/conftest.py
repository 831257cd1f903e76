"""Advisories as files, in a folder beside the workspace."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WriteRecords = Callable[..., Path]


@pytest.fixture
def osv(tmp_path: Path) -> WriteRecords:
    """Write records to a folder, one file each, or into a zip archive."""

    def write(*records: dict[str, Any], name: str = "osv") -> Path:
        place = tmp_path / name
        if name.endswith(".zip"):
            with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
                for one in records:
                    archive.writestr(f"{one['id']}.json", json.dumps(one))
            return place
        (place / "flask").mkdir(parents=True)
        (place / "README.md").write_text("no record")
        for one in records:
            (place / "flask" / f"{one['id']}.json").write_text(json.dumps(one))
        return place

    return write
