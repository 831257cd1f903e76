"""What a wheel says of Pythons is read from the fields of its METADATA, and never from its description."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from interlock.install.other_python import requires_python

_LINES = st.sampled_from(
    [
        "Name: a",
        "Requires-Python: >=3.11",
        "requires-python:<4 ",
        "X-Requires-Python: no",
        "Requires-Python",
        "",
        " ",
        "",
    ]
)
_TEXTS = st.lists(st.tuples(_LINES, st.sampled_from(["\n", "\r\n"])), max_size=8).map(
    lambda lines: "".join(line + end for line, end in lines)
)


def _naive(text: str) -> str:
    """The first such field before the first empty line."""
    head = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
    found = re.search(r"^requires-python:[ \t]*([^\r\n]*)", head, re.MULTILINE | re.IGNORECASE)
    return found[1].strip() if found is not None else ""


@given(_TEXTS)
def test_the_field_is_found_where_a_plain_reading_finds_it(tmp_path_factory: Any, text: str) -> None:
    folder: Path = tmp_path_factory.mktemp("wheel") / "a-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_bytes(text.encode())
    wheel: Any = SimpleNamespace(tree=str(folder.parent), dist_info=folder.name)
    assert requires_python(wheel) == _naive(text)


def test_a_wheel_without_metadata_says_nothing(tmp_path: Path) -> None:
    wheel: Any = SimpleNamespace(tree=str(tmp_path), dist_info="a-1.dist-info")
    assert requires_python(wheel) == ""
