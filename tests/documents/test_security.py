"""SECURITY.md names every limit, with the value it has."""

from __future__ import annotations

import pytest

from interlock.core.settings.limits import Limits
from tests.architecture import ROOT, error_codes

DOCUMENT = (ROOT / "src/interlock/SECURITY.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Limits.__struct_fields__)
def test_every_limit_is_in_the_table_with_its_value(name: str) -> None:
    row = next(row for row in DOCUMENT.splitlines() if f"`INTERLOCK_LIMIT_{name.upper()}`" in row)
    value = getattr(Limits(), name)
    shown = {f"{value:,}", str(value), f"{value >> 20} MiB", f"{value >> 30} GiB"}
    assert any(text in row for text in shown), (row, shown)


def test_every_error_of_the_table_is_one() -> None:
    codes = set(error_codes())
    rows = [row for row in DOCUMENT.splitlines() if row.startswith("| ") and "`INTERLOCK_" in row]
    assert rows
    for row in rows:
        cells = [cell.strip() for cell in row.split("|")]
        for code in cells[4].replace("`", "").split(", "):
            assert code in codes, code
