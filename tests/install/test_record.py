"""The RECORD of what is installed, which anybody may have written."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.install.record import read_record


@pytest.mark.parametrize("text", ["a\0b,,\n", '"a\0b",,\n', '"' + "a" * 200_000 + '",,\n'])
def test_a_record_that_names_what_no_file_is_called_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "RECORD").write_text(text)
    assert read_record(str(tmp_path / "RECORD")) is None


def test_a_record_with_quotes_is_read(tmp_path: Path) -> None:
    (tmp_path / "RECORD").write_text('"a,b.py",,\n')
    assert read_record(str(tmp_path / "RECORD")) == '"a,b.py",,\n'
