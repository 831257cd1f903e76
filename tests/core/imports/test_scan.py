"""Which imports a source file has."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from interlock.core.imports.scan import Import, scan

_NAME = st.from_regex(r"[a-z]{1,3}(\.[a-z]{1,3}){0,2}", fullmatch=True)


def flags(source: str) -> dict[str, set[str]]:
    """By module what is said of its import."""
    names = ("typing", "optional", "conditional", "inner")
    return {found.module: {name for name in names if getattr(found, name)} for found in scan(source.encode()).imports}


def test_where_an_import_stands_says_what_it_is_for() -> None:
    source = """
import os.path as p, sys
from a import b, c as d
from e import *
from . import no
from .never import no
if t.TYPE_CHECKING:
    import typed
else:
    import untyped
if not TYPE_CHECKING and x:
    import maybe
try:
    import optional
except (ImportError, KeyError):
    import instead
else:
    import after
try:
    import firm
except ValueError:
    pass
with contextlib.suppress(ModuleNotFoundError):
    import suppressed
if os.name == "nt":
    import windows
elif x:
    import other
async def f():
    import inner
"""
    assert flags(source) == {
        "os.path": set(),
        "sys": set(),
        "a": set(),
        "e": set(),
        "typed": {"typing"},
        "untyped": set(),
        "maybe": set(),
        "optional": {"optional"},
        "instead": {"optional"},
        "after": set(),
        "firm": set(),
        "suppressed": {"optional"},
        "windows": {"conditional"},
        "other": {"conditional"},
        "inner": {"inner"},
    }
    assert scan(source.encode()).imports[2] == Import("a", 3, ("b", "c"))


def test_literals_that_name_modules_are_read() -> None:
    source = """
importlib.import_module("a.b")
import_module(name)
__import__("c")
pytest.importorskip("d")
import_module(".relative", "e")
X = {"f.g": ["serve --now", "a text of words", "../path"], "plain": "h.i:j"}
"""
    assert flags(source) == {"a.b": set(), "c": set(), "d": {"optional"}}
    assert set(scan(source.encode()).mentions) >= {"f", "h", "serve"}
    assert "plain" not in scan(source.encode()).mentions


def test_what_is_no_python_is_said_to_be_broken() -> None:
    for source in (b"import", b"{{ x }} y", b"\xff\xfe", b"a\0b", b"(" * 10_000):
        assert scan(source).broken, source
    assert not scan(b"").broken


@given(st.lists(st.tuples(_NAME, st.booleans(), st.sampled_from(["", "def f():\n ", "if x:\n ", "class A:\n "]))))
def test_every_import_is_found_wherever_it_stands(written: list[tuple[str, bool, str]]) -> None:
    lines = [f"{before}from {name} import x" if plain else f"{before}import {name}" for name, plain, before in written]
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:  # a name that is a keyword
        return
    assert [found.module for found in scan("\n".join(lines).encode()).imports] == [name for name, *_ in written]
