"""Every regular expression of the package takes time in proportion to the text, whatever the text is.

The expressions are found in the source and taken apart; each is given what its own repetitions accept, many times over,
and then what makes the match fail: the texts on which a matcher that goes back tries everything.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from time import process_time
from typing import Any

import msgspec
import pytest

from tests.architecture import Module, modules

METHODS = frozenset({"match", "fullmatch", "search", "sub", "split", "findall", "finditer"})
SIZES = (6, 9, 12, 15, 18, 21, 24, 300, 3_000)
"""Growing slowly where a matcher could need 2**n steps, so that the test itself ends."""
SLOW = 0.02
"""Seconds. In proportion to the text, the longest one needs less than a millisecond; its square needs 50."""
CHARACTERS = " \t\n.-_aA0v1x/:@=<>!~,;\\\"'()[]{}#%&?*+|$^\u00e9"
ENDS = ("", "\0", "\n\0", " \0", "a\0", "@", "\u00e9")


class Expression(msgspec.Struct, frozen=True):
    where: str
    pattern: Any
    methods: frozenset[str]


def expressions() -> Iterator[Expression]:
    for module in modules().values():
        if "import re\n" in module.text:
            yield from _inline(module)
            yield from _compiled(module)


def _inline(module: Module) -> Iterator[Expression]:
    """``re.sub("text", …)``, wherever it stands."""
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args):
            continue
        method = ast.unparse(node.func).removeprefix("re.")
        if method in METHODS and isinstance(node.args[0], ast.Constant):
            flags = 0
            for name in re.findall(r"re\.([A-Z]+)", ast.unparse(node)):
                flags |= getattr(re, name)
            yield Expression(f"{module.name}:{node.lineno}", re.compile(node.args[0].value, flags), frozenset({method}))


def _compiled(module: Module) -> Iterator[Expression]:
    """``_NAME = re.compile(…)``, also in a table."""
    for name, value in vars(importlib.import_module(module.name)).items():
        uses = frozenset(method for method in METHODS if f"{name}.{method}" in module.text) or METHODS
        for row in value if isinstance(value, list | tuple) else (value,):
            for part in row if isinstance(row, tuple) else (row,):
                if isinstance(part, re.Pattern):
                    yield Expression(f"{module.name}.{name}", part, uses)


def _sample(items: Iterable[Any]) -> str:
    """A short text that a parsed expression accepts, or something near it."""
    return "".join(next(iter(_accepted(item)), "") for item in items)


def _accepted(item: Any) -> list[str]:
    """Texts that one item accepts: every character of a set that we have, one text of everything else."""
    kind, value = item
    if kind is kinds.LITERAL:
        return [chr(value)]
    if kind in {kinds.IN, kinds.ANY, kinds.NOT_LITERAL, kinds.CATEGORY}:
        return [character for character in CHARACTERS if _holds(item, character)]
    if kind in {kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT}:
        return [_sample(value[2]) * max(value[0], 1)]
    if kind is kinds.SUBPATTERN:
        return [_sample(value[3])]
    if kind is kinds.ATOMIC_GROUP:
        return [_sample(value)]
    if kind is kinds.BRANCH:
        return [_sample(branch) for branch in value[1]]
    if kind is kinds.ASSERT and value[0] < 0:
        return [_sample(value[1])]
    return []


def _holds(item: Any, character: str) -> bool:
    kind, value = item
    if kind is kinds.ANY:
        return True
    if kind is kinds.NOT_LITERAL:
        return bool(ord(character) != value)
    if kind is kinds.CATEGORY:
        return _in_category(value, character)
    wanted: bool = value[0] != (kinds.NEGATE, None)
    for part, inside in value:
        if (
            (part is kinds.LITERAL and inside == ord(character))
            or (part is kinds.RANGE and inside[0] <= ord(character) <= inside[1])
            or (part is kinds.CATEGORY and _in_category(inside, character))
        ):
            return wanted
    return not wanted


def _in_category(category: Any, character: str) -> bool:
    name = str(category).removeprefix("CATEGORY_")
    tests = {
        "SPACE": character.isspace(),
        "DIGIT": character.isdigit(),
        "WORD": character.isalnum() or character == "_",
    }
    return not tests[name.removeprefix("NOT_")] if name.startswith("NOT_") else tests[name]


def _pumps(items: Iterable[Any], before: str) -> Iterator[tuple[str, str]]:
    """For each repetition: what stands before it, and what it repeats."""
    for item in items:
        kind, value = item
        if kind in {kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT}:
            body = list(value[2])
            for text in _accepted(body[0]) if len(body) == 1 else [_sample(body)]:
                yield before, text
            yield from _pumps(body, before)
        elif kind is kinds.SUBPATTERN:
            yield from _pumps(value[3], before)
        elif kind is kinds.ATOMIC_GROUP:
            yield from _pumps(value, before)
        elif kind is kinds.BRANCH:
            for branch in value[1]:
                yield from _pumps(branch, before)
        before += next(iter(_accepted(item)), "")


def _starts(items: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Beginnings of the expression: a search for it begins anew at each of them."""
    items = list(items)
    for _, pump in _pumps(items, ""):
        yield "", pump
    for length in range(1, len(items) + 1):
        yield "", _sample(items[:length])


def _seconds(expression: Expression, method: str, text: str) -> float:
    target: str | bytes = text if isinstance(expression.pattern.pattern, str) else text.encode()
    best = 1.0
    for _ in range(3):
        start = process_time()
        if method == "sub":
            expression.pattern.sub(lambda match: match[0], target)
        elif method == "finditer":
            list(expression.pattern.finditer(target))
        else:
            getattr(expression.pattern, method)(target)
        best = min(best, process_time() - start)
        if best < SLOW:
            break
    return best


def _worst(expression: Expression) -> str:
    """A text on which the expression takes too long; empty when there is none among those tried."""
    source = expression.pattern.pattern
    parsed = parser.parse(
        source.decode() if isinstance(source, bytes) else source, expression.pattern.flags & ~re.UNICODE
    )
    for before, pump in dict.fromkeys([*_pumps(parsed, ""), *_starts(parsed)]):
        for method in sorted(expression.methods):
            for size in SIZES:
                for end in ENDS:
                    text = before + pump * size + end
                    if pump and _seconds(expression, method, text) > SLOW:
                        return f"{method}({before!r} + {pump!r} * {size} + {end!r})"
    return ""


EVERY = [pytest.param(expression, id=expression.where) for expression in expressions()]


@pytest.mark.parametrize("expression", EVERY)
def test_an_expression_takes_time_in_proportion_to_the_text(expression: Expression) -> None:
    assert _worst(expression) == ""


@pytest.mark.parametrize("bad", [r"\s*,?\s*;?\s*[xy]", r"(?:a|a)*b", r"(a+)+b", r"[a-z]*[a-z0-9]*!"])
def test_an_expression_that_does_not_is_found(bad: str) -> None:
    assert _worst(Expression("here", re.compile(bad), frozenset({"fullmatch"})))


def test_a_search_that_begins_anew_everywhere_is_found() -> None:
    assert _worst(Expression("here", re.compile(r"\s+$"), frozenset({"search"})))
