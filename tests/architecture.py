"""The source tree as data: modules, the rooms they belong to, and what they import (read with ast, never imported)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

__all__ = [
    "ROOT",
    "Import",
    "Module",
    "assigned_code",
    "assigned_exit_code",
    "bases",
    "error_classes",
    "error_codes",
    "modules",
    "room_of",
    "runs_elsewhere",
]

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PACKAGE = "interlock"


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """One module imported by another."""

    target: str
    """Dotted module name; for ``from x import y`` both x and, when it is a module of ours, x.y."""
    line: int
    deferred: bool
    """Inside a function."""
    typing_only: bool
    """Under ``if TYPE_CHECKING``."""


class Module(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def shown(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    def imports(self) -> Iterator[Import]:
        yield from _imports(self.tree, self, deferred=False, typing_only=False)


@cache
def modules() -> dict[str, Module]:
    """Every module of the package, by dotted name."""
    found = {}
    for path in sorted((SOURCE / PACKAGE).rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        found[name] = Module(name=name, path=path, text=text, tree=ast.parse(text, filename=str(path)))
    return found


def room_of(name: str) -> str:
    """The room of a module: the part after the package's name ("" for the package itself)."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def _imports(node: ast.AST, module: Module, *, deferred: bool, typing_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for target in _targets(child, module):
            line = getattr(child, "lineno", 0)
            yield Import(target=target, line=line, deferred=deferred, typing_only=typing_only)
        inside = deferred or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        guarded = typing_only or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test))
        yield from _imports(child, module, deferred=inside, typing_only=guarded)


def _targets(node: ast.AST, module: Module) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        origin = node.module or ""
        if node.level:
            package = module.name.split(".")
            keep = len(package) - node.level + module.is_package
            origin = ".".join([*package[:keep], *([origin] if origin else [])])
        for alias in node.names:
            # `from package import module` imports the module, not the package's own names.
            inner = f"{origin}.{alias.name}"
            yield inner if _exists(inner) else origin


def _exists(name: str) -> bool:
    if name.split(".", maxsplit=1)[0] != PACKAGE:
        return False
    path = SOURCE.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def error_classes() -> set[str]:
    """The names of the classes that descend from InterlockError, found by reading."""
    known = {"InterlockError"}
    while True:
        more = {
            node.name
            for module in modules().values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef) and known & bases(node)
        }
        if more <= known:
            return known
        known |= more


def bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).split(".")[-1] for base in node.bases}


def assigned_code(node: ast.ClassDef) -> str | None:
    value = _assigned(node, "code")
    return value if isinstance(value, str) else None


def assigned_exit_code(node: ast.ClassDef) -> int | None:
    value = _assigned(node, "exit_code")
    return value if isinstance(value, int) else None


def _assigned(node: ast.ClassDef, name: str) -> object:
    """The constant that a class gives one of its names; None without one."""
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = getattr(statement, "value", None)
            if isinstance(value, ast.Constant):
                return value.value
    return None


def error_codes() -> set[str]:
    """The codes of all errors."""
    families = error_classes()
    return {
        code
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and families & (bases(node) | {node.name})
        if (code := assigned_code(node)) is not None
    }


def runs_elsewhere(text: str) -> bool:
    """A file that is started by another interpreter says so in its docstring's first line, and is a program."""
    return text.startswith('"""Runs inside ') and "interpreter" in text.partition("\n")[0]
