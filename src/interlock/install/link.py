"""Putting files of the store into an environment: clone, hard link, symbolic link or copy, whatever works first."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Literal

from interlock.core.settings import choices
from interlock.store.space import named

__all__ = ["LinkMode", "Linker", "StoreDamaged"]

LinkMode = choices.LinkMode | Literal["auto"]
_UNSUPPORTED = frozenset(
    {
        errno.EXDEV,
        errno.EPERM,
        errno.EACCES,
        errno.EOPNOTSUPP,
        errno.ENOTSUP,
        errno.ENOSYS,
        errno.EMLINK,
        errno.EINVAL,
        errno.ENOTTY,
    }
)
_FICLONE = 0x40049409


class StoreDamaged(Exception):
    """A file of the store is missing; the caller fetches that wheel again."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Linker:
    """Places files by one mode, and falls back to copies for good once the file system refuses it."""

    def __init__(self, mode: LinkMode = "auto") -> None:
        self.wished = mode
        self.mode: LinkMode = ("clone" if sys.platform == "darwin" else "hardlink") if mode == "auto" else mode
        self.fell_back = False

    def __repr__(self) -> str:
        return f"<Linker {self.mode}{' (fallback)' if self.fell_back else ''}>"

    def link_below(self, source: str, target: str, paths: Sequence[str]) -> None:
        """The same for paths that are below one folder and go below another."""
        done = _link_relative(source, target, paths) if self.mode == "hardlink" else 0
        rest = paths[done:]
        # Whatever the matter is with the next one, it is found out here.
        self.link([f"{source}/{path}" for path in rest], [f"{target}/{path}" for path in rest])

    def link(self, sources: Iterable[str], targets: Iterable[str]) -> None:
        """Make each target a file with its source's content; folders exist, targets do not."""
        place = _PLACE[self.mode]
        for source, target in zip(sources, targets, strict=True):
            try:
                place(source, target)
            except FileNotFoundError:
                if not os.path.exists(source):
                    raise StoreDamaged(source) from None
                raise
            except OSError as error:
                if place is _copy or error.errno not in _UNSUPPORTED:
                    raise
                # EMLINK is about this one file; everything else about the two file systems.
                if error.errno != errno.EMLINK:
                    self.mode, self.fell_back = "copy", True
                    place = _copy
                _copy(source, target)


def _link_relative(source: str, target: str, paths: Sequence[str]) -> int:
    """Make hard links as long as that goes well; how many. Paths are walked from two open folders."""
    if os.link not in os.supports_dir_fd:
        return 0
    link, done = os.link, 0
    with suppress(OSError), _opened(source) as here, _opened(target) as there:
        for path in paths:
            link(path, path, src_dir_fd=here, dst_dir_fd=there)
            done += 1
    return done


@contextmanager
def _opened(folder: str) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def _copy(source: str, target: str) -> None:
    # As the other ways do; where case tells no names apart, one file of a wheel must not replace another one.
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
    shutil.copyfile(source, target)
    shutil.copymode(source, target)


def _symlink(source: str, target: str) -> None:
    # A link to nothing is made without complaint, so a damaged store is noticed here or never.
    os.stat(source)
    os.symlink(source, target)


if sys.platform == "linux":
    import fcntl

    def _clone(source: str, target: str) -> None:
        with named(target), open(source, "rb") as given, open(target, "xb") as made:
            try:
                fcntl.ioctl(made.fileno(), _FICLONE, given.fileno())
            except OSError:
                os.unlink(target)
                raise
            os.fchmod(made.fileno(), os.fstat(given.fileno()).st_mode & 0o777)

elif sys.platform == "darwin":
    import ctypes

    _libc = ctypes.CDLL(None, use_errno=True)

    def _clone(source: str, target: str) -> None:
        if _libc.clonefile(os.fsencode(source), os.fsencode(target), 0) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), source, None, target)

else:

    def _clone(source: str, target: str) -> None:
        raise OSError(errno.ENOTSUP, "no clones here", source, None, target)


_PLACE: dict[str, Callable[[str, str], None]] = {
    "clone": _clone,
    "hardlink": os.link,
    "symlink": _symlink,
    "copy": _copy,
}
