"""Small random worlds with everything in them that decides what may be chosen, and all environments they tell apart."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

__all__ = ["ENVIRONMENTS", "wild_world"]

_PYTHONS = ("3.11.4", "3.12.1", "3.12.4", "3.13.2")
_SYSTEMS = ("linux", "darwin", "win32", "freebsd14")
_IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy"}


def _environment(system: str, implementation: str, python: str) -> dict[str, str]:
    return {
        "implementation_name": implementation,
        "implementation_version": python,
        "os_name": "nt" if system == "win32" else "posix",
        "platform_machine": {"win32": "AMD64", "darwin": "arm64"}.get(system, "x86_64"),
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
_PYTHON_RANGES = [">=3.12", ">=3.11,<4", ">=3.13", ">=3.12.3", ">=3.12,<3.13", "!=3.12.*", "==3.12.*", ">=3.11,<3.12"]
_MEMBER_PYTHONS = [">=3.11,<3.14", ">=3.11,<3.14", ">=3.12,<3.14", ">=3.11,<3.13"]
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


class _Maker:
    """Makes one world from a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def _rarely(self, one_in: int) -> bool:
        return self._chance.randrange(one_in) == 0

    def _requirement(self, *, extras: bool = True) -> str:
        name = self._chance.choice(_NAMES)
        extra = "[x]" if extras and self._rarely(6) else ""
        specifier = self._chance.choice(_SPECIFIERS) if self._rarely(2) else ""
        marker = f" ; {self._chance.choice(_MARKERS)}" if self._rarely(2) else ""
        return f"{name}{extra}{specifier}{marker}"

    def _requirements(self, most: int) -> list[str]:
        return [self._requirement() for _ in range(self._chance.randint(0, most))]

    def _limits(self) -> list[str]:
        """What constrains or overrides: now and then a name several times."""
        found = [self._requirement(extras=False) for _ in range(self._chance.choice([1, 1, 2, 3]))]
        name = self._chance.choice(_NAMES)
        return [re.sub(r"^p\d", name, text) for text in found] if self._rarely(2) else found

    def _release(self) -> dict[str, Any]:
        release: dict[str, Any] = {"requires": self._requirements(self._chance.choice([0, 0, 1, 1, 2, 3]))}
        if self._rarely(4):
            release["extras"] = {"x": self._requirements(2)}
        if self._rarely(5):
            release["requires-python"] = self._chance.choice(_PYTHON_RANGES)
            if self._rarely(2):
                release["page-requires-python"] = self._chance.choice(["", *_PYTHON_RANGES])
        if self._rarely(8):
            release["yanked"] = True
        if self._rarely(12):
            release["unusable"] = "no metadata"
        if self._rarely(3):
            release["wheels"] = self._chance.choice(_WHEELS)
            release["sdist"] = self._rarely(2)
        return release

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for name in ["app", "lib", "web"][: self._chance.randint(1, 3)]:
            member: dict[str, Any] = {
                "requires": self._requirements(3),
                "requires-python": self._chance.choice(_MEMBER_PYTHONS),
            }
            if self._rarely(2):
                member["extras"] = {"e": self._requirements(2)}
            if self._rarely(2):
                member["groups"] = {"g": self._requirements(2)}
            members[name] = member
        return members

    def _options(self, members: dict[str, Any]) -> dict[str, Any]:
        options: dict[str, Any] = {
            "fork-strategy": self._chance.choice(["requires-python", "requires-python", "fewest"]),
            "resolution": self._chance.choice(["highest", "highest", "lowest", "lowest-direct"]),
        }
        if self._rarely(3):
            options["environments"] = self._chance.sample(_DECLARED, self._chance.randint(1, 3))
        if self._rarely(4):
            options["required-environments"] = [self._chance.choice(_REQUIRED)]
        if self._rarely(5):
            options["constraints"] = self._limits()
        if self._rarely(6):
            options["overrides"] = self._limits()
        if self._rarely(10):
            options["excludes"] = [self._chance.choice(_NAMES)]
        parts = [f"{name}[e]" for name, member in members.items() if "extras" in member]
        parts += [f"{name}:g" for name, member in members.items() if "groups" in member]
        parts += list(members) if len(members) > 1 else []
        if len(parts) > 1 and self._rarely(3):
            options["conflicts"] = [self._chance.sample(parts, min(len(parts), self._chance.randint(2, 3)))]
        return options

    def world(self) -> dict[str, Any]:
        members = self._members()
        packages = {
            name: {
                version: self._release()
                for version in sorted(self._chance.sample(_VERSIONS, self._chance.randint(2, 6)), key=_VERSIONS.index)
            }
            for name in _NAMES
        }
        return {"members": members, "packages": packages, "options": self._options(members)}


def wild_world(seed: int) -> dict[str, Any]:
    """A world with markers of different parents, pre-releases, post and local versions, yanked and unusable releases.

    Also wheels for some platforms, Pythons per release and member, extras, groups, conflicts, constraints, overrides
    and excludes. The same seed makes the same world, so that one that went wrong can be named.
    """
    return _Maker(seed).world()
