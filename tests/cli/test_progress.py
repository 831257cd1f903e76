"""Progress and warnings: what is on the terminal while a command runs, and what stays."""

from __future__ import annotations

import io

import pytest

from interlock.cli.progress import ProgressReporter
from interlock.cli.quiet_progress import QuietReporter
from interlock.cli.render import Terminal
from interlock.events import Advanced, Aside, Finished, Started, Warned


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def terminal(screen: Screen) -> Terminal:
    made = Terminal(color="never")
    made.err = screen
    return made


def test_a_phase_is_shown_while_it_runs_and_warnings_come_after(screen: Screen, terminal: Terminal) -> None:
    reporter = ProgressReporter(terminal)
    reporter.report(Started("install", 2))
    reporter.report(Warned("odd", "something is odd"))
    reporter.report(Advanced("install", "flask 3.1"))
    assert "something is odd" not in screen.getvalue()
    reporter.report(Finished("install"))
    assert screen.getvalue().endswith("warning[odd]: something is odd\n")
    assert "Installing" in screen.getvalue()


def test_a_phase_nobody_started_is_shown_only_below_one_that_was(screen: Screen, terminal: Terminal) -> None:
    reporter = ProgressReporter(terminal)
    reporter.report(Advanced("download", "flask-3.1-py3-none-any.whl"))
    assert screen.getvalue() == ""
    reporter.report(Started("resolve"))
    reporter.report(Advanced("metadata", "flask 3.1"))
    reporter.report(Finished("resolve"))
    ended = screen.getvalue()
    assert "Resolving" in ended
    reporter.report(Advanced("metadata", "late 1.0"))
    reporter.close()
    assert screen.getvalue() == ended


def test_a_phase_inside_of_the_same_phase_does_not_end_it(screen: Screen, terminal: Terminal) -> None:
    reporter = ProgressReporter(terminal)
    reporter.report(Started("resolve"))
    reporter.report(Started("resolve"))
    reporter.report(Finished("resolve"))
    assert screen.getvalue().count("\x1b[?25h") == 0
    reporter.report(Finished("resolve"))
    assert screen.getvalue().count("\x1b[?25h") == 1


def test_work_aside_is_not_shown_but_its_warnings_are(screen: Screen, terminal: Terminal) -> None:
    aside = Aside(ProgressReporter(terminal))
    aside.report(Started("install", 3))
    aside.report(Advanced("install", "flask 3.1"))
    aside.report(Finished("install"))
    assert screen.getvalue() == ""
    aside.report(Warned("odd", "something is odd"))
    assert screen.getvalue() == "warning[odd]: something is odd\n"


def test_a_number_is_shown_of_another_only_when_that_is_known(screen: Screen, terminal: Terminal) -> None:
    reporter = ProgressReporter(terminal)
    reporter.report(Started("resolve"))
    reporter.report(Advanced("resolve", "flask 3.1"))
    reporter.report(Started("install", 7))
    reporter.report(Advanced("install", "flask 3.1"))
    reporter.close()
    assert "1/7" in screen.getvalue()
    assert "?" not in screen.getvalue().replace("\x1b[?25", "")


def test_a_display_can_begin_again(screen: Screen, terminal: Terminal) -> None:
    reporter = ProgressReporter(terminal)
    for phase in ("resolve", "install"):
        reporter.report(Started(phase))
        reporter.report(Finished(phase))
    assert screen.getvalue().count("\x1b[?25l") == 2
    assert screen.getvalue().count("\x1b[?25h") == 2


def test_close_ends_what_was_interrupted(screen: Screen, terminal: Terminal) -> None:
    reporter = ProgressReporter(terminal)
    reporter.report(Started("resolve"))
    reporter.close()
    assert screen.getvalue().count("\x1b[?25l") == screen.getvalue().count("\x1b[?25h") == 1


def test_away_from_a_terminal_only_warnings_are_said(screen: Screen, terminal: Terminal) -> None:
    reporter = QuietReporter(terminal)
    reporter.report(Started("resolve"))
    reporter.report(Advanced("resolve", "flask 3.1"))
    reporter.report(Warned("odd", "see https://ann:pw@index.test/x"))
    assert screen.getvalue() == "warning[odd]: see https://****@index.test/x\n"
    terminal.verbosity = 1
    reporter.report(Advanced("resolve", "flask 3.1"))
    assert screen.getvalue().endswith("resolve: flask 3.1\n")
