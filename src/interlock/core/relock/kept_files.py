"""The files of versions that stay, where a cooldown window hides what is too young (``exclude-newer = "7 days"``).

The window moves with the days, and a version that is kept is not looked at anew: files that were too young when it was
locked stay out until somebody upgrades it, so that its lines stay as they are. A file that the old lock had no use for,
because nothing needed the package where the file runs, is another matter.
"""

from __future__ import annotations

import re
from functools import cached_property

from interlock.core.lock.graph import Key, key_of
from interlock.core.lock.model import Lock, LockedPackage, ResolutionInputs
from interlock.core.lock.reach import assumption, reach
from interlock.core.markers.diagram import FALSE, Marker
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import NormalizedName
from interlock.core.resolver.problem import Problem
from interlock.core.sources.source import Source

__all__ = ["KeptFiles"]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")


class KeptFiles:
    """Says of the files of a version whether they come to a lock that has the version already."""

    def __init__(self, old: Lock | None, inputs: ResolutionInputs, problem: Problem) -> None:
        self._old = old if old is not None else Lock()
        self._inputs = inputs
        self._wishes = problem.preferences
        before = self._old.inputs
        self._comparable = (before.no_build, before.no_binary) == (inputs.no_build, inputs.no_binary)
        self._packages: dict[tuple[NormalizedName, str, Source], LockedPackage] = {
            (package.name, package.version, package.source): package for package in self._old.packages
        }

    def __repr__(self) -> str:
        return f"<KeptFiles of {len(self._packages)} packages>"

    def find(self, name: NormalizedName, version: str, source: Source) -> LockedPackage | None:
        """The package of the old lock when it is kept and a window applies to it."""
        window = _window(self._inputs, name)
        if not window or window != _window(self._old.inputs, name) or not self._comparable:
            return None
        if not any(wish.version == version and wish.source == source for wish in self._wishes.get(name, ())):
            return None
        return self._packages.get((name, version, source))

    def admits(self, kept: LockedPackage, filename: str, where: Marker) -> bool:
        """Whether a file that can be used in these environments was there, or was of no use, in the old lock."""
        if any(artifact.filename == filename for artifact in kept.artifacts):
            return True
        return where.is_disjoint(self._reach.get(key_of(kept), FALSE))

    @cached_property
    def _reach(self) -> dict[Key, Marker]:
        """Where each package of the old lock was needed by anything."""
        members = tuple(
            MemberSelection(member=member.name, extras=tuple(member.extras), groups=tuple(member.groups))
            for member in self._old.members
        )
        found = reach(self._old, Selection(members=members), union=True)
        assuming = assumption(self._old, self._old.requires_python)
        return {key: marker & assuming for key, marker in found.items()}


def _window(inputs: ResolutionInputs, name: NormalizedName) -> str:
    """The window that hides files of a package, empty when a moment does or nothing."""
    own = inputs.exclude_newer_package.get(name)
    if own is None:
        return inputs.exclude_newer_span
    return "" if _MOMENT.match(own) else own
