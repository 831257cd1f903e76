"""The variables of the environment that the code reads, found by reading it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture import modules

__all__ = ["variables"]

_OURS = {"text", "flag", "count", "seconds", "words", "names"}
"""Methods of ``Variables`` that take a name without its ``INTERLOCK_``."""


def variables() -> set[str]:
    """All of them, but for those with a name in the middle (of an index, a limit)."""
    return {name for module in modules().values() for node in ast.walk(module.tree) for name in _read(node)}


def _read(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        of, method = ast.unparse(node.func.value), node.func.attr
        name = _constant(node.args[0])
        if not name:
            return
        if method in _OURS and (of in {"env", "variables"} or of.startswith("Variables(")):
            yield f"INTERLOCK_{name}"
        elif method == "flag" and of.endswith("call"):
            yield f"INTERLOCK_{name.upper()}"
        elif method == "foreign" or (method == "get" and of.endswith("environ")):
            yield name
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
        yield _constant(node.slice)
    elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]).endswith("environ"):
        yield _constant(node.left)


def _constant(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
