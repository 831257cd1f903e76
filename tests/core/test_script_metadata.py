"""Inline metadata of scripts (PEP 723), read and changed without touching another byte."""

from __future__ import annotations

import pytest

from interlock.core.script_metadata import BadScript, ScriptMetadata, change_dependencies, parse_script

SCRIPT = b"""\
#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests<3",  # the web
#   "rich",
# ]
#
# [tool.other]
# key = 1
# ///

# /// other
# not = "ours"
# ///
import requests
"""


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_it_is_read(ending: bytes) -> None:
    found = parse_script(SCRIPT.replace(b"\n", ending), "tool.py")
    assert found == ScriptMetadata(requires_python=">=3.11", dependencies=("requests<3", "rich"))
    assert parse_script(b"print(1)\n# /// script\n", "tool.py") is None


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_it_is_changed_in_place(ending: bytes) -> None:
    changed = change_dependencies(
        SCRIPT.replace(b"\n", ending), "tool.py", {"requests": "requests>=2", "click": "click"}, frozenset({"rich"})
    )
    wanted = SCRIPT.replace(b'"requests<3"', b'"requests>=2"').replace(b'#   "rich",', b'#   "click",')
    assert changed == wanted.replace(b"\n", ending)


def test_a_block_is_made_below_the_first_line_of_a_program() -> None:
    changed = change_dependencies(
        b"#!/bin/x\nprint(1)\n", "t.py", {"rich": "rich"}, frozenset(), requires_python=">=3.12"
    )
    assert changed == (
        b'#!/bin/x\n# /// script\n# requires-python = ">=3.12"\n'
        b'# dependencies = [\n#     "rich",\n# ]\n# ///\n\nprint(1)\n'
    )
    assert parse_script(changed, "t.py") == ScriptMetadata(requires_python=">=3.12", dependencies=("rich",))
    assert change_dependencies(b"", "t.py", {"a": "a"}, frozenset()).startswith(b"# /// script\n# dependencies")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (SCRIPT + SCRIPT, "more than one `script` block"),
        (b"# /// script\n# dependencies = [\n# ///\n", "is not valid TOML"),
        (b"# /// script\n# dependencies = 'a'\n# ///\n", "of another kind"),
        (b"# /// script\n# requires-python = 3\n# ///\n", "of another kind"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_what_cannot_be_used_is_told(data: bytes, words: str) -> None:
    with pytest.raises(BadScript) as caught:
        parse_script(data, "tool.py")
    assert words in caught.value.message
    assert "tool.py" in caught.value.message
