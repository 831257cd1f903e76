"""What all forks of a problem share."""

from __future__ import annotations

from interlock.core.markers.diagram import Marker
from interlock.core.names import NormalizedName
from interlock.core.resolver.candidates import Candidates
from interlock.core.resolver.dependencies import Dependencies
from interlock.core.resolver.facts import Facts
from interlock.core.resolver.incompatibility import PackageKey
from interlock.core.resolver.parts import Parts
from interlock.core.resolver.required import Required

__all__ = ["Shared"]


class Shared:
    """Facts, choices and the numbering of packages; none of it depends on the fork."""

    def __init__(
        self,
        facts: Facts,
        dependencies: Dependencies,
        candidates: Candidates,
        required: Required,
        parts: Parts,
        *,
        world: Marker,
        fork_python: bool,
    ) -> None:
        self.facts = facts
        self.dependencies = dependencies
        self.candidates = candidates
        self.required = required
        self.parts = parts
        self.world = world
        """All environments of the lock."""
        self.fork_python = fork_python
        self.keys: list[PackageKey] = []
        self.ids: dict[PackageKey, int] = {}
        self.full: list[int] = []
        self.decisions = 0
        """Decisions taken over all forks: the measure of search effort that scenarios pin."""
        self.setbacks = 0
        """How often what was tried first stood in the way of something else."""

    def allowed(self, key: PackageKey, env: Marker) -> int:
        """The candidates that may be used for a part of a package in a fork, as far as sources decide."""
        return self.required.allowed(self.facts.universes[key.name], env & self.parts.region(key))

    def depends_on_fork(self, name: NormalizedName) -> bool:
        """Whether what is out of the question for a package is not the same in all forks: that of pinned sources, and
        of what was yanked."""
        return len(self.facts.universes[name].segments) > 1 or self.candidates.has_yanked(name)

    def package(self, key: PackageKey, size: int) -> int:
        found = self.ids.get(key)
        if found is None:
            found = self.ids[key] = len(self.keys)
            self.keys.append(key)
            self.full.append((1 << (size + 1)) - 1)
        return found
