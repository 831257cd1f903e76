"""The context of a command: the place where it was started, its means, and what both were made from.

Verbs take one and hand on what each part of their work needs; nothing below the verbs knows it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from interlock.core.manifests.manifest import ToolSettings
from interlock.events import Reporter
from interlock.means import Means
from interlock.settings.given import GlobalFlags, Surroundings
from interlock.settings.resolve import resolve_settings
from interlock.store.layout import Layout

__all__ = ["Context", "Place"]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command was started; absolute."""

    directory: Path
    """The process's directory, or ``--directory``. Paths on the command line are relative to it."""
    start: Path
    """Where looking for the workspace begins; differs from ``directory`` with ``--project``."""

    def path(self, text: str) -> Path:
        """What a path on the command line means, without ``..`` in it."""
        return Path(os.path.normpath(self.directory / text))


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One command's view of the world."""

    place: Place
    means: Means
    """With settings that were resolved without a workspace until :meth:`within` was used."""
    flags: GlobalFlags
    around: Surroundings

    def within(self, tool: ToolSettings) -> Context:
        """The same context with the settings of a workspace's root taken into account."""
        settings, layout = resolve_settings(self.flags, tool, self.around), self.means.layout
        if settings.limits != layout.limits:
            layout = Layout(layout.root, settings.limits)
        means = msgspec.structs.replace(self.means, settings=settings, layout=layout)
        return msgspec.structs.replace(self, means=means)

    def starting_at(self, start: Path) -> Context:
        """The same command as if it had been started in another directory."""
        return msgspec.structs.replace(self, place=msgspec.structs.replace(self.place, start=start))

    def asking(self, **flags: object) -> Context:
        """The same command with other flags, which count from the next :meth:`within` on."""
        return msgspec.structs.replace(self, flags=msgspec.structs.replace(self.flags, **flags))

    def with_environ(self, environ: Mapping[str, str]) -> Context:
        """The same command among other variables; as settings they count from the next :meth:`within` on."""
        around = msgspec.structs.replace(self.around, environ=environ)
        return msgspec.structs.replace(self, around=around, means=msgspec.structs.replace(self.means, environ=environ))

    def reporting_to(self, reporter: Reporter) -> Context:
        return msgspec.structs.replace(self, means=msgspec.structs.replace(self.means, reporter=reporter))
