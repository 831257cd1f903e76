"""Small random worlds with everything in them that decides what may be chosen, and all environments they tell apart."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

__all__ = ["ENVIRONMENTS", "wild_worlds"]

_PYTHONS = ("3.11.4", "3.12.1", "3.12.4", "3.13.2")
_SYSTEMS = ("linux", "darwin", "win32", "freebsd14")
_IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy"}


def _environment(system: str, implementation: str, python: str) -> dict[str, str]:
    return {
        "implementation_name": implementation,
        "implementation_version": python,
        "os_name": "nt" if system == "win32" else "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": _IMPLEMENTATIONS[implementation],
        "platform_release": "",
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}.get(system, "FreeBSD"),
        "platform_version": "",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": system,
    }


ENVIRONMENTS = {
    f"{system}-{implementation}-{python}": _environment(system, implementation, python)
    for system, implementation, python in itertools.product(_SYSTEMS, _IMPLEMENTATIONS, _PYTHONS)
}
"""The last system stands for all that the worlds do not name."""

_NAMES = [f"p{number}" for number in range(6)]
_VERSIONS = ["1.0", "1.1.dev1", "1.1", "2.0a1", "2.0", "2.0+cpu", "2.0.post1", "3.0rc1", "3.0", "3.0+cpu"]
_SPECIFIERS = [
    "==1.0",
    "==2.0",
    "==3.0",
    "==2.*",
    "==2.0+cpu",
    "!=2.0",
    "!=3.*",
    "~=1.0",
    "~=2.0",
    ">=1.1",
    ">=2.0",
    ">=2.0a1",
    ">=3.0rc1",
    ">=3.0",
    ">1.0",
    ">2.0",
    ">1.0,<3.0",
    "<2.0",
    "<3.0",
    "<=1.1",
    "<=2.0",
    "<2.0.post1",
]
_MARKERS = [
    "sys_platform == 'linux'",
    "sys_platform != 'linux'",
    "sys_platform == 'win32'",
    "sys_platform != 'win32'",
    "sys_platform == 'darwin'",
    "sys_platform in 'linux darwin'",
    "platform_system == 'Windows'",
    "implementation_name == 'pypy'",
    "implementation_name != 'pypy'",
    "implementation_name == 'pypy' and sys_platform == 'linux'",
    "python_version < '3.12'",
    "python_version >= '3.12'",
    "python_version >= '3.13'",
    "python_full_version >= '3.12.3'",
    "python_full_version < '3.12.3'",
    "python_version == '3.12'",
    "python_version >= '3.12' and sys_platform == 'linux'",
    "python_version < '3.12' or sys_platform == 'win32'",
]
_PYTHON_RANGES = [">=3.12", ">=3.11,<4", ">=3.13", ">=3.12.3", ">=3.12,<3.13"]
_WHEELS = [
    ["cp312-cp312-manylinux_2_17_x86_64"],
    ["cp312-cp312-win_amd64", "cp311-cp311-win_amd64"],
    ["py3-none-manylinux_2_17_x86_64", "py3-none-macosx_11_0_arm64"],
    ["py3-none-win_amd64"],
    ["cp311-cp311-macosx_11_0_arm64", "cp311-cp311-manylinux_2_17_x86_64"],
]
_DECLARED = ["sys_platform == 'linux'", "sys_platform == 'darwin'", "sys_platform == 'win32'"]
_REQUIRED = [
    "sys_platform == 'linux'",
    "sys_platform == 'win32'",
    "sys_platform == 'darwin'",
    "sys_platform == 'win32' and python_version >= '3.12'",
]


def _rarely(draw: st.DrawFn, one_in: int) -> bool:
    return draw(st.integers(0, one_in - 1)) == one_in - 1


@st.composite
def _requirement(draw: st.DrawFn, *, extras: bool = True) -> str:
    name = draw(st.sampled_from(_NAMES))
    extra = "[x]" if extras and _rarely(draw, 6) else ""
    specifier = draw(st.sampled_from(_SPECIFIERS)) if draw(st.booleans()) else ""
    marker = f" ; {draw(st.sampled_from(_MARKERS))}" if draw(st.booleans()) else ""
    return f"{name}{extra}{specifier}{marker}"


def _requirements(most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(_requirement(), max_size=most)


@st.composite
def _release(draw: st.DrawFn) -> dict[str, Any]:
    release: dict[str, Any] = {"requires": draw(_requirements(draw(st.sampled_from([0, 0, 1, 1, 2, 3]))))}
    if _rarely(draw, 4):
        release["extras"] = {"x": draw(_requirements(2))}
    if _rarely(draw, 5):
        release["requires-python"] = draw(st.sampled_from(_PYTHON_RANGES))
    if _rarely(draw, 8):
        release["yanked"] = True
    if _rarely(draw, 12):
        release["unusable"] = "no metadata"
    if _rarely(draw, 3):
        release["wheels"] = draw(st.sampled_from(_WHEELS))
        release["sdist"] = draw(st.booleans())
    return release


@st.composite
def _members(draw: st.DrawFn) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name in ["app", "lib", "web"][: draw(st.integers(1, 3))]:
        member: dict[str, Any] = {
            "requires": draw(_requirements(3)),
            "requires-python": draw(st.sampled_from([">=3.11,<3.14", ">=3.11,<3.14", ">=3.12,<3.14", ">=3.11,<3.13"])),
        }
        if draw(st.booleans()):
            member["extras"] = {"e": draw(_requirements(2))}
        if draw(st.booleans()):
            member["groups"] = {"g": draw(_requirements(2))}
        members[name] = member
    return members


@st.composite
def _options(draw: st.DrawFn, members: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "fork-strategy": draw(st.sampled_from(["requires-python", "requires-python", "fewest"])),
        "resolution": draw(st.sampled_from(["highest", "highest", "lowest", "lowest-direct"])),
    }
    if _rarely(draw, 3):
        options["environments"] = draw(st.lists(st.sampled_from(_DECLARED), min_size=1, max_size=3, unique=True))
    if _rarely(draw, 4):
        options["required-environments"] = [draw(st.sampled_from(_REQUIRED))]
    if _rarely(draw, 5):
        options["constraints"] = [draw(_requirement(extras=False))]
    if _rarely(draw, 6):
        options["overrides"] = [draw(_requirement(extras=False))]
    if _rarely(draw, 10):
        options["excludes"] = [draw(st.sampled_from(_NAMES))]
    parts = [f"{name}[e]" for name, member in members.items() if "extras" in member]
    parts += [f"{name}:g" for name, member in members.items() if "groups" in member]
    parts += list(members) if len(members) > 1 else []
    if len(parts) > 1 and _rarely(draw, 3):
        options["conflicts"] = [draw(st.lists(st.sampled_from(parts), min_size=2, max_size=3, unique=True))]
    return options


@st.composite
def wild_worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Markers of different parents, pre-releases, post and local versions, yanked and unusable releases.

    Also wheels for some platforms, Pythons per release and member, extras, groups, conflicts, constraints, overrides
    and excludes.
    """
    members = draw(_members())
    packages = {
        name: {
            version: draw(_release())
            for version in draw(st.lists(st.sampled_from(_VERSIONS), min_size=2, max_size=6, unique=True))
        }
        for name in _NAMES
    }
    return {"members": members, "packages": packages, "options": draw(_options(members))}
