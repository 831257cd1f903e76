"""Parts: a package is chosen apart for each side of the conflicts that touch it, and once for all others.

A *part* of a package is a region of selections; the parts of one package exclude each other and cover everything. Forks
are for environments and concern all packages; parts are for conflicts and concern one package each, so that conflicts
which have no package in common cost their sum and not their product::

    lib[cpu] and lib[gpu] conflict; both ask for torch, and only torch for click

    torch   part 0    lib[cpu] is active      2.5+cpu
            part 1    lib[gpu] is active      2.5+cu124
            part 2    neither is              2.5
    click             whatever is selected    8.1

A package is parted where the members, extras and groups in conflict reach it (so that what one side asks for does not
decide what the other gets), and where a search failed over requirements that are never active together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from interlock.core.markers.diagram import TRUE, Marker
from interlock.core.members.sides import Sides
from interlock.core.names import NormalizedName
from interlock.core.resolver.incompatibility import PackageKey
from interlock.errors import ResolutionError

__all__ = ["EntangledConflicts", "Parts"]

_WISHED = 32
"""Parts of one package up to which it is parted for the sake of getting the best version on each side."""
_MOST = 512
"""Parts of one package up to which it is parted because no version fits all sides."""
_WHOLE = (TRUE,)


class EntangledConflicts(ResolutionError):
    """So many conflicts meet in one package that it would have to be chosen apart for too many selections."""

    code = "entangled-conflicts"


class Parts:
    """The parts of every package; complete when made, :meth:`grown` makes others."""

    def __init__(
        self,
        sides: Sides,
        needed: Mapping[NormalizedName, Set[int]],
        touched: Mapping[NormalizedName, Set[int]],
    ) -> None:
        self.sides = sides
        self._needed = {name: frozenset(found) for name, found in needed.items() if found}
        self._touched = {name: frozenset(found) for name, found in touched.items() if found}
        self._regions: dict[NormalizedName, tuple[Marker, ...]] = {}
        for name in sorted({*self._needed, *self._touched}):
            regions = self._made(name)
            if len(regions) > 1:
                self._regions[name] = regions

    def __repr__(self) -> str:
        return f"<Parts of {len(self._regions)} packages>"

    def of(self, name: NormalizedName) -> tuple[Marker, ...]:
        """The regions of a package, ``(TRUE,)`` for one that is not parted."""
        return self._regions.get(name, _WHOLE)

    def region(self, key: PackageKey) -> Marker:
        """The selections that a part of a package is for."""
        regions = self._regions.get(key.name)
        return TRUE if regions is None else regions[key.part]

    def within(self, env: Marker, key: PackageKey) -> Marker:
        """What a part of a package is for in a fork."""
        region = self.region(key)
        return env if region is TRUE else env & region

    def grown(
        self,
        *,
        needed: Mapping[NormalizedName, Set[int]] | None = None,
        touched: Mapping[NormalizedName, Set[int]] | None = None,
    ) -> Parts | None:
        """With more sides for some packages; None when that would change nothing."""
        made = Parts(self.sides, _joined(self._needed, needed or {}), _joined(self._touched, touched or {}))
        return None if made._regions == self._regions else made

    def _made(self, name: NormalizedName) -> tuple[Marker, ...]:
        """Parted as it must be; and also as one may wish, as long as that makes few parts."""
        needed = self._needed.get(name, frozenset())
        regions = self._parted(name, needed, _MOST)
        if regions is None:
            raise _entangled(name, needed, self.sides)
        wished = self._parted(name, needed | self._touched.get(name, frozenset()), _WISHED)
        return regions if wished is None else wished

    def _parted(self, name: NormalizedName, by: Iterable[int], most: int) -> tuple[Marker, ...] | None:
        regions = [TRUE]
        for side in sorted(by):
            regions = [half for region in regions for half in self.sides.halves(region, side)]
            if len(regions) > most:
                return None
        return tuple(regions)


def _joined(
    left: Mapping[NormalizedName, Set[int]], right: Mapping[NormalizedName, Set[int]]
) -> dict[NormalizedName, frozenset[int]]:
    return {name: frozenset((*left.get(name, ()), *right.get(name, ()))) for name in {*left, *right}}


def _entangled(name: NormalizedName, needed: Iterable[int], sides: Sides) -> EntangledConflicts:
    items = [item.key for side in sorted(needed) for item in sides.items[side]]
    listed = f"{', '.join(items[:20])}{' ...' if len(items) > 20 else ''}"
    return EntangledConflicts(
        f"`{name}` would have to be chosen apart for more than {_MOST} selections, because the conflicts of"
        f" {len(items)} members, extras and groups meet in it: {listed}.",
        hint="Let fewer of them disagree about it, or declare conflicts between those that are never used together.",
        facts={"package": name, "items": items},
    )
