"""Sets of names as settings give them: some packages, or all there are."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from interlock.core.names import NormalizedName

__all__ = ["EVERY", "NO_NAMES", "NameSet"]

_ALL = ":all:"


class NameSet(msgspec.Struct, frozen=True):
    names: frozenset[NormalizedName] = frozenset()
    every: bool = False
    """All there are; the names may still count, as exceptions from an opposite set."""

    @classmethod
    def of(cls, names: Iterable[NormalizedName], *, every: bool = False) -> NameSet:
        return cls(frozenset(names), every)

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> NameSet:
        """As a lock has them: names, and ``:all:`` for every one.

        >>> NameSet.from_texts(["a", ":all:"]).texts
        (':all:', 'a')
        """
        found = frozenset(texts)
        return cls(frozenset(NormalizedName(text) for text in found - {_ALL}), _ALL in found)

    @property
    def texts(self) -> tuple[str, ...]:
        """The same, sorted."""
        return tuple(sorted({*self.names, *((_ALL,) if self.every else ())}))

    def __contains__(self, name: object) -> bool:
        return self.every or name in self.names

    def __bool__(self) -> bool:
        return self.every or bool(self.names)

    def rules(self, name: NormalizedName, *, against: NameSet) -> bool:
        """Whether it holds for a name beside a set that says the opposite: what is named beats what is meant by all.

        >>> a, b = NormalizedName("a"), NormalizedName("b")
        >>> EVERY.rules(a, against=NameSet.of([a])), EVERY.rules(b, against=NameSet.of([a]))
        (False, True)
        """
        return name in self.names or (self.every and name not in against.names)


NO_NAMES = NameSet()
EVERY = NameSet(every=True)
