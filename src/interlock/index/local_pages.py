"""Indexes on disk: a directory of files, an HTML file that lists some, or a simple repository of folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from interlock.core.sources.addresses import parts_of
from interlock.index.failures import BadPage
from interlock.index.html_page import parse_html
from interlock.index.page_file import PageFile, PageFiles

if sys.platform == "win32":
    from urllib.request import url2pathname
else:
    # The same thing here, without all of an HTTP client.
    from urllib.parse import unquote as url2pathname

__all__ = ["file_path", "read_flat", "read_project"]

_WANTED = (".whl", ".tar.gz", ".zip")


def file_path(url: str) -> Path:
    """The path of a ``file:`` URL, or of what is a path already."""
    if url[:5].lower() != "file:":
        return Path(url)
    parts = parts_of(url)
    host = f"//{parts.netloc}" if parts.netloc not in {"", "localhost"} else ""
    return Path(host + url2pathname(parts.path))


def read_flat(url: str, index: str) -> PageFiles:
    """What a directory holds, or an HTML file links to.

    Raises :class:`BadPage` when there is neither: a mistyped path must not pass for an empty index.
    """
    path = file_path(url)
    if path.is_dir():
        return _directory(path)
    if path.is_file():
        return _html(path, index)
    raise BadPage(str(path), "there is no such file or directory", index=index)


def read_project(url: str, name: str, index: str) -> PageFiles | None:
    """A project's page in a simple repository on disk: its folder's ``index.html``, or else the files in the folder."""
    root = file_path(url)
    if not root.is_dir():
        raise BadPage(str(root), "there is no such directory", index=index)
    folder = root / name
    page = folder / "index.html"
    if page.is_file():
        return _html(page, index)
    return _directory(folder) if folder.is_dir() else None


def _directory(path: Path) -> PageFiles:
    with os.scandir(path) as entries:
        found = sorted(
            (entry.name, entry.stat().st_size) for entry in entries if entry.name.endswith(_WANTED) and entry.is_file()
        )
    root = path.resolve()
    return PageFiles(files=[PageFile(filename=name, url=(root / name).as_uri(), size=size) for name, size in found])


def _html(path: Path, index: str) -> PageFiles:
    page = parse_html(path.read_bytes())
    if page is None:
        raise BadPage(str(path), "it is not HTML", index=index)
    if not page.base:
        page.base = path.resolve().as_uri()
    return page
