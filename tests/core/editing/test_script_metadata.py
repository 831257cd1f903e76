"""Inline metadata of scripts (PEP 723), read and changed without touching another byte."""

from __future__ import annotations

import pytest

from interlock.core.editing.script_metadata import BadScript, ScriptMetadata, change_dependencies, parse_script

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


MARK = b"\xef\xbb\xbf"
BLOCK = b'# /// script\n# dependencies = ["six"]\n# ///\n'


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    "head",
    [b"", MARK, b"#!/bin/x\n", MARK + b"#!/bin/x\n", b"# coding: latin-1\n", b"#!/bin/x\n# -*- coding: cp1252 -*-\n"],
)
@pytest.mark.parametrize("tail", [b"", b"print('a')\n", b"print(1)\n# no end", b"x = 1 # \x0c more\n"])
def test_a_script_is_read_and_changed_as_python_reads_it(head: bytes, tail: bytes, ending: bytes) -> None:
    def script(block: bytes) -> bytes:
        latin = b"# caf\xe9\n" if b"coding" in head and ending != b"\r" else b""
        return (head + block + latin + tail).replace(b"\n", ending)

    assert parse_script(script(BLOCK), "t.py") == ScriptMetadata(dependencies=("six",))
    changed = change_dependencies(script(BLOCK), "t.py", {"six": "six>=1"}, frozenset())
    assert changed == script(BLOCK.replace(b"six", b"six>=1"))
    if b"\n" in head + tail:
        made = change_dependencies(script(b""), "t.py", {"six": "six"}, frozenset())
        block = b'# /// script\n# dependencies = [\n#     "six",\n# ]\n# ///\n\n'
        assert made == script(block), "a new block stands below what only counts on the first lines"


def test_other_lines_keep_their_endings() -> None:
    mixed = b"import a\r\n" + BLOCK + b"x = 'y\x0b\x1c\xe2\x80\xa8'\r\nz = 1\r"
    assert change_dependencies(mixed, "t.py", {"six": "six>=1"}, frozenset()) == mixed.replace(b"six", b"six>=1")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"# /// script\n# ///\n", None),
        (b"# /// script\n# dependencies = []\n", None),
        (b"# /// script\n# dependencies = []\n#x\n# ///\n", None),
        (b" # /// script\n# dependencies = []\n# ///\n", None),
        (b"# /// script\n#\n# ///\n", ScriptMetadata()),
        (
            b"# /// script\n# dependencies = [\n# '''\n# ///\n# '''\n# ]\n# ///",
            ScriptMetadata(dependencies=("///\n",)),
        ),
        (b"# /// script\n# dependencies = ['a\xe2\x80\xa8']\n# ///\n", ScriptMetadata(dependencies=("a\u2028",))),
    ],
)
def test_blocks_begin_and_end_where_the_standard_says(data: bytes, found: ScriptMetadata | None) -> None:
    assert parse_script(data, "t.py") == found


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (SCRIPT + SCRIPT, "more than one `script` block"),
        (b"# /// script\n# dependencies = [\n# ///\n", "is not valid TOML"),
        (b"# /// script\n# dependencies = 'a'\n# ///\n", "of another kind"),
        (b"# /// script\n# requires-python = 3\n# ///\n", "of another kind"),
        (b"\xff", "is not UTF-8"),
        (BLOCK + b"\xff", "is not UTF-8"),
        (BLOCK.decode().encode("utf-16"), "is not UTF-8"),
        (MARK + b"# coding: latin-1\n", "is not UTF-8"),
        (b"# coding: no-such\n" + BLOCK, "is not UTF-8"),
        (b"# coding: rot13\n" + BLOCK, "is not UTF-8"),
    ],
)
def test_what_cannot_be_used_is_told(data: bytes, words: str) -> None:
    with pytest.raises(BadScript) as caught:
        parse_script(data, "tool.py")
    assert words in caught.value.message
    assert "tool.py" in caught.value.message
