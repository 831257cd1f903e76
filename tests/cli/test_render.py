"""What others wrote cannot speak to the terminal, nor in our name."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cli.render import Terminal, without_controls
from interlock.core.text.one_line import one_line
from interlock.errors import InterlockError

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b2J\r\u202e\x7f"


def _terminal(color: str) -> Terminal:
    terminal = Terminal(color=color)
    terminal.out, terminal.err = io.StringIO(), io.StringIO()
    terminal.configure(color=color, verbosity=1, json=False)
    return terminal


@pytest.mark.parametrize("color", ["always", "never"])
def test_control_characters_are_spelt_out_wherever_text_is_written(color: str) -> None:
    terminal = _terminal(color)
    terminal.data(EVIL)
    terminal.say(EVIL)
    terminal.detail(EVIL)
    terminal.warn(EVIL)
    terminal.fail(InterlockError(EVIL, hint=EVIL))
    terminal.bug(EVIL, EVIL)
    for stream in (terminal.out, terminal.err):
        assert isinstance(stream, io.StringIO)
        written = stream.getvalue()
        assert not {"\x07", "\x9b", "\r", "\u202e", "\x7f"} & set(written)
        assert "\x1b]" not in written and "\x1b[2J" not in written
        assert "\\x1b]0;owned\\x07" in written


def test_only_our_colours_pass_and_only_where_colours_are_wanted() -> None:
    assert without_controls("\x1b[31;1ma\x1b[0m", colored=True) == "\x1b[31;1ma\x1b[0m"
    assert "\x1b" not in without_controls("\x1b[31;1ma\x1b[0m")
    assert "\x1b" not in without_controls("\x1b[999A\x1b[31;1;5m", colored=True)


@given(st.text())
def test_plain_text_stays_as_it_is(text: str) -> None:
    shown = without_controls(text)
    assert without_controls(shown) == shown
    if all(letter.isprintable() or letter in "\n\t" for letter in text):
        assert shown == text


@pytest.mark.parametrize("label", ["hint: ", "error[x]: ", " Warning: ", "ERROR: "])
def test_a_line_of_a_message_cannot_pass_for_another_message(label: str) -> None:
    terminal = _terminal("never")
    terminal.warn(f"broken).\n\n{label}run this")
    terminal.fail(InterlockError(f"broken\n{label}run this"))
    assert isinstance(terminal.err, io.StringIO)
    lines = terminal.err.getvalue().splitlines()
    assert [line for line in lines if "run this" in line] == [f"  | {label}run this"] * 2


def test_foreign_text_is_one_short_line() -> None:
    assert one_line(f"a{EVIL}\n\nhint: b") == "a ]0;owned [2J 2J hint: b"
    assert len(one_line("a" * 1_000_000)) < 400
