"""Environments: the values that marker variables have for one interpreter (PEP 508)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

__all__ = ["STANDARD_ENVIRONMENTS", "Environment", "conflict_key", "standard_environment"]


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The eleven variables of PEP 508."""

    implementation_name: str
    implementation_version: str
    os_name: str
    platform_machine: str
    platform_python_implementation: str
    platform_release: str
    platform_system: str
    platform_version: str
    python_full_version: str
    python_version: str
    sys_platform: str

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> Environment:
        """From a mapping by variable name; other keys are ignored and missing ones are empty."""
        return cls(**{name: values.get(name, "") for name in cls.__struct_fields__})

    def as_dict(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__struct_fields__}


_PLATFORMS: dict[str, tuple[str, str, str, str, str, str]] = {
    # os_name, sys_platform, platform_system, platform_machine, platform_release, platform_version
    "linux-x86_64": ("posix", "linux", "Linux", "x86_64", "6.8.0-45-generic", "#45-Ubuntu SMP PREEMPT_DYNAMIC"),
    "linux-aarch64": ("posix", "linux", "Linux", "aarch64", "6.8.0-45-generic", "#45-Ubuntu SMP PREEMPT_DYNAMIC"),
    "macos-arm64": ("posix", "darwin", "Darwin", "arm64", "23.6.0", "Darwin Kernel Version 23.6.0"),
    "macos-x86_64": ("posix", "darwin", "Darwin", "x86_64", "23.6.0", "Darwin Kernel Version 23.6.0"),
    "windows-amd64": ("nt", "win32", "Windows", "AMD64", "10", "10.0.19045"),
}
_PYPY_VERSION = "7.3.17"


def standard_environment(platform: str, python: str, *, pypy: bool = False) -> Environment:
    """The environment of a common interpreter, by platform (``linux-x86_64``, ``windows-amd64`` ...) and version."""
    os_name, sys_platform, system, machine, release, version = _PLATFORMS[platform]
    parts = python.split(".")
    full = python if len(parts) > 2 else f"{python}.0"
    return Environment(
        implementation_name="pypy" if pypy else "cpython",
        implementation_version=_PYPY_VERSION if pypy else full,
        os_name=os_name,
        platform_machine=machine,
        platform_python_implementation="PyPy" if pypy else "CPython",
        platform_release=release,
        platform_system=system,
        platform_version=version,
        python_full_version=full,
        python_version=".".join(parts[:2]),
        sys_platform=sys_platform,
    )


STANDARD_ENVIRONMENTS: dict[str, Environment] = {
    f"{platform}-{'pypy' if pypy else 'cpython'}{python}": standard_environment(platform, f"{python}.4", pypy=pypy)
    for platform in _PLATFORMS
    for pypy, pythons in ((False, ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")), (True, ("3.10", "3.11")))
    for python in pythons
}
"""Interpreters to try markers on, by ``platform-implementationX.Y``."""


def conflict_key(member: str, extra: str | None = None, group: str | None = None) -> str:
    """What a lock's markers compare ``extra`` with: ``member``, ``member[extra]`` or ``member:group``."""
    if extra is not None:
        return f"{member}[{extra}]"
    return f"{member}:{group}" if group is not None else member
