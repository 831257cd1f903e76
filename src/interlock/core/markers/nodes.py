"""The decision diagram under the markers: interned nodes, and/or/not, and what variables say about each other.

A :class:`Marker` is a node of a reduced, ordered diagram with n-ary edges; nodes are interned, so two markers that mean
the same are the same object and every binary operation is memoised on identity.

======== ======================================= ====================================================
kind     variables                               edges
======== ======================================= ====================================================
version  ``python_full_version`` ...             one child per interval between ascending cuts
string   ``sys_platform`` ...                    one child per named value, last child for any other
flag     ``extra == 'x'``, ``'x' in extras``,    false, true
         ``'x' in sys_platform``
======== ======================================= ====================================================

Order: the interpreter's version, then the platform, then the implementation, flags on extras last; a flag about a
string variable comes right after that variable.

Facts. ``os_name == 'nt'`` and ``platform_system == 'Windows'`` are ``sys_platform == 'win32'`` when a marker is read,
and so on (:data:`SYNONYMS`); below an edge that fixes a value, everything this value decides is decided
(:data:`FACTS`), and an edge is only kept when its child differs from what the last edge's child becomes under that
value. So impossible combinations never appear and the form stays canonical.
"""

from __future__ import annotations

from itertools import count
from typing import Any, Literal

from interlock.core.markers.releases import Cut, release_tuple_key

__all__ = [
    "EXTRA_BITS",
    "FACTS",
    "FALSE",
    "SYNONYMS",
    "TRUE",
    "Marker",
    "Variable",
    "align",
    "assume",
    "flag",
    "flag_node",
    "rebuild",
    "related",
    "string_node",
    "variable",
    "version_node",
]

Kind = Literal["version", "string", "flag", "end"]
_RANKS: tuple[tuple[str, Kind], ...] = (
    ("python_full_version", "version"),
    ("python_version", "flag"),
    ("sys_platform", "string"),
    ("os_name", "string"),
    ("platform_system", "string"),
    ("platform_machine", "string"),
    ("platform_python_implementation", "string"),
    ("implementation_name", "string"),
    ("implementation_version", "version"),
    ("platform_release", "version"),
    ("platform_version", "version"),
    ("extra", "flag"),
    ("extras", "flag"),
    ("dependency_groups", "flag"),
)

SYNONYMS: dict[tuple[str, str], tuple[str, str]] = {
    ("os_name", "nt"): ("sys_platform", "win32"),
    ("platform_system", "Windows"): ("sys_platform", "win32"),
    ("platform_system", "Linux"): ("sys_platform", "linux"),
    ("platform_system", "Darwin"): ("sys_platform", "darwin"),
    ("implementation_name", "cpython"): ("platform_python_implementation", "CPython"),
    ("implementation_name", "pypy"): ("platform_python_implementation", "PyPy"),
}
"""Two ways to say one thing: the right one is the one diagrams use."""

FACTS: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("sys_platform", "win32"): (("os_name", "nt"), ("platform_system", "Windows")),
    ("sys_platform", "linux"): (("os_name", "posix"), ("platform_system", "Linux")),
    ("sys_platform", "darwin"): (("os_name", "posix"), ("platform_system", "Darwin")),
    ("platform_python_implementation", "CPython"): (("implementation_name", "cpython"),),
    ("platform_python_implementation", "PyPy"): (("implementation_name", "pypy"),),
}
"""What a value decides about other variables."""

_BITS = {name: 1 << position for position, (name, _) in enumerate(_RANKS)}
_GROUPS = (
    _BITS["sys_platform"] | _BITS["os_name"] | _BITS["platform_system"],
    _BITS["platform_python_implementation"] | _BITS["implementation_name"],
)
_LINKED = {name: next((group for group in _GROUPS if bit & group), bit) for name, bit in _BITS.items()}
"""The variables that a value of a variable can decide."""
EXTRA_BITS = _BITS["extra"] | _BITS["extras"] | _BITS["dependency_groups"]
_ZERO: Cut = (release_tuple_key((0,)), 0)


class Variable:
    """What a node tests; interned, so compared by identity and ordered by ``order``."""

    __slots__ = ("bit", "kind", "name", "operator", "order", "value")

    def __init__(self, name: str, kind: Kind, order: tuple[int, str, str], operator: str = "", value: str = "") -> None:
        self.name = name
        self.kind = kind
        self.order = order
        self.bit = _BITS.get(name, 0)
        self.operator = operator
        """Of a flag: ``==`` for extra, ``in`` for sets, ``has``, ``within`` and ``is`` for strings."""
        self.value = value
        """Of a flag: the text it is about."""

    def __repr__(self) -> str:
        return f"<Variable {self.name} {self.operator} {self.value!r}>" if self.operator else f"<Variable {self.name}>"

    def decide(self, text: str) -> bool:
        """The truth of a flag about a string variable whose value is ``text``."""
        if self.operator == "has":
            return self.value in text
        if self.operator == "within":
            return text in self.value
        return text == self.value


_VARIABLES = {name: Variable(name, kind, (rank, "", "")) for rank, (name, kind) in enumerate(_RANKS)}
_FLAGS: dict[tuple[str, str, str], Variable] = {}
_END = Variable("", "end", (len(_RANKS), "", ""))


def variable(name: str) -> Variable:
    return _VARIABLES[name]


def flag(name: str, operator: str, value: str) -> Variable:
    """The interned flag for a test that is either true or false as a whole."""
    key = (name, operator, value)
    found = _FLAGS.get(key)
    if found is None:
        made = Variable(name, "flag", (_VARIABLES[name].order[0], operator, value), operator, value)
        found = _FLAGS.setdefault(key, made)
    return found


_Keys = tuple[Any, ...]
"""Cuts of a version variable or values of a string variable, ascending."""


class Marker:
    """A condition over environments. Equal meaning is the same object; ``&``, ``|`` and ``~`` are memoised."""

    __slots__ = ("children", "keys", "mask", "negation", "serial", "variable")

    variable: Variable
    keys: _Keys
    children: tuple[Marker, ...]
    mask: int
    """Which variables occur below, one bit per name."""
    negation: Marker | None
    serial: int

    @property
    def is_true(self) -> bool:
        return self is TRUE

    @property
    def is_false(self) -> bool:
        return self is FALSE

    def __and__(self, other: Marker) -> Marker:
        return _and(self, other)

    def __or__(self, other: Marker) -> Marker:
        return _or(self, other)

    def __invert__(self) -> Marker:
        found = self.negation
        if found is None:
            found = _intern(self.variable, self.keys, tuple([~child for child in self.children]))
            self.negation = found
            found.negation = self
        return found

    def is_disjoint(self, other: Marker) -> bool:
        """Whether no environment satisfies both."""
        return (self & other) is FALSE

    def implies(self, other: Marker) -> bool:
        """Whether every environment that satisfies this one satisfies the other."""
        return self is other or (self & ~other) is FALSE

    def __repr__(self) -> str:
        if not self.children:
            return "<Marker TRUE>" if self is TRUE else "<Marker FALSE>"
        return f"<Marker {self.variable!r} {list(self.keys)} {list(self.children)}>"


_SERIALS = count()
_NODES: dict[tuple[Variable, _Keys, tuple[Marker, ...]], Marker] = {}
_AND: dict[tuple[Marker, Marker], Marker] = {}
_OR: dict[tuple[Marker, Marker], Marker] = {}
_ASSUMED: dict[tuple[Marker, str, str], Marker] = {}


def _intern(tested: Variable, keys: _Keys, children: tuple[Marker, ...]) -> Marker:
    identity = (tested, keys, children)
    found = _NODES.get(identity)
    if found is None:
        node = Marker()
        node.variable, node.keys, node.children = tested, keys, children
        node.negation = None
        node.serial = next(_SERIALS)
        node.mask = tested.bit
        for child in children:
            node.mask |= child.mask
        # setdefault: another thread may have made the same node meanwhile.
        found = _NODES.setdefault(identity, node)
    return found


TRUE = _intern(_END, (), ())
FALSE = _intern(_END, ("false",), ())
TRUE.negation, FALSE.negation = FALSE, TRUE


def version_node(tested: Variable, cuts: tuple[Cut, ...], children: list[Marker]) -> Marker:
    """A node over a version variable; ``children`` has one more item than ``cuts``."""
    kept: list[Cut] = []
    below = [children[0]]
    for position, cut in enumerate(cuts):
        child = children[position + 1]
        if cut <= _ZERO and tested.name == "python_full_version":
            below = [child]  # nothing comes before 0
        elif child is not below[-1]:
            kept.append(cut)
            below.append(child)
    return _intern(tested, tuple(kept), tuple(below)) if kept else below[0]


def string_node(tested: Variable, values: tuple[str, ...], children: list[Marker]) -> Marker:
    """A node over a string variable; the child of each value must already assume that value."""
    other = children[-1]
    kept: list[str] = []
    below: list[Marker] = []
    for value, child in zip(values, children, strict=False):
        if child is not assume(other, tested.name, value):
            kept.append(value)
            below.append(child)
    return _intern(tested, tuple(kept), (*below, other)) if kept else other


def flag_node(tested: Variable, negative: Marker, positive: Marker) -> Marker:
    return negative if negative is positive else _intern(tested, (), (negative, positive))


def assume(node: Marker, name: str, value: str) -> Marker:
    """What remains of a marker where a string variable has a value, with everything that value decides."""
    if not node.mask & _LINKED[name]:
        return node
    node = _fix(node, name, value)
    for other_name, other_value in FACTS.get((name, value), ()):
        node = _fix(node, other_name, other_value)
    return node


def _fix(node: Marker, name: str, value: str) -> Marker:
    if not node.mask & _BITS[name]:
        return node
    key = (node, name, value)
    found = _ASSUMED.get(key)
    if found is not None:
        return found
    tested = node.variable
    if tested.name != name:
        found = rebuild(node, [_fix(child, name, value) for child in node.children])
    elif tested.kind == "string":
        position = node.keys.index(value) if value in node.keys else -1
        # Flags on the same variable follow it, so they are still there below.
        found = _fix(node.children[position], name, value)
    else:
        found = _fix(node.children[tested.decide(value)], name, value)
    _ASSUMED[key] = found
    return found


def rebuild(node: Marker, children: list[Marker]) -> Marker:
    """The node with other children that only test later variables."""
    return _node(node.variable, node.keys, children)


def _node(tested: Variable, keys: _Keys, children: list[Marker]) -> Marker:
    if tested.kind == "version":
        return version_node(tested, keys, children)
    if tested.kind == "string":
        return string_node(tested, keys, children)
    return flag_node(tested, children[0], children[1])


def _and(left: Marker, right: Marker) -> Marker:
    # Plain functions call each other below: recursion through operators would use up the C stack.
    if left is right or right is TRUE:
        return left
    if left is TRUE:
        return right
    if left is FALSE or right is FALSE or left.negation is right:
        return FALSE
    pair = (left, right) if left.serial < right.serial else (right, left)
    found = _AND.get(pair)
    if found is None:
        tested = left.variable if left.variable.order <= right.variable.order else right.variable
        keys, pairs = align(tested, left, right)
        children = []  # no comprehension: it would cost a frame per variable
        for a, b in pairs:
            children.append(_and(a, b))
        found = _AND[pair] = _node(tested, keys, children)
    return found


def _or(left: Marker, right: Marker) -> Marker:
    if left is right or right is FALSE:
        return left
    if left is FALSE:
        return right
    if left is TRUE or right is TRUE or left.negation is right:
        return TRUE
    pair = (left, right) if left.serial < right.serial else (right, left)
    found = _OR.get(pair)
    if found is None:
        tested = left.variable if left.variable.order <= right.variable.order else right.variable
        keys, pairs = align(tested, left, right)
        children = []  # no comprehension: it would cost a frame per variable
        for a, b in pairs:
            children.append(_or(a, b))
        found = _OR[pair] = _node(tested, keys, children)
    return found


def align(tested: Variable, left: Marker, right: Marker) -> tuple[_Keys, list[tuple[Marker, Marker]]]:
    """Split two markers along the common refinement of their edges at one variable, which neither comes after."""
    if tested.kind == "version":
        return _align_versions(tested, left, right)
    if tested.kind == "string":
        return _align_strings(tested, left, right)
    lefts = left.children if left.variable is tested else (left, left)
    rights = right.children if right.variable is tested else (right, right)
    return (), list(zip(lefts, rights, strict=True))


def _align_versions(tested: Variable, left: Marker, right: Marker) -> tuple[_Keys, list[tuple[Marker, Marker]]]:
    if left.variable is not tested:
        return right.keys, [(left, child) for child in right.children]
    if right.variable is not tested:
        return left.keys, [(child, right) for child in left.children]
    if left.keys == right.keys:
        return left.keys, list(zip(left.children, right.children, strict=True))
    mine, theirs = left.keys, right.keys
    cuts: list[Cut] = []
    pairs = [(left.children[0], right.children[0])]
    i = j = 0
    while i < len(mine) or j < len(theirs):
        if j == len(theirs) or (i < len(mine) and mine[i] <= theirs[j]):
            if j < len(theirs) and mine[i] == theirs[j]:
                j += 1
            cuts.append(mine[i])
            i += 1
        else:
            cuts.append(theirs[j])
            j += 1
        pairs.append((left.children[i], right.children[j]))
    return tuple(cuts), pairs


def _align_strings(tested: Variable, left: Marker, right: Marker) -> tuple[_Keys, list[tuple[Marker, Marker]]]:
    mine = left.keys if left.variable is tested else ()
    theirs = right.keys if right.variable is tested else ()
    values: tuple[str, ...] = mine if mine == theirs else tuple(sorted({*mine, *theirs}))
    return values, list(zip(_spread(left, tested, values), _spread(right, tested, values), strict=True))


def _spread(node: Marker, tested: Variable, values: tuple[str, ...]) -> list[Marker]:
    """The markers below each value and below any other."""
    if node.variable is not tested:
        return [*(assume(node, tested.name, value) for value in values), node]
    if node.keys == values:
        return list(node.children)
    known = dict(zip(node.keys, node.children, strict=False))
    other = node.children[-1]
    below = [known.get(value) or assume(other, tested.name, value) for value in values]
    below.append(other)
    return below


def related(left: Marker, right: Marker) -> bool:
    """Whether the markers test a common variable, or variables that decide each other."""
    mine, theirs = left.mask, right.mask
    for group in _GROUPS:
        if mine & group:
            mine |= group
    return bool(mine & theirs)
