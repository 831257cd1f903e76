"""Where sources are as seen from the root of a workspace: places on this machine are paths relative to it."""

from __future__ import annotations

import os
from urllib.parse import unquote

import msgspec

from interlock.core.sources.source import Directory, File, Git, Source

__all__ = ["placed"]


def placed(source: Source, root: str) -> Source:
    """The source with an absolute path made relative to the root, the path of a repository included."""
    if isinstance(source, File | Directory):
        return msgspec.structs.replace(source, path=_relative(source.path, root))
    if isinstance(source, Git) and source.url.startswith("file://"):
        return msgspec.structs.replace(source, url=_relative(unquote(source.url[7:]), root))
    return source


def _relative(path: str, root: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/") if os.path.isabs(path) else path
