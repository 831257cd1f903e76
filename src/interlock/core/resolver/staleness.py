"""What is left of a fork's knowledge in a part of it: facts of the other part must not decide anything.

When a fork is split its halves go on from where it was, with all that it had learned. Most of that is true in both.
Not so a requirement whose depender is asked for in the other half alone, a source that is pinned there, a candidate
that was rejected since it did not run in all of the whole, and whatever was derived from one of these. An
incompatibility is a tree of facts (:class:`~interlock.core.resolver.incompatibility.Derived`): stale if any of its
leaves is.
"""

from __future__ import annotations

from collections.abc import Iterable

from interlock.core.markers.diagram import TRUE, Marker
from interlock.core.resolver.incompatibility import Derived, Incompatibility, NeededBy, PackageKey, Rejected
from interlock.core.resolver.reach import Reach
from interlock.core.resolver.shared import Shared

__all__ = ["Staleness"]


class Staleness:
    """Tells incompatibilities that rest on something that does not count in a part of the fork they were found in."""

    __slots__ = ("_env", "_known", "_reach", "_shared")

    def __init__(self, shared: Shared, env: Marker, reach: Reach) -> None:
        self._shared = shared
        self._env = env
        self._reach = reach
        self._known: dict[Incompatibility, bool] = {}

    def __repr__(self) -> str:
        return f"<Staleness of {sum(self._known.values())} out of {len(self._known)}>"

    def among(self, incompatibilities: Iterable[Incompatibility]) -> set[Incompatibility]:
        known, counts = self._known, self._reach.counts
        gone: set[Incompatibility] = set()
        for found in incompatibilities:
            stale = known.get(found)
            if stale is None:
                cause = found.cause
                # Most are requirements; there are so many that they are not worth a call each.
                if isinstance(cause, NeededBy):
                    stale = known[found] = found.marker is not None and not counts(cause.depender, found.marker)
                else:
                    stale = self.of(found)
            if stale:
                gone.add(found)
        return gone

    def of(self, incompatibility: Incompatibility) -> bool:
        """Whether any of the facts that an incompatibility is derived from is stale."""
        known = self._known
        stack = [incompatibility]
        while stack:
            found = stack[-1]
            cause = found.cause
            if found in known:
                stack.pop()
            elif not isinstance(cause, Derived):
                known[found] = self._is_stale(found)
                stack.pop()
            elif known.get(cause.left) or known.get(cause.right):
                known[found] = True
                stack.pop()
            else:
                open_ones = [part for part in (cause.left, cause.right) if part not in known]
                if open_ones:
                    stack.extend(open_ones)
                else:
                    known[found] = False
                    stack.pop()
        return known[incompatibility]

    def has_left(self, package: int, mask: int) -> bool:
        """Whether a chosen candidate has files, but none for this part."""
        key = self._shared.keys[package]
        if key.name not in self._shared.facts.universes:
            return False
        platform = self._shared.candidates.usability(key.name, mask.bit_length() - 2).platform
        if platform is TRUE:
            return False
        return self._env.is_disjoint(platform) and not self._shared.world.is_disjoint(platform)

    def _is_stale(self, fact: Incompatibility) -> bool:
        cause = fact.cause
        if isinstance(cause, NeededBy):
            return fact.marker is not None and not self._reach.counts(cause.depender, fact.marker)
        if not isinstance(cause, Rejected):
            return False
        if cause.reason == "python":
            return not self._shared.fork_python and self._runs_now(cause.key, fact)
        if cause.reason == "source":  # pragma: no cover - sources are told anew in each part
            allowed = self._shared.allowed(cause.key, self._env) << 1
            return any(mask & allowed for _, mask in fact.terms)
        return False

    def _runs_now(self, key: PackageKey, fact: Incompatibility) -> bool:
        """Whether one of the candidates that did not run in all of the fork runs in all of the part."""
        return any(
            self._env.implies(self._shared.candidates.usability(key.name, position).python)
            for _, mask in fact.terms
            for position in range(mask.bit_length() - 1)
            if mask >> (position + 1) & 1
        )
