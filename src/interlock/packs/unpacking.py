"""From a pack into the store: first everything is verified, then anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec

from interlock.packs.header import UNPACKED, Entry, Form
from interlock.packs.reading import OpenPack
from interlock.packs.refusals import BadPack
from interlock.store.archives import add_wheel, open_wheel
from interlock.store.layout import Bucket, Layout

__all__ = ["Unpacked", "unpack"]


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a pack; numbers of files."""

    added: int = 0
    present: int = 0
    """In the store already."""
    left: int = 0
    """None of the lock's, nor of builds that are believed."""
    builds: int = 0
    """Build environments whose files the pack has, whether they are believed or not."""


def unpack(pack: OpenPack, layout: Layout, names: Mapping[str, str], *, jobs: int = 1) -> Unpacked:
    """Add what a lock names and the store has not; blocking.

    ``names`` are the lock's files by sha256: what it does not name is left, since nobody vouches for it. Raises
    :class:`BadPack` before anything is written, and what :func:`~interlock.store.archives.add_wheel` raises.
    """
    wanted = [entry for entry in pack.header.entries if entry.sha256 in names]
    lacking = [entry for entry in wanted if not _is_there(layout, entry)]
    for entry in lacking:
        if entry.form in UNPACKED:
            raise BadPack("it has contents in place of wheels, which only services send", sha256=entry.sha256)
        if (entry.form is Form.WHEEL) != names[entry.sha256].endswith(".whl"):
            raise BadPack("it says another kind of file than the lock", sha256=entry.sha256)

    def add(entry: Entry) -> None:
        frame = pack.verified(entry)
        if entry.form is Form.WHEEL:
            add_wheel(layout, frame, filename=names[entry.sha256], sha256=entry.sha256)
        else:
            layout.write(layout.entry(Bucket.SDISTS, entry.sha256), bytes(frame))

    with ThreadPoolExecutor(jobs) as threads:
        _each(threads, pack.verified, lacking)
        _each(threads, add, lacking)
    return Unpacked(
        added=len(lacking),
        present=len(wanted) - len(lacking),
        left=len(pack.header.entries) - len(wanted),
        builds=len(pack.header.builds),
    )


def _each(threads: ThreadPoolExecutor, work: Callable[[Entry], object], entries: list[Entry]) -> None:
    for _ in threads.map(work, entries):
        pass


def _is_there(layout: Layout, entry: Entry) -> bool:
    if entry.form is Form.WHEEL:
        return open_wheel(layout, entry.sha256) is not None
    return layout.entry(Bucket.SDISTS, entry.sha256).exists()
