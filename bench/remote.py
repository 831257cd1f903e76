"""A file of the index read in pieces, so that a wheel's METADATA can be had without the wheel."""

from __future__ import annotations

import io
import urllib.request

__all__ = ["RemoteFile"]

PIECE = 65536


class RemoteFile(io.RawIOBase):
    """A seekable file over byte ranges; raises OSError where the server has none."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._place = 0
        head = urllib.request.Request(url, method="HEAD", headers={"User-Agent": "interlock-bench"})
        with urllib.request.urlopen(head, timeout=60) as response:
            self._size = int(response.headers["Content-Length"])
        self._start = max(0, self._size - PIECE)
        self._piece = self._fetch(self._start, self._size)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = origin + offset
        return self._place

    def read(self, size: int = -1) -> bytes:
        stop = self._size if size < 0 else min(self._place + size, self._size)
        if stop <= self._place:
            return b""
        if self._place < self._start or stop > self._start + len(self._piece):
            self._start = self._place
            self._piece = self._fetch(self._place, min(max(stop, self._place + PIECE), self._size))
        found = self._piece[self._place - self._start : stop - self._start]
        self._place = stop
        return found

    def _fetch(self, start: int, stop: int) -> bytes:
        headers = {"Range": f"bytes={start}-{stop - 1}", "User-Agent": "interlock-bench"}
        with urllib.request.urlopen(urllib.request.Request(self._url, headers=headers), timeout=120) as response:
            if response.status != 206:
                raise OSError("the server answers no byte ranges")
            content: bytes = response.read()
            return content
