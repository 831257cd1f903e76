"""Where a requirement is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.core.members.asks import Origin
from interlock.core.names import NormalizedName
from interlock.workspace.location import locator

MANIFEST = """\
[project]
name = "app"
# "idna<3" is wished for
dependencies = [
    "anyio",
    'Idna < 3',
]
optional-dependencies.Fast-One = ["idna>=2", "uvloop"]

[dependency-groups]
base = ["pytest>=8"]
dev = [{ include-group = "base" }, "mypy"]
"""
POETRY = """\
[tool.poetry]
name = "app"

[tool.poetry.dependencies]
python = "^3.11"
idna = "^2"

[tool.poetry.group.dev.dependencies]
pytest = "*"
"""


@pytest.mark.parametrize(
    ("table", "text", "line"),
    [
        ("dependencies", "idna<3", 6),
        ("dependencies", "anyio", 5),
        ("dependencies", "idna<3,>=1", 6),
        ("extra:fast-one", "idna>=2", 8),
        ("group:dev", "mypy", 12),
        ("group:dev", "pytest>=8", 11),
        ("dependencies", "unknown", 4),
    ],
)
def test_the_line_is_found(tmp_path: Path, table: str, text: str, line: int) -> None:
    (tmp_path / "pyproject.toml").write_text(MANIFEST)
    origin = Origin(member=NormalizedName("app"), table=table, text=text, path=".")
    assert locator(tmp_path)(origin) == f"pyproject.toml:{line}"


@pytest.mark.parametrize(("table", "text", "line"), [("dependencies", "idna<3,>=2", 6), ("group:dev", "pytest", 9)])
def test_poetry_tables(tmp_path: Path, table: str, text: str, line: int) -> None:
    (tmp_path / "pyproject.toml").write_text(POETRY)
    origin = Origin(member=NormalizedName("app"), table=table, text=text, path=".")
    assert locator(tmp_path)(origin) == f"pyproject.toml:{line}"


def test_a_manifest_that_is_gone_has_no_lines(tmp_path: Path) -> None:
    locate = locator(tmp_path)
    origin = Origin(member=NormalizedName("app"), text="idna", path="packages/app")
    assert locate(origin) == "packages/app/pyproject.toml"
    assert locate(origin) == "packages/app/pyproject.toml"
    nothing = Origin(member=NormalizedName("app"), text="", path="packages/app")
    assert locate(nothing) == "packages/app/pyproject.toml"
