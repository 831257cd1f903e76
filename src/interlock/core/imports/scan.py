"""The imports of one source file, by its syntax tree alone."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

__all__ = ["Import", "Scan", "scan"]

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_MISSING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_LONGEST_MENTION = 200
_LEAVES = (ast.Name, ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop, ast.alias, ast.Pass)


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One module that a file imports, absolute."""

    module: str
    line: int
    names: tuple[str, ...] = ()
    """What is taken from it, any of which may be a module of its own."""
    typing: bool = False
    """Only type checkers see it."""
    optional: bool = False
    """The file does without when it is not there."""
    conditional: bool = False
    """Only on some platforms or Pythons."""
    inner: bool = False
    """Within a function, so that nothing needs it before that is called."""


class Scan(msgspec.Struct, frozen=True, array_like=True):
    """What one file says."""

    imports: tuple[Import, ...] = ()
    mentions: tuple[str, ...] = ()
    """First words of texts that may name a module or a command: in lists, and dotted ones anywhere; sorted."""
    broken: bool = False
    """It is no Python that the running one can read."""


def scan(source: bytes) -> Scan:
    """Read a file; one that cannot be parsed is said to be broken, and imports nothing."""
    try:
        with warnings.catch_warnings():
            # What a file's texts escape wrongly is not for us to say.
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        reader = _Reader()
        reader.visit(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Scan(broken=True)
    return Scan(tuple(reader.imports), tuple(sorted(reader.mentions)))


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self.imports: list[Import] = []
        self.mentions: set[str] = set()
        self._typing = self._optional = self._conditional = self._inner = False

    def __repr__(self) -> str:
        return f"<_Reader {len(self.imports)}>"

    def generic_visit(self, node: ast.AST) -> None:
        # Most nodes say nothing and have nothing below them; not to call for each of these halves the time.
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST) and not isinstance(item, _LEAVES):
                        self.visit(item)
            elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
                self.visit(value)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if not node.level and node.module:
            self._add(node.module, node.lineno, tuple(alias.name for alias in node.names if alias.name != "*"))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        before, self._inner = self._inner, True
        self.generic_visit(node)
        self._inner = before

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        typing, inverse = _is_typing(node.test)
        condition = not typing and _is_condition(node.test)
        with self._within(typing=typing and not inverse, conditional=condition):
            self._all(node.body)
        with self._within(typing=typing and inverse, conditional=condition):
            self._all(node.orelse)

    def visit_Try(self, node: ast.Try) -> None:
        with self._within(optional=any(_handles_missing(handler.type) for handler in node.handlers)):
            self._all(node.body)
            # What stands in for what is missing is needed only where that is.
            self._all(node.handlers)
        self._all(node.orelse)
        self._all(node.finalbody)

    def visit_With(self, node: ast.With) -> None:
        self._all(node.items)
        with self._within(optional=any(_suppresses_missing(item.context_expr) for item in node.items)):
            self._all(node.body)

    def visit_Call(self, node: ast.Call) -> None:
        called = _last_name(node.func)
        first = node.args[0] if node.args else None
        if called in {"import_module", "__import__", "importorskip"} and _DOTTED.fullmatch(_text(first)):
            with self._within(optional=called == "importorskip"):
                self._add(_text(first), node.lineno)
        self.generic_visit(node)

    def visit_List(self, node: ast.List) -> None:
        self._elements(node.elts)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        self._elements(node.elts)

    def visit_Set(self, node: ast.Set) -> None:
        self._elements(node.elts)

    def _elements(self, elements: list[ast.expr]) -> None:
        for element in elements:
            self._mention(_text(element))
            self.visit(element)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and "." in node.value and len(node.value) < _LONGEST_MENTION:
            found = _DOTTED.fullmatch(node.value.partition(":")[0])
            if found:
                self._mention(node.value)

    def _mention(self, text: str) -> None:
        word = text[:_LONGEST_MENTION].split(None, 1)[0] if text.strip() else ""
        root = word.partition(":")[0].partition(".")[0]
        if root and root.replace("-", "_").isidentifier():
            self.mentions.add(root)

    def _add(self, module: str, line: int, names: tuple[str, ...] = ()) -> None:
        found = Import(module, line, names, self._typing, self._optional, self._conditional, self._inner)
        self.imports.append(found)

    def _all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    @contextmanager
    def _within(self, *, typing: bool = False, optional: bool = False, conditional: bool = False) -> Iterator[None]:
        before = self._typing, self._optional, self._conditional
        self._typing, self._optional = before[0] or typing, before[1] or optional
        self._conditional = before[2] or conditional
        try:
            yield
        finally:
            self._typing, self._optional, self._conditional = before


def _text(node: ast.AST | None) -> str:
    """What a literal says; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_typing(test: ast.expr) -> tuple[bool, bool]:
    """Whether a condition is that a type checker looks, and whether that it does not."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        found, inverse = _is_typing(test.operand)
        return found, not inverse
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_is_typing(value) == (True, False) for value in test.values), False
    return _last_name(test) == "TYPE_CHECKING", False


def _is_condition(test: ast.expr) -> bool:
    """Whether a condition asks for the platform or the Python."""
    asked = {_last_name(node) for node in ast.walk(test)}
    return bool(asked & {"platform", "version_info", "implementation", "python_implementation"}) or (
        any(isinstance(node, ast.Attribute) and node.attr == "name" for node in ast.walk(test)) and "os" in asked
    )


def _handles_missing(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(_last_name(kind) in _MISSING for kind in kinds)


def _suppresses_missing(item: ast.expr) -> bool:
    return isinstance(item, ast.Call) and _last_name(item.func) == "suppress" and any(map(_handles_missing, item.args))
