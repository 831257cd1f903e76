"""Marker expressions: the text of a marker as a small tree, and nothing about what it means.

Standard: dependency specifiers (PEP 508), with ``extras`` and ``dependency_groups`` of PEP 751 and the dotted names
that old metadata uses.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from interlock.errors import ManifestError

__all__ = ["VARIABLES", "Comparison", "Expression", "InvalidMarker", "Junction", "parse_expression"]

VARIABLES = frozenset(
    {
        "python_version",
        "python_full_version",
        "os_name",
        "sys_platform",
        "platform_release",
        "platform_system",
        "platform_version",
        "platform_machine",
        "platform_python_implementation",
        "implementation_name",
        "implementation_version",
        "extra",
        "extras",
        "dependency_groups",
    }
)

_LEGACY = {
    "os.name": "os_name",
    "sys.platform": "sys_platform",
    "platform.version": "platform_version",
    "platform.machine": "platform_machine",
    "platform.python_implementation": "platform_python_implementation",
    "python_implementation": "platform_python_implementation",
}

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'[^']*'|"[^"]*")
      | (?P<operator>===|==|~=|!=|<=|>=|<|>)
      | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<paren>[()])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)

_MOST_SHOWN = 300

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class InvalidMarker(ManifestError):
    """A marker that cannot be read; ``position`` is the offset of the offending character."""

    code = "invalid-marker"

    def __init__(self, text: str, position: int, problem: str) -> None:
        shown, place = _excerpt(text, position)
        super().__init__(
            f"`{shown}` is not a valid marker: {problem}\n    {shown}\n    {' ' * place}^",
            facts={"marker": text, "position": position},
        )
        self.text = text
        self.position = position
        self.problem = problem


def _excerpt(text: str, position: int) -> tuple[str, int]:
    """What surrounds a place in a text that may be very long, and the place in that."""
    start = max(position - _MOST_SHOWN // 2, 0) if len(text) > _MOST_SHOWN else 0
    head, tail = "..." if start else "", "..." if start + _MOST_SHOWN < len(text) else ""
    return f"{head}{text[start : start + _MOST_SHOWN]}{tail}", position - start + len(head)


class Comparison(msgspec.Struct, frozen=True):
    """``variable operator 'value'``; operands written the other way round have been turned."""

    variable: str
    operator: str
    """As written; ``has`` and ``has not`` for ``'value' in variable`` and its negation."""
    value: str
    position: int
    """Where it starts in the text."""
    turned: bool = False
    """Whether the string was written on the left."""


Conjunction = Literal["and", "or"]


class Junction(msgspec.Struct, frozen=True):
    """Two or more operands joined by one ``operator``."""

    operator: Conjunction
    operands: tuple[Expression, ...]


Expression = Comparison | Junction


def parse_expression(text: str) -> Expression:
    """Parse marker text. Raises :class:`InvalidMarker`."""
    parser = _Parser(text)
    found = parser.expression()
    if parser.kind != "end":
        raise parser.failure("expected `and`, `or` or the end")
    return found


def _joined(operator: Conjunction, operands: list[Expression]) -> Expression:
    return operands[0] if len(operands) == 1 else Junction(operator, tuple(operands))


class _Parser:
    """Descent over one token of lookahead; open parentheses are on a stack of our own, so they nest without end."""

    __slots__ = ("kind", "next", "position", "text", "value")

    def __init__(self, text: str) -> None:
        self.text = text
        self.next = 0
        self.advance()

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.next)
        if match is None:
            start = self.next
            while self.text[start].isspace():
                start += 1
            problem = "the string is not closed" if self.text[start] in "'\"" else "unexpected character"
            raise InvalidMarker(self.text, start, problem)
        self.kind = match.lastgroup or "end"
        self.value = match[self.kind]
        self.position = match.start(self.kind)
        self.next = match.end()

    def failure(self, problem: str) -> InvalidMarker:
        return InvalidMarker(self.text, self.position, problem)

    def expression(self) -> Expression:
        """Alternatives, each a conjunction of operands."""
        outer: list[tuple[list[Expression], list[Expression]]] = []
        alternatives: list[Expression] = []
        conjunction: list[Expression] = []
        while True:
            while self.accept("paren", "("):
                outer.append((alternatives, conjunction))
                alternatives, conjunction = [], []
            conjunction.append(self.comparison())
            while not self.accept("word", "and"):
                alternatives.append(_joined("and", conjunction))
                conjunction = []
                if self.accept("word", "or"):
                    break
                inner = _joined("or", alternatives)
                if not outer:
                    return inner
                if not self.accept("paren", ")"):
                    raise self.failure("expected `)`")
                alternatives, conjunction = outer.pop()
                conjunction.append(inner)

    def accept(self, kind: str, value: str) -> bool:
        """Step over a token when it is the one."""
        if self.kind != kind or self.value != value:
            return False
        self.advance()
        return True

    def comparison(self) -> Comparison:
        start = self.position
        left_is_name, left = self.side()
        operator_at = self.position
        operator = self.operator()
        right_at = self.position
        right_is_name, right = self.side()
        if not left_is_name and not right_is_name:
            raise InvalidMarker(self.text, right_at, "a comparison needs a variable")
        if left_is_name:
            # Of two variables, packaging takes the name of the right one for a string.
            return Comparison(left, operator, right, start)
        if operator == "~=":
            raise InvalidMarker(self.text, operator_at, "`~=` needs the variable on its left")
        if operator in {"in", "not in"}:
            return Comparison(right, "has" if operator == "in" else "has not", left, start)
        return Comparison(right, _FLIPPED.get(operator, operator), left, start, turned=True)

    def side(self) -> tuple[bool, str]:
        """A variable (True, canonical name) or a string (False, its content)."""
        if self.kind == "string":
            value = self.value[1:-1]
            self.advance()
            return False, value
        if self.kind == "word":
            name = _LEGACY.get(self.value, self.value)
            if name in VARIABLES:
                self.advance()
                return True, name
            raise self.failure(f"`{self.value}` is not a marker variable")
        raise self.failure("expected a marker variable or a quoted string")

    def operator(self) -> str:
        value = self.value
        if self.kind == "operator" or (self.kind == "word" and value == "in"):
            self.advance()
            return value
        if self.kind == "word" and value == "not":
            self.advance()
            if self.kind == "word" and self.value == "in":
                self.advance()
                return "not in"
            raise self.failure("expected `in` after `not`")
        raise self.failure("expected one of `==`, `!=`, `<`, `<=`, `>`, `>=`, `~=`, `===`, `in`, `not in`")
