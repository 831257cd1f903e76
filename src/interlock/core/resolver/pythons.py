"""On which Pythons candidates run: by what their index says of their files, and by their own metadata once it is known.

Both count, and where an index says nothing (a directory of files, a plain list of links) the metadata alone. What is
learned of a candidate counts from when the solver asked for it, not from when it happened to arrive.

Lower bounds and holes count always. An upper bound counts where a newer release admits what it keeps out, for then it
was no mere guess; else it is passed over. It is passed over too where nothing could be chosen otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from interlock.core.artifacts.artifact import Artifact
from interlock.core.markers.diagram import FALSE, TRUE, Marker, any_of, lower_bound_marker, upper_bound_marker
from interlock.core.names import NormalizedName
from interlock.core.resolver.facts import Facts, Known

__all__ = ["Pythons"]

_NEWER = 16
"""Newer releases that are asked whether they admit a Python that an older one does not."""
_Candidate = tuple[NormalizedName, int]
_Files = Callable[[NormalizedName, int], tuple[Artifact, ...]]
_Newer = Callable[[NormalizedName, int], Iterator[int]]


class _Bounds(NamedTuple):
    lower: Marker
    """By lower bounds and holes."""
    whole: Marker
    """By upper bounds too."""
    is_said: bool
    """Whether anybody has said anything about it."""

    @property
    def beyond(self) -> Marker:
        return self.lower & ~self.whole


class Pythons:
    """Of candidates that come from an index.

    ``files`` gives those of a candidate, ``newer`` the releases that could be taken instead of it, the newest first.
    """

    def __init__(self, facts: Facts, files: _Files, newer: _Newer) -> None:
        self._facts = facts
        self._files = files
        self._newer = newer
        self._learned: dict[_Candidate, str] = {}
        self._unbounded: set[NormalizedName] = set()
        self._known: dict[_Candidate, dict[bool, _Bounds]] = {}

    def __repr__(self) -> str:
        return f"<Pythons of {len(self._learned)} candidates>"

    def of(self, name: NormalizedName, position: int) -> Marker:
        """Where a candidate can be used."""
        bounds = self._bounds(name, position)
        return bounds.lower & ~self._kept_out(name, position, bounds)

    def learn(self, name: NormalizedName, position: int) -> bool:
        """Let the metadata of a candidate count, if it is known; whether that is news."""
        known = self._facts.dependencies.get((name, position))
        if (name, position) in self._learned or not isinstance(known, Known):
            return False
        self._learned[name, position] = known.requires_python
        self._known.pop((name, position), None)
        files = self._facts.universes[name].artifacts(position)
        return not known.requires_python or {artifact.requires_python for artifact in files} != {known.requires_python}

    def text(self, name: NormalizedName, position: int) -> str:
        """What the metadata says, as far as that counts."""
        return self._learned.get((name, position), "")

    def unheard(self, name: NormalizedName, position: int, env: Marker) -> int | None:
        """The newest release, when its metadata decides whether the upper bound of a candidate counts in a fork."""
        if (env & self._bounds(name, position).beyond).is_false:
            return None
        newest = next(self._newer(name, position), None)
        return None if newest is None or self._bounds(name, newest, by_files=True).is_said else newest

    def kept_out(self, name: NormalizedName, position: int) -> Marker:
        """Where a candidate must not be used because of the upper bound it sets."""
        return self._kept_out(name, position, self._bounds(name, position))

    def passed_over(self, name: NormalizedName, position: int) -> tuple[str, Marker] | None:
        """What a candidate says, and where it can be used though its upper bound keeps it out; None for nowhere."""
        bounds = self._bounds(name, position)
        beyond = bounds.beyond & ~self._kept_out(name, position, bounds)
        if beyond.is_false:
            return None
        said = sorted({artifact.requires_python for artifact in self._files(name, position)})
        return next((text for text in (*said, self.text(name, position)) if "<" in text), ""), beyond

    def let_in(self, names: frozenset[NormalizedName]) -> bool:
        """Let the upper bounds of these packages not count; whether that changes anything."""
        new = names - self._unbounded
        self._unbounded |= new
        return bool(new)

    def _kept_out(self, name: NormalizedName, position: int, bounds: _Bounds) -> Marker:
        beyond, found = bounds.beyond, FALSE
        if beyond.is_false or name in self._unbounded:
            return found
        for number, newer in enumerate(islice(self._newer(name, position), _NEWER)):
            told = self._bounds(name, newer, by_files=True)
            if number == 0 and not told.is_said:
                # Metadata is asked for its sake alone; what else is known by chance must not decide anything.
                told = self._bounds(name, newer)
            if told.is_said:
                found = found | beyond & told.whole
            if beyond.implies(found):
                break
        return found

    def _bounds(self, name: NormalizedName, position: int, *, by_files: bool = False) -> _Bounds:
        """``by_files``: by what the index says alone. Remembered until the candidate's metadata is learned."""
        known = self._known.setdefault((name, position), {})
        found = known.get(by_files)
        if found is None:
            found = known[by_files] = self._found_bounds(name, position, by_files=by_files)
        return found

    def _found_bounds(self, name: NormalizedName, position: int, *, by_files: bool) -> _Bounds:
        texts = {artifact.requires_python for artifact in self._files(name, position)}
        lower = any_of(map(lower_bound_marker, texts))
        whole = any_of(lower_bound_marker(text) & upper_bound_marker(text) for text in texts)
        own = None if by_files else self._learned.get((name, position))
        if own is not None:
            lower = lower & lower_bound_marker(own)
            whole = whole & lower_bound_marker(own) & upper_bound_marker(own)
        said = own is not None or (bool(texts) and "" not in texts)
        return _Bounds(lower, whole if texts else TRUE, said)
