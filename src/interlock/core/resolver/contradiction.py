"""Contradictions: whether a set of incompatibilities leaves any choice, and which of them can be left out of it."""

from __future__ import annotations

from collections.abc import Sequence

from interlock.core.resolver.incompatibility import ABSENT, Incompatibility

__all__ = ["contradict", "smallest"]

_MOST_BRANCHES = 400
"""Choices to try before giving up on showing a contradiction; the facts are then kept as they are."""
_MOST_CHECKS = 600


def smallest(
    groups: Sequence[list[Incompatibility]], certain: Sequence[Incompatibility], full: Sequence[int]
) -> list[list[Incompatibility]]:
    """As few groups as still contradict, together with what is certain; earlier ones are left out first."""
    kept = list(groups)
    checks = 0
    size = max(len(kept) // 2, 1)
    while size and kept:
        start = 0
        while start < len(kept) and checks < _MOST_CHECKS:
            rest = kept[:start] + kept[start + size :]
            checks += 1
            if contradict([*certain, *(leaf for group in rest for leaf in group)], full):
                kept = rest
            else:
                start += size
        size //= 2
    return kept


def contradict(incompatibilities: Sequence[Incompatibility], full: Sequence[int]) -> bool:
    """Whether no selection avoids all of them; False also when that takes too long to show."""
    return _Search(incompatibilities, full).fails()


class _Search:
    """Unit propagation and trying every choice that makes a difference."""

    def __init__(self, incompatibilities: Sequence[Incompatibility], full: Sequence[int]) -> None:
        self._all = incompatibilities
        self._of: dict[int, list[Incompatibility]] = {}
        for incompatibility in incompatibilities:
            for package, _ in incompatibility.terms:
                self._of.setdefault(package, []).append(incompatibility)
        self._full = {package: full[package] for package in self._of}
        self._left = _MOST_BRANCHES

    def fails(self) -> bool:
        if any(not incompatibility.terms for incompatibility in self._all):
            return True
        return self._fails(dict(self._full), list(self._of))

    def _fails(self, masks: dict[int, int], changed: list[int]) -> bool:
        if not self._propagate(masks, changed):
            return True
        package = next((p for p, mask in masks.items() if not mask & ABSENT and mask & (mask - 1)), None)
        if package is None or self._left <= 0:
            return False
        for choice in self._choices(package, masks[package]):
            self._left -= 1
            if not self._fails({**masks, package: choice}, [package]):
                return False
        return True

    def _propagate(self, masks: dict[int, int], changed: list[int]) -> bool:
        """Narrow the masks; False when nothing is left."""
        while changed:
            for incompatibility in self._of[changed.pop()]:
                open_term: tuple[int, int] | None = None
                for package, term in incompatibility.terms:
                    known = masks[package]
                    if not known & term or (known & ~term and open_term is not None):
                        break
                    if known & ~term:
                        open_term = (package, term)
                else:
                    if open_term is None:
                        return False
                    masks[open_term[0]] &= ~open_term[1]
                    changed.append(open_term[0])
        return True

    def _choices(self, package: int, mask: int) -> list[int]:
        """The candidates, those that no incompatibility tells apart taken together."""
        parts = [mask]
        for incompatibility in self._of[package]:
            for other, term in incompatibility.terms:
                if other == package:
                    parts = [piece for part in parts for piece in (part & term, part & ~term) if piece]
        return parts
