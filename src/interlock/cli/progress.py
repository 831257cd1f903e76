"""Progress on a terminal: one line per phase while it runs, nothing left of it when it is done."""

from __future__ import annotations

import threading

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from interlock.cli.render import Terminal, without_controls
from interlock.events import Advanced, Event, Finished, Noted, Phase, Started, Warned

__all__ = ["ProgressReporter"]

_TITLES: dict[Phase, str] = {
    "conflicts": "Finding conflicts",
    "resolve": "Resolving",
    "metadata": "Reading metadata",
    "download": "Downloading",
    "build": "Building",
    "install": "Installing",
    "remove": "Removing",
    "publish": "Publishing",
}


class _Count(ProgressColumn):
    """How much is done, and of how much when that is known."""

    def render(self, task: Task) -> Text:
        done = int(task.completed)
        if task.total is not None:
            return Text(f"{done}/{int(task.total)}", justify="right")
        return Text(str(done) if done else "", justify="right")


class _Item(ProgressColumn):
    """What is being done; the name may be one that somebody else chose."""

    def render(self, task: Task) -> Text:
        return Text(without_controls(str(task.fields["item"])), style="dim")


class ProgressReporter:
    """Shows events; safe to call from worker threads."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description:<17}"),
            BarColumn(bar_width=24),
            _Count(),
            TimeElapsedColumn(),
            _Item(),
            console=Console(file=terminal.err, stderr=True, highlight=False),
            transient=True,
            refresh_per_second=12,
        )
        self._tasks: dict[Phase, TaskID] = {}
        self._implied: dict[Phase, TaskID] = {}
        """Phases that nobody started, shown below one that somebody did, until that one is finished."""
        self._depths: dict[Phase, int] = {}
        """How many are in the middle of a phase: what is built meanwhile has something to resolve, too."""
        self._warnings: list[Warned] = []
        self._notes: list[Noted] = []
        self._lock = threading.Lock()
        self._shown = False

    def __repr__(self) -> str:
        return f"<ProgressReporter {sorted(self._tasks)}>"

    def report(self, event: Event, /) -> None:
        with self._lock:
            match event:
                case Warned():
                    # A warning in the middle of a live display would be torn; it can wait for the end of it.
                    if self._shown:
                        self._warnings.append(event)
                    else:
                        self._terminal.warn(event.message, event.code)
                case Noted():
                    self._notes.append(event)
                case Started(phase=phase, total=total):
                    self._depths[phase] = self._depths.get(phase, 0) + 1
                    self._start(phase, total)
                case Advanced():
                    self._advance(event)
                case Finished(phase=phase):
                    self._depths[phase] = self._depths.get(phase, 1) - 1
                    if self._depths[phase] > 0:
                        return
                    task = self._tasks.pop(phase, None)
                    if task is not None:
                        self._progress.remove_task(task)
                    self._implied.pop(phase, None)
                    if self._tasks.keys() == self._implied.keys():
                        self._hide()

    def close(self) -> None:
        """Take everything off the terminal and say what was held back."""
        with self._lock:
            self._hide()

    def _start(self, phase: Phase, total: int | None) -> TaskID:
        if not self._shown:
            self._shown = True
            self._progress.start()
        known = self._tasks.get(phase)
        if known is not None:
            if total is not None:
                self._progress.update(known, total=total)
            return known
        task = self._tasks[phase] = self._progress.add_task(_TITLES[phase], total=total, item="")
        return task

    def _advance(self, event: Advanced) -> None:
        if not self._shown:
            # Only a phase that was started is sure to be finished, and a display that nobody ends would
            # stand in the way of the program that `run` starts.
            return
        task = self._tasks.get(event.phase)
        if task is None:
            task = self._implied[event.phase] = self._start(event.phase, None)
        self._progress.update(task, item=event.item, advance=1 if event.done else 0)

    def _hide(self) -> None:
        if self._shown:
            self._shown = False
            self._progress.stop()
            for task in self._tasks.values():
                self._progress.remove_task(task)
            self._tasks.clear()
            self._implied.clear()
            self._depths.clear()
        for warning in self._warnings:
            self._terminal.warn(warning.message, warning.code)
        self._warnings.clear()
        for note in self._notes:
            self._terminal.detail(note.message)
        self._notes.clear()
