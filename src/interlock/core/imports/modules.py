"""Which modules a distribution offers, by the names of its files.

A distribution is told from others by the shallowest names that are its own: a module, or a package with an
``__init__``. A folder without one is a namespace (PEP 420) that many share, so what counts is what is in it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

__all__ = ["Modules", "modules_of"]

_SUFFIXES = (".py", ".pyi", ".so", ".pyd")
_STUBS = "-stubs"
_LIBRARIES = frozenset({"purelib", "platlib"})


class Modules(msgspec.Struct, frozen=True, array_like=True):
    """What a distribution offers to those who import."""

    names: tuple[str, ...] = ()
    """Dotted, sorted."""
    stubs: tuple[str, ...] = ()
    """Of modules that it has the types of (PEP 561)."""
    plugin: bool = False
    """Whether others find it by its entry points."""
    commands: tuple[str, ...] = ()
    """The commands it offers, as far as is known."""


def modules_of(paths: Iterable[str], *, commands: Iterable[str] = (), plugin: bool = False) -> Modules:
    """The modules of a wheel with these files; their paths are as in the wheel."""
    packages: set[tuple[str, ...]] = set()
    modules: set[tuple[str, ...]] = set()
    for path in paths:
        parts = _installed(path)
        if not parts or not parts[-1].endswith(_SUFFIXES):
            continue
        *folders, file = parts
        stem = file.partition(".")[0]
        if not all(_is_module(folder) for folder in folders) or not stem.isidentifier():
            continue
        (packages if stem == "__init__" else modules).add((*folders, *(() if stem == "__init__" else (stem,))))
    found = {_shallowest(name, packages) for name in packages | modules if name}
    stubs = {".".join((name[0].removesuffix(_STUBS), *name[1:])) for name in found if name[0].endswith(_STUBS)}
    names = {".".join(name) for name in found if not name[0].endswith(_STUBS)}
    return Modules(tuple(sorted(names)), tuple(sorted(stubs)), plugin, tuple(sorted(set(commands))))


def _installed(path: str) -> list[str]:
    """The parts of a path below the folder that modules are installed in."""
    parts = path.split("/")
    if parts[0].endswith(".data"):
        return parts[2:] if len(parts) > 2 and parts[1] in _LIBRARIES else []
    return [] if parts[0].endswith(".dist-info") else parts


def _is_module(folder: str) -> bool:
    return folder.removesuffix(_STUBS).isidentifier()


def _shallowest(name: tuple[str, ...], packages: set[tuple[str, ...]]) -> tuple[str, ...]:
    return next((name[:end] for end in range(1, len(name)) if name[:end] in packages), name)
