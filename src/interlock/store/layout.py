"""Where things are in the store, and how an entry appears in it: complete, at once, or not at all.

::

    <root>/                         INTERLOCK_CACHE_DIR or the platform's cache directory
      CACHEDIR.TAG  .gitignore
      pages-v5/<index key>/<name>   parsed listings with their HTTP validators (msgpack)
      metadata-v1/ab/<key>          parsed core metadata (msgpack)
      wheels-v1/ab/<sha256>/        unpacked wheels: tree/ and files.msgpack
      sdists-v1/ab/<sha256>         downloaded source archives
      built-v1/ab/<digest>/         wheels built here, by the digest of what went in
      git-v1/                       bare clones and checkouts by commit
      build-envs-v1/ab/<digest>/    isolated build environments
      interpreters-v1/<key>         what an interpreter said about itself (msgpack)
      workspaces-v1/<key>/          what was learned about a workspace (parsed manifests, freshness)
      answers-v1/ab/<key>           locks by the question they answer, with what was seen of each package
      old-locks-v1/ab/<digest>      locks that clients of a service start from, by the digest of their bytes
      files-v1/ab/<sha256>          files that a service's proxy hands on, and its texts-v1 their METADATA
      frames-v1/ab/<key>            what a service sends in place of wheels, and made of them
      cache-v1/ab/<key>.<kind>.*    what clients of a service share
      locks/                        lock files of running processes; run-* of programs in build-envs-v1
      tmp/                          work in progress; anything here may be deleted when no process runs; *part-*: files
                                    that came in part, which the next process goes on with

A bucket's version changes when its format does, so two versions of Interlock can share one store.
"""

from __future__ import annotations

import errno
import itertools
import os
import tempfile
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from interlock.core.settings.limits import DEFAULT, Limits
from interlock.errors import InterlockError
from interlock.store.replace import move_file
from interlock.store.space import named, write_file

__all__ = ["Bucket", "CacheUnusable", "Layout"]


class Bucket(StrEnum):
    """The folders of the store, by what is in them."""

    PAGES = "pages-v5"
    METADATA = "metadata-v1"
    WHEELS = "wheels-v1"
    SDISTS = "sdists-v1"
    BUILT = "built-v1"
    GIT = "git-v1"
    BUILD_ENVIRONMENTS = "build-envs-v1"
    INTERPRETERS = "interpreters-v1"
    WORKSPACES = "workspaces-v1"
    OLD_LOCKS = "old-locks-v1"
    ANSWERS = "answers-v1"
    FILES = "files-v1"
    TEXTS = "texts-v1"
    FRAMES = "frames-v1"
    CACHE = "cache-v1"


_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This directory is a cache and can be deleted.\n"
_NO_PLACE = frozenset(
    (errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENAMETOOLONG)
)


class CacheUnusable(InterlockError):
    """There is no directory that can be written to, and none can be made, where the store is to be."""

    code = "cache-unusable"

    def __init__(self, root: Path, why: str) -> None:
        super().__init__(
            f"The cache {root} cannot be used: {why}.",
            hint="Name another place with --cache-dir, or do without: --no-cache.",
            facts={"path": str(root), "why": why},
        )


class Layout:
    """Paths below one store root. Making one touches nothing."""

    def __init__(self, root: Path, limits: Limits = DEFAULT) -> None:
        self.root = root
        self.limits = limits
        """What may come in."""
        self._passing = itertools.count()
        self._prepared = False

    def __repr__(self) -> str:
        return f"<Layout {self.root}>"

    def bucket(self, name: Bucket) -> Path:
        return self.root / name

    def entry(self, bucket: Bucket, key: str) -> Path:
        """Path of an entry; long keys are spread over 256 folders by their first two characters."""
        return self.root / bucket / key[:2] / key

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def usage_lock(self) -> Path:
        """The lock that a command holds shared while it uses the store, and one that empties it holds alone."""
        return self.locks / "usage"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    def prepare(self) -> None:
        """Create the root with the marks that keep backups and git away from it. Raises :class:`CacheUnusable`."""
        if self._prepared:
            return
        try:
            if not (self.root / "CACHEDIR.TAG").exists():
                self.tmp.mkdir(parents=True, exist_ok=True)
                self.locks.mkdir(exist_ok=True)
                write_file(self.root / ".gitignore", b"*\n")
                write_file(self.root / "CACHEDIR.TAG", _TAG.encode())
            self.tmp.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if error.errno not in _NO_PLACE:
                raise
            raise CacheUnusable(self.root, os.strerror(error.errno).lower()) from error
        if not os.access(self.tmp, os.W_OK):
            raise CacheUnusable(self.root, "it cannot be written to")
        self._prepared = True

    def remember(self, path: Path, data: bytes) -> None:
        """Write what is only there to save work; a store that cannot be written to does without."""
        with suppress(CacheUnusable, PermissionError):
            self.write(path, data)

    def temporary_directory(self, name: str = "", *, anywhere: bool = False) -> Path:
        """A new empty directory on the store's own file system, so that a rename into place is atomic.

        It is called `name` unless that one is taken, by another process or by one that was killed. ``anywhere`` takes
        one of the machine's where the store cannot be written to.
        """
        try:
            self.prepare()
        except CacheUnusable:
            if not anywhere:
                raise
            return Path(tempfile.mkdtemp(prefix="interlock-"))
        if name:
            with suppress(FileExistsError):
                (self.tmp / name).mkdir(mode=0o700)
                return self.tmp / name
        return Path(tempfile.mkdtemp(dir=self.tmp))

    def write(self, path: Path, data: bytes) -> None:
        """Write a file of the store so that readers see the old content or the new, never a part.

        What tells of a workspace is for its owner alone: manifests may hold passwords.
        """
        self.prepare()
        # No other process has this number, and no other write of this one the count.
        name = os.path.join(self.root, "tmp", f"{os.getpid()}-{id(self):x}-{next(self._passing)}")
        try:
            private = Bucket.WORKSPACES in path.parts
            handle = os.open(name, _CREATE, 0o600 if private else 0o666)
            with named(path), os.fdopen(handle, "wb") as file:
                file.write(data)
            move_file(name, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)
            raise

    def read(self, path: Path) -> bytes | None:
        """The bytes of an entry, or None when it is not there."""
        try:
            with open(path, "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
