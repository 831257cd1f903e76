"""Wheel tags of an interpreter that is too old to work them out itself (PEP 425)."""

from __future__ import annotations

import platform
import struct
import sys
from collections.abc import Mapping

from packaging.tags import compatible_tags, cpython_tags, platform_tags

__all__ = ["is_like_ours", "older_tags"]


def is_like_ours(implementation: str, markers: Mapping[str, str], pointer_size: int) -> bool:
    """Whether an interpreter runs the same platform's wheels as the one that runs us."""
    return (
        implementation == "cpython"
        and markers["sys_platform"] == sys.platform
        and markers["platform_machine"] == platform.machine()
        and pointer_size == struct.calcsize("P") * 8
    )


def older_tags(version: tuple[int, int, int]) -> tuple[str, ...]:
    """The tags of a CPython on this machine, best first."""
    name = f"cp{version[0]}{version[1]}"
    platforms = list(platform_tags())
    found = (
        *cpython_tags(version[:2], [name], platforms),
        *compatible_tags(version[:2], name, platforms),
    )
    return tuple(map(str, found))
