"""Random markers and environments for the property tests, and what an independent reader says about them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

from hypothesis import strategies as st
from packaging.markers import Marker as Reference

from interlock.core.markers.environment import Environment, standard_environment

__all__ = ["ENVIRONMENTS", "environments", "extras", "marker_texts", "reference", "values_of"]

_PYTHONS = ("3.8.0", "3.8.10", "3.9.0", "3.9.1", "3.9.7", "3.10.0", "3.10.2", "3.11.4", "3.12.0", "3.13.5", "4.0.0")
_PLATFORMS = ("linux-x86_64", "linux-aarch64", "macos-arm64", "macos-x86_64", "windows-amd64")

_STRANGE = [
    # Systems that are none of the three everyone has.
    Environment(
        implementation_name="cpython",
        implementation_version="3.11.2",
        os_name="posix",
        platform_machine="amd64",
        platform_python_implementation="CPython",
        platform_release="13.2-RELEASE",
        platform_system="FreeBSD",
        platform_version="FreeBSD 13.2-RELEASE",
        python_full_version="3.11.2",
        python_version="3.11",
        sys_platform="freebsd13",
    ),
    Environment(
        implementation_name="jython",
        implementation_version="3.9.1",
        os_name="java",
        platform_machine="x86",
        platform_python_implementation="Jython",
        platform_release="17.0.1",
        platform_system="Java",
        platform_version="17",
        python_full_version="3.9.1",
        python_version="3.9",
        sys_platform="java17",
    ),
]
ENVIRONMENTS: list[Environment] = [
    *(
        standard_environment(platform, python, pypy=pypy)
        for platform in _PLATFORMS
        for python in _PYTHONS
        for pypy in (False, True)
    ),
    *_STRANGE,
]

environments = st.sampled_from(ENVIRONMENTS)
extras = st.sampled_from(["", "a", "b", "c"])

_MINORS = ["3", "3.8", "3.9", "3.10", "3.11", "3.12", "4", "4.0", "3.9.1", "3.9.0", "3.8.5"]
_FULLS = ["3", "3.8", "3.8.10", "3.9", "3.9.1", "3.9.7", "3.10.0", "3.10.2", "3.12", "4.0", "3.11.0a6", "3.10.0rc1"]
_ORDERED = ["==", "!=", "<", "<=", ">", ">="]
_VALUES = {
    "os_name": ["nt", "posix", "java"],
    "sys_platform": ["linux", "darwin", "win32", "cygwin", "freebsd13"],
    "platform_system": ["Linux", "Darwin", "Windows", "FreeBSD"],
    "platform_machine": ["x86_64", "aarch64", "arm64", "AMD64", "x86"],
    "platform_python_implementation": ["CPython", "PyPy", "Jython"],
    "implementation_name": ["cpython", "pypy", "jython"],
}
_NEEDLES = {
    "sys_platform": ["win", "linux", "d", "3"],
    "platform_machine": ["64", "arm", "x86"],
    "os_name": ["o", "nt"],
}
_FLIP = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


def _compared(names: Sequence[str], operators: Sequence[str], values: Sequence[str]) -> list[str]:
    return [f"{name} {operator} '{value}'" for name, operator, value in itertools.product(names, operators, values)]


def _searched(needles: Sequence[str], operators: Sequence[str], name: str) -> list[str]:
    return [f"'{needle}' {operator} {name}" for needle, operator in itertools.product(needles, operators)]


def _versions(name: str, values: Sequence[str]) -> list[str]:
    """Four times in five with the variable on the left."""
    turned = [text for operator in _ORDERED for text in _searched(values, [_FLIP[operator]], name)]
    return _compared([name], _ORDERED, values) * 4 + turned


_SIDES = [["sys_platform", "os_name", "extra", "python_version"], _ORDERED, ["os_name", "extra", "sys_platform"]]
_PYTHON_NAMES = ["python_version", "python_full_version"]
_EQUAL = ["==", "!="]
_WITHIN = ["in", "not in"]
_STRINGS = [text for name, values in sorted(_VALUES.items()) for text in _compared([name], _EQUAL, values)]
_KINDS = [
    _versions("python_version", _MINORS),
    _versions("python_full_version", _FULLS),
    _compared(_PYTHON_NAMES, _EQUAL, ["3.*", "3.9.*", "3.10.*", "3.9.1.*"]),
    _compared(_PYTHON_NAMES, ["~="], ["3.9", "3.0", "3.9.1", "3.10.0"]),
    _STRINGS,
    _STRINGS,
    [
        *_compared(["python_version"], _WITHIN, ["3.8 3.9", "3.10,3.11", "3.9, 3.12.0"]),
        *_compared(["sys_platform"], _WITHIN, ["linux darwin", "win32,cygwin", "linux2"]),
    ],
    [text for name, needles in sorted(_NEEDLES.items()) for text in _searched(needles, _WITHIN, name)],
    _compared(["extra"], _EQUAL, "abc"),
    # What no author can have meant, and published metadata has all the same.
    [
        *_compared(["extra"], _EQUAL, ["", "a b"]),
        *_compared(["extra"], ["<", "<=", ">", ">="], "ab"),
        *_searched("ab", [*_WITHIN, *_ORDERED], "extra"),
        *_compared(_PYTHON_NAMES, _ORDERED, ["", "3.x", "three", ">=3.8", "3.11,<4"]),
        *_searched(["", "3.x", "abc"], _ORDERED, "python_version"),
        *_compared(["os_name", "platform_machine"], _ORDERED, ["posix", "x86_64"]),
        *(f"{one} {operator} {other}" for one, operator, other in itertools.product(*_SIDES)),
    ],
]
_COMPARISONS = [text for kind in _KINDS for text in itertools.islice(itertools.cycle(kind), max(map(len, _KINDS)))]
"""Each kind is as likely as another: a draw from one table is several times faster than a draw for each word."""
_STEPS = [(text, join) for join in ((1, ""), (2, "and"), (2, "or"), (3, "and"), (3, "or")) for text in _COMPARISONS]


def _written(steps: list[tuple[str, tuple[int, str]]]) -> str:
    """Each step puts a comparison on a pile and joins the topmost parts of the pile; the end joins what is left."""
    pile: list[str] = []
    for text, (most, operator) in steps:
        pile.append(text)
        if most > 1 < len(pile):
            pile[-most:] = [_joined(pile[-most:], operator)]
    return pile[0] if len(pile) == 1 else _joined(pile, "or")


def _joined(parts: list[str], operator: str) -> str:
    return f" {operator} ".join(f"({part})" for part in parts)


marker_texts = st.lists(st.sampled_from(_STEPS), min_size=1, max_size=7).map(_written)


def reference(text: str, environment: Environment, extra: str) -> bool:
    """What ``packaging`` says; it knows one active extra at a time."""
    return not text or Reference(text).evaluate({**values_of(environment), "extra": extra})


@cache
def values_of(environment: Environment) -> dict[str, str]:
    """What a marker reads of the environment, made once: not to be changed."""
    return environment.as_dict()
