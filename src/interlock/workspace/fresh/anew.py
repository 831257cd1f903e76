"""A lock as it would be made anew, for as long as nothing that it was made of has changed.

Besides what every stamp tells of, making one rests on the pages of the indexes. While these are the files that they
were, and would be believed without asking again, the same bytes come out. They are kept beside the stamp.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256

from interlock.core.relock.revision import RESOLUTION_REVISION
from interlock.workspace.fresh.unchanged import ANEW, is_fresh, stamp_path, store_root

__all__ = ["Anew", "anew_message", "anew_path", "lock_anew"]

_DAY = 86_400


class Anew:
    """A lock that there is not, as it would be."""

    __slots__ = ("data", "members", "packages", "path")

    def __init__(self, path: str, data: bytes, packages: int, members: int) -> None:
        self.path = path
        self.data = data
        self.packages = packages
        self.members = members

    def __repr__(self) -> str:
        return f"<Anew {self.path} [{self.packages} packages, {self.members} members]>"


def anew_path(store: str, start: str) -> str:
    """Where the bytes are kept."""
    return f"{stamp_path(store, start, ANEW)}.lock"


def anew_message(found: Anew, since: float, until: float) -> str:
    """What a stamp says of a lock. ``since`` and ``until`` are seconds since the epoch: as long its pages are good.

    Settings may count back from the day, so it is believed for the rest of the day at most.
    """
    until = min(until, (since // _DAY + 1) * _DAY)
    digest = sha256(found.data).hexdigest()
    return f"{RESOLUTION_REVISION} {since!r} {until!r} {digest} {found.packages} {found.members} {found.path}"


def lock_anew(environ: Mapping[str, str], start: str, now: float) -> Anew | None:
    """What would be made where there is no lock; None if that cannot be told."""
    said = is_fresh(environ, start, ANEW)
    if said is None:
        return None
    revision, since, until, digest, packages, members, path = said.split(" ", 6)
    if revision != str(RESOLUTION_REVISION) or not float(since) <= now < float(until) or os.path.lexists(path):
        return None
    try:
        with open(anew_path(store_root(environ), start), "rb") as file:
            data = file.read()
    except OSError:
        return None
    return Anew(path, data, int(packages), int(members)) if sha256(data).hexdigest() == digest else None
