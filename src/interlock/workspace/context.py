"""The context of a command: where it stands, what was decided, and what it may use. Every verb takes one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from interlock.core.manifests.manifest import ToolSettings
from interlock.core.settings.limits import DEFAULT, Limits
from interlock.events import SILENT, Reporter
from interlock.settings import GlobalFlags, Settings, Surroundings, resolve_settings
from interlock.store.layout import Layout

__all__ = ["Context", "store_at"]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One command's view of the world; nothing below it reads the environment, the clock or the working directory."""

    cwd: Path
    """Absolute: the process's directory, or ``--directory``. Paths on the command line are relative to it."""
    start: Path
    """Absolute: where looking for the workspace begins; differs from ``cwd`` with ``--project``."""
    flags: GlobalFlags
    around: Surroundings
    settings: Settings
    """Resolved without a workspace until :meth:`within` was used."""
    layout: Layout
    reporter: Reporter = SILENT

    @property
    def environ(self) -> Mapping[str, str]:
        return self.around.environ

    @property
    def now(self) -> datetime:
        """When the command started."""
        return self.around.now

    def place(self, text: str) -> Path:
        """What a path on the command line means, without ``..`` in it."""
        return Path(os.path.normpath(self.cwd / text))

    def within(self, tool: ToolSettings) -> Context:
        """The same context with the settings of a workspace's root taken into account."""
        settings = resolve_settings(self.flags, tool, self.around)
        layout = self.layout
        if settings.limits != layout.limits:
            layout = store_at(layout.root, settings.limits)
        return msgspec.structs.replace(self, settings=settings, layout=layout)


def store_at(root: Path, limits: Limits = DEFAULT) -> Layout:
    """The store below a directory; nothing is touched."""
    return Layout(root, limits)
