"""The lists in ERRORS.md: each code by the family of its class, in the words of ``interlock explain``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from interlock.cli.explanations import Explanation, explanations
from tests.architecture import assigned_code, assigned_exit_code, bases, error_classes, modules

__all__ = ["codes", "findings", "warnings"]

_FAMILIES = {
    "ManifestError": "Manifests",
    "ResolutionError": "Resolving",
    "LockError": "The lock",
    "IndexFailure": "Indexes",
    "IntegrityError": "Bytes that are not what was promised",
    "GitError": "Git",
    "BuildError": "Building",
    "EnvironmentFailure": "Interpreters and environments",
    "InstallError": "Installing",
    "PublishError": "Publishing",
    "ServiceError": "The service",
    "UsageError": "The command line and what it names",
    "InterlockError": "The machine and the rest",
}
_BUG = "70"


def codes() -> str:
    """Every error, a table for each family."""
    known = {one.code: one for one in explanations() if one.kind == "error"}
    classes = _classes()
    rows: dict[str, dict[str, str]] = {title: {} for title in _FAMILIES.values()}
    for code, name in sorted(_named(classes)):
        if code != "error":
            title = _FAMILIES[next(above for above in _above(name, classes) if above in _FAMILIES)]
            rows[title][code] = _row(known[code], str(_exit_code(name, classes)))
    rows["The machine and the rest"]["bug"] = _row(known["bug"], _BUG)
    return "\n\n".join(f"### {title}\n\n{_table(found, 'exit')}" for title, found in rows.items())


def warnings() -> str:
    return _table({one.code: _row(one) for one in explanations() if one.kind == "warning"})


def findings() -> str:
    """What ``check`` and ``debug verify-lock`` find."""
    return "\n\n".join(
        f"### `interlock {command}`\n\n{_table({one.code: _row(one) for one in explanations() if one.kind == kind})}"
        for kind, command in (("check", "check"), ("verify-lock", "debug verify-lock"))
    )


def _table(rows: dict[str, str], *more: str) -> str:
    columns = ("code", *more, "what it means", "what to do")
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    return "\n".join([head, *(rows[code] for code in sorted(rows))])


def _row(one: Explanation, *more: str) -> str:
    cells = (f"`{one.code}`", *more, one.means, one.remedy)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _classes() -> dict[str, ast.ClassDef]:
    """Those of errors; other classes may have the same names."""
    families = error_classes()
    return {
        node.name: node
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and (families & bases(node) or node.name == "InterlockError")
    }


def _named(classes: dict[str, ast.ClassDef]) -> Iterator[tuple[str, str]]:
    """Each code and the name of its class."""
    for name, node in classes.items():
        code = assigned_code(node)
        if code is not None:
            yield code, name


def _above(name: str, classes: dict[str, ast.ClassDef]) -> tuple[str, ...]:
    """A class and those it descends from, nearest first."""
    found = [name]
    for one in found:
        found += sorted(bases(classes[one]) - set(found)) if one in classes else []
    return tuple(found)


def _exit_code(name: str, classes: dict[str, ast.ClassDef]) -> int:
    given: Iterable[int | None] = (assigned_exit_code(classes[one]) for one in _above(name, classes) if one in classes)
    return next(code for code in given if code is not None)
