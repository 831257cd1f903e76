"""The source files of members: which there are, what they are for, and what is beside them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from interlock.core.imports.judge import Role, SourceFile
from interlock.core.imports.modules import Modules, modules_of
from interlock.errors import UsageError
from interlock.ops.imports.memory import Memory
from interlock.workspace.members import Member

__all__ = ["MemberSources", "SourceTooLarge", "read_sources"]

_LARGEST = 8 << 20
_NEVER = frozenset({"__pycache__", "node_modules", "site-packages", "__pypackages__"})
_OUTPUT = frozenset({"build", "dist"})
_TESTS = frozenset({"test", "tests", "testing", "integration_tests", "unit_tests"})
_DATA = frozenset({"cases", "data", "fixtures", "resources", "samples", "test_data", "testdata"})
_OTHERS = frozenset({"docs", "doc", "example", "examples", "bench", "benchmarks", "scripts", "tools", "tasks", "ci"})
_RUN_BY_TOOLS = frozenset({"setup", "noxfile", "hatch_build", "fabfile", "dodo", "pavement", "conf", "tasks"})


class SourceTooLarge(UsageError):
    """A source file is larger than any that people write."""

    code = "source-too-large"
    exit_code = 1


class MemberSources(msgspec.Struct, frozen=True, kw_only=True):
    files: tuple[SourceFile, ...]
    modules: Modules
    """What the member offers to others."""
    broken: tuple[str, ...] = ()
    """Files that could not be read as Python, relative to the workspace root."""


class _Tree(msgspec.Struct, frozen=True):
    """The Python files of a member."""

    files: list[str]
    """Relative to the member."""
    beside: dict[str, set[str]]
    """By folder, the modules in it."""


def read_sources(member: Member, others: frozenset[str], memory: Memory) -> MemberSources:
    """Read a member's sources; ``others`` are the folders of the other members. Blocking.

    Raises :class:`SourceTooLarge`.
    """
    tree = _list(member, others)
    layout = _Layout(member, tree)
    files, broken = [], []
    prefix = "" if member.path == "." else f"{member.path}/"
    for path in tree.files:
        scanned = memory.scan(_read(member.directory / path, f"{prefix}{path}"))
        role = layout.role(path)
        if scanned.broken and role == "shipped":
            broken.append(f"{prefix}{path}")
        files.append(SourceFile(path=f"{prefix}{path}", role=role, scan=scanned, local=layout.local(path)))
    offered = (path.removeprefix("src/") for path in tree.files if layout.role(path) == "shipped")
    return MemberSources(files=tuple(files), modules=modules_of(offered), broken=tuple(broken))


def _read(path: Path, shown: str) -> bytes:
    if path.stat().st_size > _LARGEST:
        raise SourceTooLarge(f"{shown} has more than {_LARGEST >> 20} MiB, which is more than source code has.")
    return path.read_bytes()


def _list(member: Member, others: frozenset[str]) -> _Tree:
    files: list[str] = []
    beside: dict[str, set[str]] = {}
    top = str(member.directory)
    for folder, folders, names in os.walk(top):
        inside = os.path.relpath(folder, top).replace(os.sep, "/")
        inside = "" if inside == "." else f"{inside}/"
        folders[:] = sorted(name for name in folders if _is_of_it(folder, inside, name, others, member))
        python = sorted(name for name in names if name.endswith((".py", ".pyi")) and _is_file(folder, name))
        files += [f"{inside}{name}" for name in python]
        if python:
            _note(beside, inside, {name.partition(".")[0] for name in python})
        # Extension modules and such are beside too, though they say nothing.
        compiled = {name.partition(".")[0] for name in names if name.endswith((".so", ".pyd", ".pyx"))}
        if compiled:
            _note(beside, inside, compiled)
    return _Tree(files, beside)


def _is_file(folder: str, name: str) -> bool:
    return os.path.isfile(os.path.join(folder, name))


def _note(beside: dict[str, set[str]], inside: str, modules: set[str]) -> None:
    """Modules of a folder, and the folder as a package of the folders above it."""
    beside.setdefault(inside, set()).update(modules)
    while inside:
        above, _, name = inside.rstrip("/").rpartition("/")
        inside = f"{above}/" if above else ""
        beside.setdefault(inside, set()).add(name)


def _is_of_it(folder: str, inside: str, name: str, others: frozenset[str], member: Member) -> bool:
    """Whether a folder holds sources of the member: not its environments, its output, nor other projects."""
    if name.startswith(".") or name in _NEVER or name.endswith(".egg-info") or (not inside and name in _OUTPUT):
        return False
    relative = f"{inside}{name}" if member.path == "." else f"{member.path}/{inside}{name}"
    if relative in others:
        return False
    path = os.path.join(folder, name)
    return not any(os.path.exists(os.path.join(path, file)) for file in ("pyvenv.cfg", "pyproject.toml"))


class _Layout:
    """What the files of a member are for."""

    def __init__(self, member: Member, tree: _Tree) -> None:
        self._tree = tree
        self._has_src = "src/" in tree.beside
        self._name = member.name.replace("-", "_").lower()
        manifest = member.manifest
        targets = [*manifest.scripts.values(), *manifest.gui_scripts.values()]
        targets += [target for group in manifest.entry_points.values() for target in group.values()]
        self._started = {target.partition(":")[0].partition(".")[0].strip() for target in targets}
        self._packages = {path.partition("/")[0] for path in tree.files if path.endswith("/__init__.py")}
        self._local: dict[str, frozenset[str]] = {}

    def __repr__(self) -> str:
        return f"<_Layout of {self._name}>"

    def role(self, path: str) -> Role:
        *folders, file = path.split("/")
        stem = file.partition(".")[0]
        is_test = (
            bool(_TESTS & set(folders)) or stem == "conftest" or stem.startswith("test_") or stem.endswith("_test")
        )
        if self._has_src and folders[:1] == ["src"]:
            return "test" if is_test else "shipped"
        if is_test:
            # What tests read is no part of them, whatever it is called.
            return "other" if _DATA & set(folders) else "test"
        if self._has_src:
            return "other"
        return "shipped" if self._is_shipped(folders[0] if folders else "", stem) else "other"

    def _is_shipped(self, top: str, stem: str) -> bool:
        """Of a project without a ``src``: its packages, and modules that are called like it or started by it."""
        if not top:
            return stem not in _RUN_BY_TOOLS and (
                stem.lower() == self._name or stem in self._started or self._is_script
            )
        own = {self._name, self._name.partition("_")[0], *self._started}
        return top.lower() in own or top in self._started or (top in self._packages and top not in _OTHERS)

    @property
    def _is_script(self) -> bool:
        """Whether the project is but some files beside its manifest."""
        beside = self._tree.beside.get("", set())
        return not (self._packages - _TESTS - _OTHERS) and self._name not in {name.lower() for name in beside}

    def local(self, path: str) -> frozenset[str]:
        """The modules that a file can import because of where it is: a package's own are imported by their full name,
        while tests and scripts find what is beside them and above them too.
        """
        folder = "" if self.role(path) == "shipped" else path.rpartition("/")[0]
        found = self._local.get(folder)
        if found is None:
            names = set(self._tree.beside.get("src/", ()))
            if folder or not self._has_src:
                names |= self._tree.beside.get("", set())
            parts = folder.split("/") if folder else []
            for end in range(1, len(parts) + 1):
                names |= self._tree.beside.get("/".join(parts[:end]) + "/", set())
            found = self._local[folder] = frozenset(names)
        return found
