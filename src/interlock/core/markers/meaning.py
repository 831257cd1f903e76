"""What marker text means: expressions to diagrams.

Standard: dependency specifiers (PEP 508), version comparison by PEP 440, names of extras and groups by PEP 685 and
PEP 735. Choices where the standard leaves room:

- ``python_version`` is the feature release of ``python_full_version``, so both become cuts through one order.
- ``platform_release`` and ``platform_version`` are ordered when the value is PEP 440, and compared as text otherwise.
- ``'3.10rc1' < python_full_version`` reads the variable as the specifier, by the letter: ``< 3.10`` admits no
  pre-release of 3.10, and ``> 3.10`` no post-release.
- Ordered comparison of other variables, and with what is no version, is equality or nothing, as packaging has it:
  ``<=`` is ``==``, ``<`` is never true.
- ``extra`` is one of the extras that are asked for, and the empty text where none is.
- ``variable in 'a b'`` is read as a list of words, plus every well-known value of that variable inside the text (the
  standard's ``in`` is a substring test; ``'x86' in 'x86_64'`` is true).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from interlock.core.markers.expression import Comparison, Expression, InvalidMarker, Junction, parse_expression
from interlock.core.markers.folding import all_of, any_of
from interlock.core.markers.nodes import (
    FALSE,
    SYNONYMS,
    TRUE,
    Marker,
    Variable,
    assume,
    flag,
    flag_node,
    string_node,
    variable,
    version_node,
)
from interlock.core.markers.releases import Cut, Split, final_key, full_split, key_text, minor_split, version_key
from interlock.core.names import normalize_extra

__all__ = [
    "equals",
    "extra_marker",
    "lower_bound_marker",
    "parse_marker",
    "requires_python_marker",
    "upper_bound_marker",
]

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORDS = re.compile(r"[^\s,;|]+")
_VERSIONED = frozenset({"python_full_version", "implementation_version", "platform_release", "platform_version"})
_SETS = frozenset({"extras", "dependency_groups"})
_KNOWN: dict[str, tuple[str, ...]] = {
    "os_name": ("nt", "posix", "java"),
    "sys_platform": (
        "linux",
        "linux2",
        "darwin",
        "win32",
        "cygwin",
        "msys",
        "aix",
        "android",
        "ios",
        "emscripten",
        "wasi",
    ),
    "platform_system": ("Linux", "Darwin", "Windows", "Java", "FreeBSD", "Android", "iOS"),
    "platform_machine": (
        *("x86_64", "x86", "amd64", "AMD64", "i386", "i486", "i586", "i686", "arm64", "ARM64", "aarch64", "arm"),
        *("armv6l", "armv7l", "armv8l", "ppc", "ppc64", "ppc64le", "s390x", "riscv64", "loongarch64", "universal2"),
    ),
    "platform_python_implementation": ("CPython", "PyPy", "Jython", "IronPython", "GraalVM"),
    "implementation_name": ("cpython", "pypy", "jython", "ironpython", "graalpy", "micropython"),
}

_MOST_FLAGS = 200
"""Each is a storey of the diagram, where versions and values of one variable are a single one however many they are."""

_MARKERS: dict[str, Marker] = {"": TRUE}
_REQUIRES: dict[str, Marker] = {"": TRUE}
_LOWER_BOUNDS: dict[str, Marker] = {"": TRUE}
_UPPER_BOUNDS: dict[str, Marker] = {"": TRUE}


def parse_marker(text: str) -> Marker:
    """The marker that text means, memoised; the empty text always applies.

    Raises :class:`interlock.core.markers.expression.InvalidMarker`.
    """
    found = _MARKERS.get(text)
    if found is None:
        found = _MARKERS[text] = TRUE if not text.strip() else _expression(parse_expression(text), text)
    return found


def _expression(expression: Expression, text: str) -> Marker:
    """Operands before what joins them, without recursion: parentheses nest as deep as they like."""
    done: list[Marker] = []
    flags: set[Variable] = set()
    waiting: list[Expression | tuple[str, int]] = [expression]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Comparison):
            done.append(_comparison(item, text))
            if done[-1].variable.kind == "flag":
                flags.add(done[-1].variable)
                if len(flags) > _MOST_FLAGS:
                    raise _too_many(item, text)
        elif isinstance(item, Junction):
            operands = _operands(item)
            waiting.append((item.operator, len(operands)))
            waiting += reversed(operands)
        else:
            operator, count = item
            operand_markers = done[-count:]
            del done[-count:]
            done.append(all_of(operand_markers) if operator == "and" else any_of(operand_markers))
    return done[0]


def _too_many(comparison: Comparison, text: str) -> InvalidMarker:
    problem = f"it tests more than {_MOST_FLAGS} different extras or texts that have no order"
    return InvalidMarker(text, comparison.position, problem)


def _operands(junction: Junction) -> list[Expression]:
    """With those of operands that are joined by the same word."""
    found: list[Expression] = []
    waiting: list[Expression] = [junction]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Junction) and item.operator == junction.operator:
            waiting += reversed(item.operands)
        else:
            found.append(item)
    return found


def _comparison(comparison: Comparison, text: str) -> Marker:
    name, operator, value = comparison.variable, comparison.operator, comparison.value
    if operator == "not in":
        return ~_comparison(Comparison(name, "in", value, comparison.position), text)
    if operator == "has not":
        return ~_comparison(Comparison(name, "has", value, comparison.position), text)
    if name in _SETS:
        if operator != "has":
            raise InvalidMarker(text, comparison.position, f"`{name}` is a set, test it with `'...' in {name}`")
        return flag_node(flag(name, "in", normalize_extra(value)), FALSE, TRUE)
    if name == "extra":
        return _extra(comparison, text)
    if operator == "has":
        return flag_node(flag(name, "has", value), FALSE, TRUE)
    if operator == "in":
        return _within(name, value)
    if name == "python_version" or name in _VERSIONED:
        found = _versioned(comparison, text)
        return found & ~_final(name, value) if comparison.turned and operator in {"<", ">"} else found
    if operator == "~=":
        raise InvalidMarker(text, comparison.position, f"`~=` compares versions, and `{name}` is not one")
    if operator == "!=":
        return ~equals(name, value)
    return FALSE if operator in {"<", ">"} else equals(name, value)


def _extra(comparison: Comparison, text: str) -> Marker:
    operator, value = comparison.operator, comparison.value
    if operator in {"==", "===", "<=", ">="}:
        return extra_marker(value)
    if operator in {"<", ">"}:
        return FALSE
    if operator == "has":
        return _any_extra(_names_with(normalize_extra(value), text), comparison, text)
    if operator == "!=":
        return ~extra_marker(value)
    if operator == "in":
        return _any_extra(_WORDS.findall(value), comparison, text)
    raise InvalidMarker(text, comparison.position, "`~=` compares versions, and `extra` is not one")


def _any_extra(names: Collection[str], comparison: Comparison, text: str) -> Marker:
    if len(names) > _MOST_FLAGS:
        raise _too_many(comparison, text)
    return any_of(map(extra_marker, names))


def _names_with(part: str, text: str) -> list[str]:
    """The extras that contain a text, as far as a marker knows: that text itself, and those it names besides."""
    return sorted({part, *(name for name in _quoted(text) if part in name)})


@lru_cache(maxsize=16)
def _quoted(text: str) -> frozenset[str]:
    return frozenset(normalize_extra(quoted[1:-1]) for quoted in _QUOTED.findall(text))


def extra_marker(name: str) -> Marker:
    """``extra == 'name'``: true where that extra is asked for, whatever else is; with ``''``, where none is."""
    return flag_node(flag("extra", "==", normalize_extra(name)), FALSE, TRUE)


def equals(name: str, value: str) -> Marker:
    """``name == 'value'`` for a string variable."""
    name, value = SYNONYMS.get((name, value), (name, value))
    return string_node(variable(name), (value,), [assume(TRUE, name, value), FALSE])


def _versioned(comparison: Comparison, text: str) -> Marker:
    name, operator, value = comparison.variable, comparison.operator, comparison.value
    split = minor_split(operator, value) if name == "python_version" else full_split(operator, value)
    if split is None and value.endswith(".*"):
        # `>= '3.6.*'` is in published metadata; everyone means `>= '3.6'`.
        comparison = Comparison(name, operator, value[:-2], comparison.position)
        return _versioned(comparison, text)
    if split is not None:
        return _split_marker("python_full_version" if name == "python_version" else name, split)
    if operator == "~=":
        raise InvalidMarker(text, comparison.position, f"`{operator} '{value}'` is not a version comparison")
    if name.startswith("python"):
        # Compared as text, and no interpreter has such a version.
        return TRUE if operator == "!=" and not comparison.turned else FALSE
    if operator in {"<", ">"}:
        return FALSE
    same = flag_node(flag(name, "is", value), FALSE, TRUE)
    return ~same if operator == "!=" else same


def _final(name: str, value: str) -> Marker:
    """The variable is the final release that a version is before or after."""
    key = version_key(value)
    return FALSE if key is None else _versioned(Comparison(name, "==", key_text(final_key(key)), 0), value)


def _split_marker(name: str, split: Split) -> Marker:
    cuts, truth = split
    children = [TRUE if truth == (position % 2 == 0) else FALSE for position in range(len(cuts) + 1)]
    return version_node(variable(name), cuts, children)


def _within(name: str, value: str) -> Marker:
    words = _WORDS.findall(value)
    if name == "python_version":
        # The text contains X.Y whenever a word starts with it.
        minors = [minor_split("==", ".".join(word.split(".")[:2])) for word in words]
        return any_of(_split_marker("python_full_version", split) for split in minors if split is not None)
    if name in _VERSIONED:
        splits = [full_split("==", word) for word in words]
        if any(split is None for split in splits):
            return flag_node(flag(name, "within", value), FALSE, TRUE)
        return any_of(_split_marker(name, split) for split in splits if split is not None)
    known = (text for text in _KNOWN.get(name, ()) if text in value)
    return any_of(equals(name, word) for word in sorted({*words, *known}))


_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*+([^\s,]+)")


def requires_python_marker(specifier: str) -> Marker:
    """``Requires-Python`` text as a marker, memoised.

    Published mistakes are tolerated: ``>=3.5.*`` means ``>=3.5``, and a clause that cannot be read is no clause.
    """
    found = _REQUIRES.get(specifier)
    if found is None:
        found = all_of(_split_marker("python_full_version", split) for _, _, split in _clauses(specifier))
        _REQUIRES[specifier] = found
    return found


def lower_bound_marker(specifier: str) -> Marker:
    """``Requires-Python`` without its upper caps: where a version can be chosen whatever others there are.

    ``>=3.8,<4`` is ``>=3.8``; exclusions such as ``!=3.9.*`` stay, and ``==3.9.*`` is exactly that; ``~=3.9`` is its
    lower bound. A single excluded patch release (``!=3.14.1``) is let in: it is not worth a fork of every lock that
    meets it.
    """
    found = _LOWER_BOUNDS.get(specifier)
    if found is None:
        found = TRUE
        for operator, version, (cuts, truth) in _clauses(specifier):
            if not truth and cuts:
                kept = cuts if _is_exact(operator, version) else cuts[:1]
                found &= _split_marker("python_full_version", (kept, False))
            elif truth and len(cuts) > 1 and version.endswith("*"):
                found &= _split_marker("python_full_version", (cuts, True))
        _LOWER_BOUNDS[specifier] = found
    return found


def upper_bound_marker(specifier: str) -> Marker:
    """The upper caps of ``Requires-Python`` alone, those before Python 4: ``>=3.8,<3.12`` is ``<3.12``, ``<4`` is
    everything."""
    found = _UPPER_BOUNDS.get(specifier)
    if found is None:
        found = TRUE
        for operator, version, split in _clauses(specifier):
            if operator in {"<", "<="} and version.partition(".")[0] in {"2", "3"}:
                found &= _split_marker("python_full_version", split)
        _UPPER_BOUNDS[specifier] = found
    return found


def _is_exact(operator: str, version: str) -> bool:
    """Whether a clause names Pythons one by one: ``==3.9.*``, and ``~=3.9.0``, which says the same. All of Python 3 is
    no such thing."""
    named = version.removesuffix(".*").count(".") - (operator == "~=")
    return operator in {"==", "===", "~="} and named > 0


def _clauses(specifier: str) -> list[tuple[str, str, tuple[tuple[Cut, ...], bool]]]:
    """Operator, version and meaning of each clause."""
    found = []
    for operator, version in _CLAUSE.findall(specifier):
        split = full_split(operator, version)
        if split is None and version.endswith(".*"):
            split = full_split(operator, version[:-2])
        if split is None and operator == "~=":
            split = full_split("==", f"{version}.*")  # `~=3`: PEP 440 forbids it, everyone means 3.*
        if split is not None:
            found.append((operator, version, split))
    return found
