"""Unpacked forms of wheels as a client takes them: whom it believes, and which wheels it has to begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from packaging.version import InvalidVersion, Version

from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Wanted
from interlock.packs.header import UNPACKED, Entry, Form
from interlock.packs.signatures import Keys, has_signatures, read_keys
from interlock.packs.zstd import has_zstd
from interlock.store.archives import StoredWheel
from interlock.store.layout import Layout
from interlock.store.prune import iter_wheels
from interlock.store.wheels import BadWheel, parse_wheel_name

__all__ = ["Believed", "look_around"]

_BASES = 2
"""For one wheel."""


class Believed(msgspec.Struct, frozen=True, kw_only=True):
    """What a client can do with unpacked forms."""

    keys: Keys | None = None
    bases: Mapping[str, tuple[str, ...]] = {}
    """For wheels by sha256: others of the same package in the store, the best ones first."""

    @property
    def forms(self) -> tuple[Form, ...]:
        return (Form.WHEEL,) if self.keys is None else (Form.WHEEL, *sorted(UNPACKED))

    def vouches_for(self, entry: Entry) -> bool:
        """Whether an entry may be taken: a wheel, which the lock knows, or contents that were signed."""
        return entry.form not in UNPACKED or (self.keys is not None and self.keys.have_signed(entry))


def look_around(layout: Layout, files: Iterable[str], lacking: Mapping[str, Wanted]) -> Believed:
    """Read the keys, and look for bases where there are any; blocking.

    Raises :class:`~interlock.packs.signatures.BadPackKey` and OSError.
    """
    if not (has_zstd() and has_signatures()):
        return Believed()
    keys = read_keys(files)
    if not keys:
        return Believed()
    by_name: dict[NormalizedName, list[StoredWheel]] = {}
    names = {wanted.name for wanted in lacking.values()}
    for wheel in iter_wheels(layout):
        if wheel.name in names:
            by_name.setdefault(wheel.name, []).append(wheel)
    return Believed(
        keys=Keys(keys),
        bases={sha256: _best(wanted, by_name.get(wanted.name, ())) for sha256, wanted in lacking.items()},
    )


def _best(wanted: Wanted, wheels: Iterable[StoredWheel]) -> tuple[str, ...]:
    """For the same platform before others, newer before older."""
    assert wanted.artifact is not None, wanted.name
    tags = _tags(wanted.artifact.filename)
    ordered = sorted(wheels, key=lambda wheel: (_tags(wheel.filename) == tags, _version(wheel), wheel.sha256))
    return tuple(wheel.sha256 for wheel in ordered[: -_BASES - 1 : -1])


def _tags(filename: str) -> tuple[str, ...]:
    try:
        return parse_wheel_name(filename).tags
    except BadWheel:
        return ()


def _version(wheel: StoredWheel) -> Version:
    try:
        return Version(wheel.version)
    except InvalidVersion:
        return Version("0")
