"""The marker of exactly one interpreter, to resolve for it alone."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["environment_marker"]

_DECISIVE = (
    "implementation_name",
    "os_name",
    "platform_machine",
    "platform_python_implementation",
    "python_full_version",
    "sys_platform",
)


def environment_marker(markers: Mapping[str, str]) -> str:
    """PEP 508 text that holds on the interpreter with these marker values.

    >>> environment_marker({"python_full_version": "3.12.1", "sys_platform": "linux"})
    "python_full_version == '3.12.1' and sys_platform == 'linux'"
    """
    return " and ".join(f"{name} == '{markers[name]}'" for name in _DECISIVE if markers.get(name))
