"""One file as an index page describes it, before anything is made of it (PEP 691, PEP 700)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

__all__ = ["PageFile", "PageFiles", "PageMeta", "ProjectStatus"]


class PageFile(msgspec.Struct, rename="kebab", omit_defaults=True, gc=False):
    """Field names are the JSON page's. Not frozen, because thousands are made at once and frozen ones cost more."""

    filename: str
    url: str
    hashes: dict[str, str] = {}
    requires_python: str | None = None
    size: int | None = None
    upload_time: str | None = None
    yanked: bool | str | None = False
    core_metadata: bool | dict[str, str] | None = None
    dist_info_metadata: bool | dict[str, str] | None = None


class PageFiles(msgspec.Struct, kw_only=True):
    """All files of a page."""

    files: Sequence[PageFile]
    api_version: str = "1.0"
    status: str = ""
    base: str = ""
    """What links are relative to, when the page says so."""
    skipped: int = 0
    notes: list[str] = []
    """Why files were skipped, for whoever asks."""


class PageMeta(msgspec.Struct, rename="kebab"):
    """What a JSON page says of itself (PEP 629)."""

    api_version: str = "1.0"


class ProjectStatus(msgspec.Struct):
    """What a JSON page says of its project (PEP 792)."""

    status: str = ""
