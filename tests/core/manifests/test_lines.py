from __future__ import annotations

import pytest

from interlock.core.manifests.lines import find_line

TEXT = """# comment
[project]
name = "a"
dependencies = [
    "one",
    "two",
]
urls.Home = "x"

[tool."uv".sources]
x = { path = "y" }

[[tool.uv.index]]
name = "i"
"""


@pytest.mark.parametrize(
    ("where", "near", "line"),
    [
        (("project", "name"), "", 3),
        (("project", "version"), "", 2),
        (("project", "dependencies"), "two", 6),
        (("project", "dependencies"), "absent", 4),
        (("project", "urls", "Home"), "", 8),
        (("tool", "uv", "sources", "x"), "", 11),
        (("tool", "uv", "index", "name"), "", 14),
        (("nothing",), "", None),
    ],
)
def test_finds_the_line(where: tuple[str, ...], near: str, line: int | None) -> None:
    assert find_line(TEXT, where, near) == line
