"""Progress as values: rooms report what happens, a surface decides whether and how to show it."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

__all__ = [
    "SILENT",
    "Advanced",
    "Aside",
    "Event",
    "Finished",
    "Heard",
    "Noted",
    "Phase",
    "Reporter",
    "Started",
    "Steps",
    "Warned",
]

Phase = Literal["conflicts", "resolve", "metadata", "download", "build", "install", "remove", "publish"]


class Started(msgspec.Struct, frozen=True, tag_field="event", tag="started"):
    """A phase begins. ``total`` is the number of items, or None when it is not known yet."""

    phase: Phase
    total: int | None = None


class Advanced(msgspec.Struct, frozen=True, tag_field="event", tag="advanced"):
    """One step of a phase: an item was chosen, fetched, built, linked."""

    phase: Phase
    item: str
    """Name and version of the package, or a member's name."""
    amount: int = 0
    """Bytes, where the phase moves bytes."""
    done: bool = True
    """False when the item has begun, True when it is finished."""


class Finished(msgspec.Struct, frozen=True, tag_field="event", tag="finished"):
    phase: Phase


class Warned(msgspec.Struct, frozen=True, tag_field="event", tag="warned"):
    """Something the user should know that does not stop the command."""

    code: str
    message: str


class Noted(msgspec.Struct, frozen=True, tag_field="event", tag="noted"):
    """A detail for somebody who looks for the reason of something; shown only when asked for."""

    message: str


Event = Started | Advanced | Finished | Warned | Noted


class Reporter(Protocol):
    def report(self, event: Event, /) -> None:
        """Take one event; must return at once and never raise."""


class _Silent:
    def report(self, event: Event, /) -> None:
        """Ignore it."""


SILENT: Reporter = _Silent()


class Aside:
    """Passes on what has to be known, and not the steps: for work inside of a step that is shown already."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def __repr__(self) -> str:
        return f"<Aside of {self._reporter!r}>"

    def report(self, event: Event, /) -> None:
        if isinstance(event, Warned | Noted):
            self._reporter.report(event)


class Heard:
    """Passes everything on, and remembers whether there was anything that a user is told."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.warned = False

    def __repr__(self) -> str:
        return f"<Heard {self.warned} before {self._reporter!r}>"

    def report(self, event: Event, /) -> None:
        self.warned = self.warned or isinstance(event, Warned)
        self._reporter.report(event)


class Steps:
    """Passes on the steps and nothing else: for attempts, where the last one will say what has to be known."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def __repr__(self) -> str:
        return f"<Steps of {self._reporter!r}>"

    def report(self, event: Event, /) -> None:
        if not isinstance(event, Warned | Noted):
            self._reporter.report(event)
