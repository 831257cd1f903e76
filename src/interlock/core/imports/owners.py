"""To whom an import belongs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from interlock.core.imports.modules import Modules
from interlock.core.imports.scan import Import
from interlock.core.names import NormalizedName

__all__ = ["Owners"]

_NOBODY: AbstractSet[NormalizedName] = frozenset()


class Owners:
    """The packages and members by the modules they offer."""

    def __init__(self, offered: Mapping[NormalizedName, Modules]) -> None:
        self.offered = offered
        self._names: dict[str, set[NormalizedName]] = {}
        self._stubs: dict[str, set[NormalizedName]] = {}
        self._namespaces: dict[str, set[NormalizedName]] = {}
        for owner, modules in offered.items():
            for name in modules.names:
                self._names.setdefault(name, set()).add(owner)
                for above in _above(name):
                    self._namespaces.setdefault(above, set()).add(owner)
            for name in modules.stubs:
                self._stubs.setdefault(name, set()).add(owner)

    def __repr__(self) -> str:
        return f"<Owners of {len(self._names)} modules>"

    def of(self, found: Import) -> frozenset[NormalizedName]:
        """Who offers what is imported; of several, any may be meant."""
        return frozenset(owner for name in _taken(found) for owner in self._of_name(name, found.module))

    def each(self, found: Import) -> Iterator[Import]:
        """An import for every owner, where it takes from a namespace what several offer."""
        if found.module not in self._namespaces or len(found.names) < 2:
            yield found
            return
        for name in found.names:
            yield msgspec.structs.replace(found, names=(name,))

    def of_types(self, found: Import) -> frozenset[NormalizedName]:
        """Who offers the types of it."""
        return frozenset(
            owner
            for name in _taken(found)
            for prefix in (name, *_above(name))
            for owner in self._stubs.get(prefix, _NOBODY)
        )

    def _of_name(self, name: str, module: str) -> AbstractSet[NormalizedName]:
        nearest = (self._names[prefix] for prefix in (name, *_above(name)) if prefix in self._names)
        found: AbstractSet[NormalizedName] = next(nearest, set())
        return found or (self._namespaces.get(module, _NOBODY) if name == module else _NOBODY)


def _taken(found: Import) -> Iterator[str]:
    if not found.names:
        yield found.module
    for name in found.names:
        yield f"{found.module}.{name}"


def _above(name: str) -> Iterator[str]:
    """The packages that a module is in, the nearest first."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name
