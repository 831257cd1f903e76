"""Incompatibilities: sets of terms that may not all hold, each with the reason it is so.

A *term* is a pair ``(package, mask)``. The mask says in which states of the package the term holds: bit 0 is "not
selected", bit ``i + 1`` is "candidate ``i`` is selected". A positive term (``foo in V``) has bit 0 clear, a negative
one (``not foo in V``) has it set; intersection, union, complement, subset and disjointness are integer operations.

With ``bar`` 1, 2 and 3 as candidates 0, 1 and 2, what ``foo 1`` says by ``bar>=2`` is::

                          3 2 1 absent
    foo 1                     1 0       (foo, 0b10)     the candidate that says so
    not bar >= 2          0 0 1 1       (bar, 0b0011)   all states of bar that it does not admit

    {(foo, 0b10), (bar, 0b0011)}        may not both hold: while foo 1 is selected, bar has to be 2 or 3

Everything the solver knows has this form: requirements, candidates that are ruled out (one term), the root (its absence
may not hold), and what was derived from others in a conflict, which keeps both its parents. The failure of a resolution
is such a derivation, and its explanation is read off its leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from interlock.core.markers.diagram import Marker
from interlock.core.members.asks import Origin
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import Requirement

__all__ = [
    "Asking",
    "Cause",
    "Derived",
    "Incompatibility",
    "NeededBy",
    "PackageKey",
    "Reason",
    "Rejected",
    "RootCause",
    "SamePackage",
    "Term",
]

ABSENT = 1
"""The mask of "not selected"."""

Term = tuple[int, int]

Asking = Literal["requirement", "constraint", "override", "member"]
"""How something is asked for. Of a member: by an extra or a group, which has no requirement for it."""
Reason = Literal["python", "yanked", "cutoff", "prerelease", "platform", "unusable", "source"]
"""Why candidates are ruled out."""


class PackageKey(NamedTuple):
    """What is decided: a package, one of its extras, or a member's group. Extras and groups share the candidates."""

    name: NormalizedName
    extra: ExtraName | None = None
    group: GroupName | None = None
    part: int = 0
    """Which part of a package that is chosen apart for the sides of conflicts."""

    @property
    def base(self) -> PackageKey:
        """The package that an extra or a group belongs to."""
        if self.extra is None and self.group is None:
            return self
        return PackageKey(self.name, None, None, self.part)

    def __str__(self) -> str:
        if self.extra is not None:
            return f"{self.name}[{self.extra}]"
        return f"{self.name}:{self.group}" if self.group is not None else str(self.name)


class RootCause(NamedTuple):
    """The root must be selected."""


class NeededBy(NamedTuple):
    """A candidate (or the root) asks for something."""

    depender: PackageKey
    requirement: Requirement
    origin: Origin | None
    """Where a member says so; None for what packages say."""
    kind: Asking = "requirement"


class SamePackage(NamedTuple):
    """An extra or group is of the same version as its package."""

    key: PackageKey


class Rejected(NamedTuple):
    """Candidates that policy or circumstances rule out."""

    key: PackageKey
    reason: Reason
    detail: str = ""


class Derived(NamedTuple):
    """Learned from two others."""

    left: Incompatibility
    right: Incompatibility


Cause = RootCause | NeededBy | SamePackage | Rejected | Derived


class Incompatibility:
    """At most one term per package. ``marker`` is that of the requirement behind it, for forking on failure."""

    __slots__ = ("cause", "marker", "terms")

    def __init__(self, terms: Sequence[Term], cause: Cause, marker: Marker | None = None) -> None:
        self.terms = tuple(terms)
        self.cause = cause
        self.marker = marker

    def __repr__(self) -> str:
        return f"<Incompatibility {self.terms} {type(self.cause).__name__}>"
