"""Which environments of the store somebody runs in, so that nobody deletes them meanwhile.

Every run has a lock file of its own in ``locks/``, which says who it is. The lock is held by the descriptor, and the
programs that are run inherit that: it is free when the last of them has ended, however we ended ourselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from interlock.store.layout import Layout
from interlock.store.locks import try_to_hold
from interlock.store.space import named

__all__ = ["Run", "running_in", "runs"]

_PREFIX = "run-"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A program that runs in an environment of the store."""

    path: str
    """Of the environment, relative to the store."""
    pid: int
    """The Interlock that started it."""
    what: str
    """What was to be run, as people call it."""

    def __str__(self) -> str:
        return f"process {self.pid} ({self.what})"


@contextmanager
def running_in(layout: Layout, place: Path, what: str) -> Iterator[int]:
    """Keep an environment from being deleted; gives the descriptor that programs have to inherit.

    To be entered while the store's usage lock is held, which whoever deletes takes alone.
    """
    run = Run(path=place.relative_to(layout.root).as_posix(), pid=os.getpid(), what=what)
    path = layout.locks / f"{_PREFIX}{place.name[:16]}-{run.pid}-{os.urandom(4).hex()}"
    handle = try_to_hold(path)
    assert handle is not None, "nobody else has this name"
    try:
        with named(path):
            os.write(handle, msgspec.json.encode(run))
        yield handle
    finally:
        # Closed and not unlocked: a program that goes on in the background keeps it.
        os.close(handle)
        _forget(path)


def runs(layout: Layout) -> tuple[Run, ...]:
    """Those that are going on, by path and process; what is left of others is removed. Blocking."""
    found = []
    with suppress(FileNotFoundError):
        for path in sorted(layout.locks.iterdir()):
            if path.name.startswith(_PREFIX) and not _forget(path):
                with suppress(OSError, msgspec.DecodeError):
                    found.append(msgspec.json.decode(path.read_bytes(), type=Run))
    return tuple(sorted(found, key=lambda run: (run.path, run.pid)))


def _forget(path: Path) -> bool:
    """Remove a lock file that nobody holds; whether that is so."""
    with suppress(OSError):
        handle = try_to_hold(path)
        if handle is None:
            return False
        path.unlink(missing_ok=True)
        os.close(handle)
    return True
