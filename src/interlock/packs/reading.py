"""An open pack: its header, judged, and its frames, each verified when it is looked at."""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from interlock.core.settings.limits import Limits
from interlock.packs.header import PRELUDE, Entry, Header, read_header, read_prelude
from interlock.packs.refusals import BadPack

__all__ = ["OpenPack", "open_pack"]


class OpenPack:
    """A pack in a buffer. Complete while :func:`open_pack` holds it open."""

    def __init__(self, header: Header, frames: memoryview) -> None:
        self.header = header
        self._frames = frames

    def __repr__(self) -> str:
        return f"<OpenPack of {len(self.header.entries)} files>"

    def verified(self, entry: Entry) -> memoryview:
        """A published file. Raises :class:`BadPack` when it is another one than the header says."""
        frame = self._frames[entry.offset : entry.end]
        if hashlib.sha256(frame).hexdigest() != entry.sha256:
            raise BadPack("a frame is not the file that it is said to be", sha256=entry.sha256)
        return frame


@contextmanager
def open_pack(path: Path, limits: Limits) -> Iterator[OpenPack]:
    """A pack in a file, which has to be as long as its header says.

    Raises :class:`BadPack`, also for what is wrong with a frame while it is open.
    """
    try:
        with _opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(PRELUDE.size)
            head += file.read(read_prelude(head))
            header = read_header(head, limits)
            if size != len(head) + header.size:
                raise BadPack("it is cut off" if size < len(head) + header.size else "there is something after its end")
            with _mapped(file.fileno()) as view:
                yield OpenPack(header, view[len(head) :])
    except BadPack as error:
        raise BadPack(error.why, name=path.name, sha256=error.sha256) from error


def _opened(path: Path) -> IO[bytes]:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise BadPack(f"it cannot be read ({(error.strerror or str(error)).lower()})") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise BadPack("it is no file")
    return os.fdopen(handle, "rb")


@contextmanager
def _mapped(handle: int) -> Iterator[memoryview]:
    mapped = mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
    view = memoryview(mapped)
    try:
        yield view
    finally:
        # Slices that are still looked at close it when they go.
        with suppress(BufferError):
            view.release()
            mapped.close()
