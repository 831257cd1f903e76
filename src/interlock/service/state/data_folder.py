"""The data folder of a service::

DATA/
    service.sqlite      tokens; its version is that of the folder
    jobs.sqlite         what was asked, to be answered after a restart too: nobody has to keep it
    pack-key            what packs are signed with; only its owner may read it
    token               the first token, in a file that only its owner may read
    server.lock         held by the one server that works with the folder
    packages/           what was uploaded
    store/              pages, metadata and files of indexes: a cache (interlock.store.layout)
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from interlock.errors import ServiceError
from interlock.store.locks import LockTimeout, hold_sync

__all__ = ["BadDataFolder", "DataFolder", "DataFolderInUse", "open_folder"]

_DATABASE = "service.sqlite"


class BadDataFolder(ServiceError):
    code = "bad-data-folder"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} cannot be a data folder: {why}.",
            hint="Name an empty or a new folder with --data.",
            facts={"path": str(path), "reason": why},
        )


class DataFolderInUse(ServiceError):
    code = "data-folder-in-use"

    def __init__(self, path: Path, holder: int | None) -> None:
        by = f" by process {holder}" if holder else ""
        super().__init__(
            f"{path} is used{by}: a data folder is for one server at a time.",
            hint="End the other one, or name another folder with --data.",
            facts={"path": str(path), "holder": holder},
        )


class DataFolder(msgspec.Struct, frozen=True):
    root: Path

    @property
    def database(self) -> Path:
        return self.root / _DATABASE

    @property
    def job_list(self) -> Path:
        return self.root / "jobs.sqlite"

    @property
    def first_token(self) -> Path:
        return self.root / "token"

    @property
    def pack_key(self) -> Path:
        return self.root / "pack-key"

    @property
    def packages(self) -> Path:
        return self.root / "packages"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the server of this folder. Raises :class:`DataFolderInUse`."""
        try:
            with hold_sync(self.root / "server.lock", timeout=0):
                yield
        except LockTimeout as error:
            raise DataFolderInUse(self.root, error.holder) from error


def open_folder(root: Path) -> DataFolder:
    """A data folder at a path, made when nothing is there. Raises :class:`BadDataFolder`."""
    try:
        os.makedirs(root, mode=0o700, exist_ok=True)
        there = os.listdir(root)
    except FileExistsError:
        raise BadDataFolder(root, "it is a file") from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise BadDataFolder(root, (error.strerror or str(error)).lower()) from error
    if there and _DATABASE not in there:
        raise BadDataFolder(root, f"it holds something else (`{min(there)[:60]}`)")
    return DataFolder(root)
