"""The means of a command: what was decided, and what it may use, wherever it was started."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from interlock.events import SILENT, Reporter
from interlock.settings.decided import Settings
from interlock.store.layout import Bucket, Layout

__all__ = ["Means"]


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What tools and resolutions work with; nothing below reads the environment, the clock or the machine."""

    settings: Settings
    layout: Layout
    """The store."""
    environ: Mapping[str, str]
    """What programs that are started get, and keyrings and proxies are found by."""
    now: datetime
    """When the command started."""
    home: str = ""
    processors: int = 2
    reporter: Reporter = SILENT
    gone: set[str] = msgspec.field(default_factory=set)
    """Services that could not be used in this run, by address: they are not asked again. The same set in all copies."""

    @property
    def interpreters(self) -> Path:
        """Where what interpreters say of themselves is remembered."""
        return self.layout.bucket(Bucket.INTERPRETERS)
