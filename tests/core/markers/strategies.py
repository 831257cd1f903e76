"""Random markers and environments for the property tests, and what an independent reader says about them."""

from __future__ import annotations

from hypothesis import strategies as st
from packaging.markers import Marker as Reference

from interlock.core.markers.environment import Environment, standard_environment

__all__ = ["ENVIRONMENTS", "environments", "extras", "marker_texts", "reference"]

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


@st.composite
def _comparisons(draw: st.DrawFn) -> str:
    kind = draw(
        st.sampled_from(["minor", "full", "wild", "compatible", "string", "string", "words", "needle", "extra"])
    )
    if kind in {"minor", "full"}:
        name = "python_version" if kind == "minor" else "python_full_version"
        value = draw(st.sampled_from(_MINORS if kind == "minor" else _FULLS))
        operator = draw(st.sampled_from(_ORDERED))
        if draw(st.integers(0, 4)) == 0:
            return f"'{value}' {_FLIP[operator]} {name}"
        return f"{name} {operator} '{value}'"
    if kind == "wild":
        name = draw(st.sampled_from(["python_version", "python_full_version"]))
        return (
            f"{name} {draw(st.sampled_from(['==', '!=']))} '{draw(st.sampled_from(['3', '3.9', '3.10', '3.9.1']))}.*'"
        )
    if kind == "compatible":
        name = draw(st.sampled_from(["python_version", "python_full_version"]))
        return f"{name} ~= '{draw(st.sampled_from(['3.9', '3.0', '3.9.1', '3.10.0']))}'"
    if kind == "words":
        operator = draw(st.sampled_from(["in", "not in"]))
        if draw(st.booleans()):
            return f"python_version {operator} '{draw(st.sampled_from(['3.8 3.9', '3.10,3.11', '3.9, 3.12.0']))}'"
        return f"sys_platform {operator} '{draw(st.sampled_from(['linux darwin', 'win32,cygwin', 'linux2']))}'"
    if kind == "needle":
        name = draw(st.sampled_from(sorted(_NEEDLES)))
        return f"'{draw(st.sampled_from(_NEEDLES[name]))}' {draw(st.sampled_from(['in', 'not in']))} {name}"
    if kind == "extra":
        return f"extra {draw(st.sampled_from(['==', '!=']))} '{draw(st.sampled_from('abc'))}'"
    name = draw(st.sampled_from(sorted(_VALUES)))
    return f"{name} {draw(st.sampled_from(['==', '!=']))} '{draw(st.sampled_from(_VALUES[name]))}'"


marker_texts = st.recursive(
    _comparisons(),
    lambda inner: st.builds(
        lambda parts, operator: f" {operator} ".join(f"({part})" for part in parts),
        st.lists(inner, min_size=2, max_size=3),
        st.sampled_from(["and", "or"]),
    ),
    max_leaves=7,
)


def reference(text: str, environment: Environment, extra: str) -> bool:
    """What ``packaging`` says; it knows one active extra at a time."""
    return not text or Reference(text).evaluate({**environment.as_dict(), "extra": extra})
