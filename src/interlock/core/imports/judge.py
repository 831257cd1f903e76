"""What the imports of a member say of its manifest: what is missing there, and what nobody needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from interlock.core.imports.owners import Owners
from interlock.core.imports.scan import Import, Scan
from interlock.core.names import NormalizedName, normalize_name

__all__ = ["Declared", "Fault", "Place", "Role", "SourceFile", "judge"]

_TYPESHED = frozenset({"_typeshed", "mypy_extensions", "typing_extensions"})
"""What every type checker brings with its knowledge of the standard library."""

Role = Literal["shipped", "test", "other"]
"""Part of what is installed, a test, or neither: scripts, documentation, build files, which are looked at for uses
alone, since what runs them may bring more."""


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    """Relative to the workspace root, POSIX."""
    role: Role
    scan: Scan
    local: frozenset[str]
    """Modules that are found beside it and above it."""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a member may import."""

    member: NormalizedName
    project: frozenset[NormalizedName]
    extras: frozenset[NormalizedName] = frozenset()
    groups: frozenset[NormalizedName] = frozenset()
    """Its own, and those of the root, which everybody develops with."""
    has_tests: bool = False
    """Whether anything is declared for tests; where nothing is, they get what they need in another way."""
    ignored: frozenset[str] = frozenset()
    """Normalized names, of packages or modules, that are not judged."""
    unknown: frozenset[NormalizedName] = frozenset()
    """Those whose modules are not known."""
    standard: frozenset[str]
    words: frozenset[str] = frozenset()
    """Commands that the manifest itself runs."""


class Place(msgspec.Struct, frozen=True, order=True):
    file: str
    line: int


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["undeclared", "unused"]
    member: NormalizedName
    package: NormalizedName
    """Who has to be declared, or is for nothing; as well as can be told where nobody that is locked has the module."""
    module: str = ""
    owners: tuple[NormalizedName, ...] = ()
    """Who of what is locked offers the module."""
    places: tuple[Place, ...] = ()
    slot: Literal["project", "group", "dev"] = "project"
    """Where it would have to be; ``group``: in the project, and it is in a group."""


def judge(files: Iterable[SourceFile], declared: Declared, owners: Owners) -> tuple[Fault, ...]:
    """The faults of one member, sorted."""
    judging = _Judging(declared, owners)
    for file in files:
        for written in file.scan.imports:
            for found in owners.each(written):
                judging.look(file, found)
        judging.mentioned.update(file.scan.mentions)
    return (*judging.undeclared(), *judging.unused())


class _Judging:
    def __init__(self, declared: Declared, owners: Owners) -> None:
        self._declared = declared
        self._owners = owners
        self._published = declared.project | declared.extras | {declared.member}
        self._used: set[NormalizedName] = set()
        self.mentioned: set[str] = set(declared.words)
        self._missing: dict[tuple[NormalizedName, str], tuple[Fault, set[Place]]] = {}

    def __repr__(self) -> str:
        return f"<_Judging {self._declared.member}>"

    def look(self, file: SourceFile, found: Import) -> None:
        root = found.module.partition(".")[0]
        if root in self._declared.standard or self._is_local(file, found, root):
            return
        owners, types = self._owners.of(found), self._owners.of_types(found)
        self._used |= owners | types
        allowed = self._published if file.role == "shipped" else self._published | self._declared.groups
        if found.typing:
            allowed = allowed | self._declared.groups
            if types & allowed or not owners or root in _TYPESHED:
                return
        if found.optional or owners & allowed or not self._is_judged(file, found, owners, root):
            return
        package = self._named(owners, root)
        slot: Literal["project", "group", "dev"] = "dev" if file.role != "shipped" or found.typing else "project"
        if slot == "project" and owners & self._declared.groups:
            slot = "group"
        fault = Fault(
            kind="undeclared",
            member=self._declared.member,
            package=package,
            module=found.module,
            owners=tuple(sorted(owners)),
            slot=slot,
        )
        key = (package, "dev" if slot == "dev" else "")
        self._missing.setdefault(key, (fault, set()))[1].add(Place(file.path, found.line))

    def _is_local(self, file: SourceFile, found: Import, root: str) -> bool:
        """Whether it is of the member itself; a namespace that it shares with others does not make theirs its own."""
        if root not in file.local:
            return False
        owners = self._owners.of(found)
        return not owners or self._declared.member in owners or not self._shares(root)

    def _shares(self, root: str) -> bool:
        """Whether the member has only a part of a top-level name."""
        modules = self._owners.offered.get(self._declared.member)
        return modules is not None and any(name.startswith(f"{root}.") for name in modules.names)

    def _is_judged(self, file: SourceFile, found: Import, owners: frozenset[NormalizedName], root: str) -> bool:
        declared = self._declared
        if file.role == "other" or (file.role == "test" and not declared.has_tests):
            return False
        # Tests make modules while they run.
        made = found.inner and file.role == "test"
        if not owners and (made or found.conditional or declared.unknown & (self._published | declared.groups)):
            return False
        names = {normalize_name(root), normalize_name(found.module.replace(".", "-")), *owners}
        return not names & declared.ignored

    def _named(self, owners: frozenset[NormalizedName], root: str) -> NormalizedName:
        """Of several owners the one that is called like the module, else the first."""
        likely = normalize_name(root)
        return likely if likely in owners or not owners else min(owners)

    def undeclared(self) -> list[Fault]:
        found = [
            msgspec.structs.replace(fault, places=tuple(sorted(places))) for fault, places in self._missing.values()
        ]
        shipped = {fault.package for fault in found if fault.slot != "dev"}
        kept = [fault for fault in found if fault.slot != "dev" or fault.package not in shipped]
        return sorted(kept, key=lambda fault: (fault.package, fault.slot))

    def unused(self) -> list[Fault]:
        return [
            Fault(kind="unused", member=self._declared.member, package=name)
            for name in sorted(self._declared.project - self._used - {self._declared.member})
            if name not in self._declared.ignored and not self._may_be_needed(name)
        ]

    def _may_be_needed(self, name: NormalizedName) -> bool:
        """Whether a package can be of use to those who do not import it."""
        modules = self._owners.offered.get(name)
        if modules is None or name in self._declared.unknown or modules.plugin or modules.stubs or not modules.names:
            return True
        offered = {module.partition(".")[0] for module in modules.names} | set(modules.commands) | {name}
        return bool(offered & self.mentioned)
