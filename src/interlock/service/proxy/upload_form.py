"""An upload as it comes: one multipart form (RFC 7578, the legacy upload API), its file written while it is read."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from interlock.service.proxy.own_packages import Uploaded
from interlock.service.proxy.refusals import BadUpload, UploadTooLarge
from interlock.store.space import named

__all__ = ["UploadForm"]

_FIELDS = 1 << 20
"""Bytes of everything that is not the file: descriptions are long, lists of classifiers are not."""
_MOST_PARTS = 1000
_BATCH = 256 << 10
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,220}(?:\.whl|\.tar\.gz|\.zip)")
_DIGESTS = {"sha256_digest": "sha256", "md5_digest": "md5", "blake2_256_digest": "blake2b"}


class UploadForm:
    """Reads one form. ``close`` deletes what is left of the file."""

    def __init__(self, content_type: str, folder: Path, most: int, reserve: Callable[[int], None]) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise BadUpload("", "it is not a form (multipart/form-data)")
        callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._part_end,
            "on_end": self._finish,
        }
        self._parser = MultipartParser(boundary, callbacks)
        self._folder = folder
        self._most = most
        self._reserve = reserve
        self._fields: dict[str, str] = {}
        self._hashes: dict[str, hashlib._Hash | hashlib.blake2b] = {
            "sha256": hashlib.sha256(),
            "md5": hashlib.md5(usedforsecurity=False),
            "blake2b": hashlib.blake2b(digest_size=32),
        }
        self._header = self._value = b""
        self._part = bytearray()
        self._name = self._filename = ""
        self._is_file = False
        self._parts = self._size = self._other = 0
        self._pending = bytearray()
        self._path: Path | None = None
        self._handle = -1
        self._ended = False

    def __repr__(self) -> str:
        return f"<UploadForm {self._filename or 'without a file'}: {self._size} bytes>"

    async def read(self, body: AsyncIterator[bytes]) -> Uploaded:
        """Read it all. Raises :class:`BadUpload` and :class:`UploadTooLarge`."""
        async for chunk in body:
            if chunk:
                self._take(chunk)
            if len(self._pending) >= _BATCH:
                await anyio.to_thread.run_sync(self._flush)
        await anyio.to_thread.run_sync(self._end)
        return self._judged()

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()

    def _take(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BadUpload(self._filename, f"the form cannot be read ({error})") from error

    def _judged(self) -> Uploaded:
        fields = self._fields
        if not self._ended:
            raise BadUpload(self._filename, "the form ends too early")
        if fields.get(":action") != "file_upload":
            raise BadUpload(self._filename, "the form's `:action` is not `file_upload`")
        if self._path is None:
            raise BadUpload("", "there is no file in the form (`content`)")
        for field, algorithm in _DIGESTS.items():
            promised = fields.get(field, "").lower()
            if promised and promised != self._hashes[algorithm].hexdigest():
                raise BadUpload(self._filename, f"it does not have the `{field}` that the form states")
        return Uploaded(
            path=self._path,
            filename=self._filename,
            sha256=self._hashes["sha256"].hexdigest(),
            size=self._size,
            name=fields.get("name", ""),
            version=fields.get("version", ""),
        )

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise BadUpload(self._filename, f"the form has more than {_MOST_PARTS} parts")
        self._name, self._is_file = "", False
        self._part = bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._count(end - start)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._count(end - start)

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._name = options.get(b"name", b"").decode(errors="replace")
            if self._name == "content":
                self._open(options.get(b"filename", b"").decode(errors="replace"))
        self._header = self._value = b""

    def _headers_finished(self) -> None:
        if not self._name:
            raise BadUpload(self._filename, "a part of the form has no name")

    def _open(self, filename: str) -> None:
        if self._path is not None:
            raise BadUpload(self._filename, "there are two files in the form")
        if not _FILENAME.fullmatch(filename):
            raise BadUpload(filename[:80], "that is not the name of a wheel or a source archive")
        self._filename, self._is_file = filename, True
        self._handle, path = tempfile.mkstemp(dir=self._folder)
        self._path = Path(path)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._size += end - start
            if self._size > self._most:
                raise UploadTooLarge(self._filename, self._most)
            self._pending += data[start:end]
        else:
            self._count(end - start)
            self._part += data[start:end]

    def _part_end(self) -> None:
        if not self._is_file:
            self._fields.setdefault(self._name, self._part.decode(errors="replace"))

    def _finish(self) -> None:
        self._ended = True

    def _count(self, size: int) -> None:
        self._other += size
        if self._other > _FIELDS:
            raise BadUpload(self._filename, f"the form has more than {_FIELDS} bytes besides the file")

    def _flush(self) -> None:
        self._reserve(len(self._pending))
        for hashed in self._hashes.values():
            hashed.update(self._pending)
        with named(self._path or self._folder):
            view = memoryview(self._pending)
            while view:
                view = view[os.write(self._handle, view) :]
            view.release()
        self._pending = bytearray()

    def _end(self) -> None:
        self._flush()
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
