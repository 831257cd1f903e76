"""Reading tar archives with suspicion: what is inflated, declared and nested is judged before anything is made of it.

``tarfile`` believes what a header says: it skips 2**60 bytes one block at a time, takes an extended header of gigabytes
into memory, and waits for ever for what a file that has ended does not hold. So it never gets the file itself, but a
stream that inflates no more than the limits allow and that ends once, and headers that are looked at first.
"""

from __future__ import annotations

import bz2
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from interlock.core.settings.limits import DEFAULT, Limits, how_to_raise
from interlock.store.entry_names import length_problem

__all__ = ["BROKEN_TAR", "Budget", "TooMuch", "open_tar"]

BROKEN_TAR = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, IndexError, OverflowError)
"""What a damaged archive may raise; an ``OSError`` with a number is the machine's, not the archive's."""

_PIECE = 128 << 10
_HARMLESS = 64 << 20
"""Bytes that any archive may unpack to, whatever its own size."""
_LARGEST_HEADER = 64 << 10
_DICTIONARY = 256 << 20
_EMPTY_READS = 16
_EXTENDED = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
_Header = TypeVar("_Header", bound="_CheckedHeader")


class TooMuch(tarfile.TarError):
    """An archive holds more than any real one. ``hint`` names the setting, where there is one."""

    def __init__(self, why: str, limit: str = "") -> None:
        super().__init__(why)
        self.hint = how_to_raise(limit) if limit else None


class Budget:
    """Counts what one archive unpacks to, and stops a bomb."""

    def __init__(self, packed: int, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._packed = packed
        self._size = self._inflated = self._count = 0

    def __repr__(self) -> str:
        return f"<Budget {self._count} files, {self._size} bytes>"

    def take(self, name: str, size: int) -> None:
        """Count an entry that says it has so many bytes."""
        if size < 0:
            raise TooMuch(f"an entry says it has {size} bytes")
        if problem := length_problem(name):
            raise TooMuch(problem)
        self._count += 1
        if self._count > self._limits.unpacked_files:
            raise TooMuch(f"it has more than {self._limits.unpacked_files} entries", "unpacked_files")
        self._size = self._checked(self._size + size)

    def inflate(self, size: int) -> None:
        """Count bytes of the stream below, headers and padding included."""
        self._inflated = self._checked(self._inflated + size)

    def _checked(self, size: int) -> int:
        if size > self._limits.unpacked_size:
            raise TooMuch(f"it unpacks to more than {self._limits.unpacked_size} bytes", "unpacked_size")
        if size > _HARMLESS and size > self._packed * self._limits.unpacked_ratio:
            raise TooMuch(f"its {self._packed} bytes unpack to {size} or more", "unpacked_ratio")
        return size


class _CheckedHeader(tarfile.TarInfo):
    """A header that is refused before its content is read or skipped."""

    @classmethod
    def frombuf(cls: type[_Header], buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        found = super().frombuf(buf, encoding, errors)
        if found.type in _EXTENDED and not 0 <= found.size <= _LARGEST_HEADER:
            raise tarfile.ReadError(f"an extended header has {found.size} bytes")
        if found.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError("it holds a sparse file")
        return found


@contextmanager
def open_tar(path: Path, budget: Budget) -> Iterator[Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]]:
    """The entries of a tar archive, compressed in any way, each counted before it is handed out.

    An entry's content has to be read before the next one is asked for. Raises :class:`TooMuch` and `BROKEN_TAR`.
    """
    with (
        open(path, "rb") as file,
        tarfile.open(fileobj=_Inflated(file, budget), mode="r|", tarinfo=_CheckedHeader) as tar,  # type: ignore[call-overload]
    ):
        yield _entries(tar, budget)


def _entries(tar: tarfile.TarFile, budget: Budget) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    while (member := tar.next()) is not None:
        # Folders and links have no content, whatever their headers say.
        empty = member.isdir() or member.issym() or member.islnk() or member.isdev()
        budget.take(member.name, 0 if empty else member.size)
        # A stream is read once, and what was read of it need not be remembered.
        tar.members = []  # type: ignore[attr-defined]
        yield tar, member


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class _Inflated:
    """The plain bytes of a file that may be compressed with gzip, bzip2 or xz, read forward only."""

    def __init__(self, file: BinaryIO, budget: Budget) -> None:
        self._file = file
        self._budget = budget
        start = file.read(6)
        file.seek(0)
        self._kind = (
            "gz" if start[:2] == b"\x1f\x8b"
            else "bz2" if start[:3] == b"BZh"
            else "xz" if start == b"\xfd7zXZ\0" or start[:3] == b"\x5d\0\0"
            else ""
        )  # fmt: skip
        self._decompressor = self._fresh()
        self._fed = b""
        self._empty = 0

    def read(self, size: int) -> bytes:
        """Up to so many bytes; empty at the end, and an error for who goes on asking then."""
        data = self._file.read(size) if self._decompressor is None else self._inflate(size)
        self._budget.inflate(len(data))
        self._empty = 0 if data else self._empty + 1
        if self._empty > _EMPTY_READS:
            raise tarfile.ReadError("it ends in the middle of an entry")
        return data

    def _fresh(self) -> _Decompressor | None:
        if self._kind == "gz":
            return zlib.decompressobj(31)
        if self._kind == "bz2":
            return bz2.BZ2Decompressor()
        return lzma.LZMADecompressor(memlimit=_DICTIONARY) if self._kind == "xz" else None

    def _inflate(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            piece = self._piece(size - len(found))
            if piece is None:
                break
            found += piece
        return bytes(found)

    def _piece(self, size: int) -> bytes | None:
        """Some more bytes, perhaps none; None at the end of the file."""
        inflater = self._decompressor
        if inflater is None:
            return None
        if inflater.eof:
            # Several streams may follow each other, and whatever follows the last one is padding.
            self._fed = inflater.unused_data or self._file.read(_PIECE)
            if not self._is_start(self._fed):
                return None
            self._decompressor = inflater = self._fresh()
        if isinstance(inflater, (bz2.BZ2Decompressor, lzma.LZMADecompressor)):
            if inflater.needs_input and not self._fed:
                self._fed = self._file.read(_PIECE)
                if not self._fed:
                    raise EOFError("the file is cut off")
            fed, self._fed = self._fed, b""
            return inflater.decompress(fed, size)
        assert inflater is not None
        self._fed = self._fed or self._file.read(_PIECE)
        if not self._fed:
            raise EOFError("the file is cut off")
        zipped: zlib._Decompress = inflater  # type: ignore[assignment]
        data = zipped.decompress(self._fed, size)
        self._fed = zipped.unconsumed_tail
        return data

    def _is_start(self, data: bytes) -> bool:
        return (
            data[:2] == b"\x1f\x8b"
            if self._kind == "gz"
            else data[:3] == (b"BZh" if self._kind == "bz2" else b"\xfd7z")
        )
