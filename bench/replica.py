"""The replica: pages, metadata and files of the index, recorded the first time they are asked for, then kept.

Pages are stored with relative links, so no host is in them; where the files come from is asked of the index itself.
"""

from __future__ import annotations

import gzip
import json
import threading
import urllib.error
import urllib.request
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote, urljoin, urlsplit

from bench.remote import RemoteFile

__all__ = ["PAGE_KIND", "Replica"]

PAGE_KIND = "application/vnd.pypi.simple.v1+json"


class Replica:
    """A folder that fills itself from ``upstream`` (the address of a simple API); ``upstream`` None only reads.

    With ``metadata`` its pages advertise a metadata file for every wheel, as large indexes do; where the index recorded
    from has none, it is taken out of the wheel. Otherwise pages say what the index said.
    """

    def __init__(self, folder: Path, upstream: str | None, *, metadata: bool) -> None:
        self.folder = folder
        self.upstream = upstream
        self.metadata = metadata
        self.page = "metadata.json" if metadata else "index.json"
        self.recorded = 0
        """Files fetched from the index since the start; a measured run should not add to it."""
        self._missing: set[str] = set()
        self._base = ""
        self._guards: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def __repr__(self) -> str:
        return f"<Replica {self.folder} [{self.recorded} recorded]>"

    def stored(self, path: str) -> str | None:
        """The file below the folder that answers a request path, recorded if need be; None when there is none."""
        path = unquote(path).lstrip("/")
        relative = path + self.page if path.startswith("simple/") and path.endswith("/") else path
        if ".." in relative.split("/"):
            return None
        with self._guards[relative]:
            target = self.folder / relative
            if target.is_file():
                return relative
            if self.upstream is None or relative in self._missing:
                return None
            content = self._fetch(relative)
            if content is None:
                self._missing.add(relative)
                return None
            self._write(target, content)
            self.recorded += 1
            return relative

    def _fetch(self, relative: str) -> bytes | None:
        if relative.startswith("simple/"):
            name = relative.removeprefix("simple/").removesuffix(self.page).strip("/")
            page = self._page(name) if name else None
            return None if page is None else _localized(page, metadata=self.metadata)
        if relative.startswith("files/") and relative.endswith(".whl.metadata"):
            return self._metadata(relative.removesuffix(".metadata"))
        if relative.startswith("files/"):
            return self._get(self._file_url(relative))
        return None

    def _metadata(self, wheel: str) -> bytes | None:
        """A wheel's METADATA, from the recorded wheel, else from a piece of the index's, else from all of it."""
        if not (self.folder / wheel).is_file():
            try:
                return _metadata_of(RemoteFile(self._file_url(wheel)))
            except (OSError, zipfile.BadZipFile):
                if self.stored(wheel) is None:
                    return None
        return _metadata_of(self.folder / wheel)

    def _file_url(self, relative: str) -> str:
        return urljoin(self._file_base(), "/" + relative.removeprefix("files/"))

    def _page(self, name: str) -> bytes | None:
        return self._get(f"{self.upstream}{name}/", accept=PAGE_KIND)

    def _file_base(self) -> str:
        """Scheme and host of the index's files, learnt from a page."""
        if not self._base:
            page = self._page("pip")
            if page is None:
                raise RuntimeError("the index has no page from which to learn where its files are")
            link = urljoin(f"{self.upstream}pip/", json.loads(page)["files"][0]["url"])
            self._base = f"{urlsplit(link).scheme}://{urlsplit(link).netloc}"
        return self._base

    def _get(self, url: str, accept: str = "*/*") -> bytes | None:
        request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "interlock-bench"})
        for attempt in range(3):
            try:
                with urllib.request.urlopen(request, timeout=120) as response:
                    content: bytes = response.read()
                    return content
            except urllib.error.HTTPError as error:
                if error.code in {403, 404, 410}:
                    return None
                if attempt == 2:
                    raise
            except (urllib.error.URLError, TimeoutError):
                if attempt == 2:
                    raise
        return None

    def _write(self, target: Path, content: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == ".json":
            target.with_name(target.name + ".gz").write_bytes(gzip.compress(content, 6, mtime=0))
        partial = target.with_name(target.name + ".partial")
        partial.write_bytes(content)
        partial.replace(target)


def _localized(page: bytes, *, metadata: bool) -> bytes:
    """A page whose links lead to the replica's own files."""
    body = json.loads(page)
    for file in body["files"]:
        file["url"] = "../../files" + urlsplit(file["url"]).path
        if metadata and file["filename"].endswith(".whl"):
            file["core-metadata"] = file.get("core-metadata") or True
    return json.dumps(body, separators=(",", ":")).encode()


def _metadata_of(wheel: Path | RemoteFile) -> bytes | None:
    with zipfile.ZipFile(cast("IO[bytes]", wheel)) as archive:
        inside = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
        return archive.read(inside[0]) if inside else None
