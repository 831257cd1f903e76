"""Artifact file names and wheel tags: what a file says about itself before anything of it is read.

Standards: binary distribution format (PEP 427), source distribution names (PEP 625), compatibility tags (PEP 425, 600,
656). Everything here works on text and is memoised per tag triple, since a resolution looks at 100,000 names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from interlock.core.markers.folding import any_of
from interlock.core.markers.meaning import equals, parse_marker
from interlock.core.markers.nodes import FALSE, TRUE, Marker
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.text.numbers import whole_number

__all__ = [
    "LONGEST_FILENAME",
    "WheelName",
    "implied_marker",
    "parse_sdist_filename",
    "parse_wheel_filename",
    "rank",
    "tags_marker",
]


class WheelName(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The parts of a wheel's file name."""

    name: NormalizedName
    version: str
    """As written."""
    build: tuple[int, str] | tuple[()]
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]


_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]*)-(?P<version>[0-9][A-Za-z0-9._!+]*)"
    r"(?:-(?P<build>[0-9]++)(?P<label>[A-Za-z0-9._]*))?"
    r"-(?P<python>[A-Za-z0-9._]+)-(?P<abi>[A-Za-z0-9._]+)-(?P<platform>[A-Za-z0-9._]+)\.whl",
    re.ASCII,
)


LONGEST_FILENAME = 255


@lru_cache(maxsize=4096)
def _split_tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in text.lower().split(".") if part))


def parse_wheel_filename(filename: str) -> WheelName | None:
    """The parts of a wheel's name, None when it is not a usable wheel name."""
    # The tags are a product: a longer name, which no file can have, may stand for billions of them.
    match = _WHEEL.fullmatch(filename) if len(filename) <= LONGEST_FILENAME else None
    if match is None:
        return None
    name, version, build, label, python, abi, platform = match.groups()
    number = whole_number(build) if build else 0
    if number is None:
        return None
    return WheelName(
        normalize_name(name),
        version,
        (number, label) if build else (),
        _split_tags(python),
        _split_tags(abi),
        _split_tags(platform),
    )


def parse_sdist_filename(filename: str, name: str) -> str | None:
    """The version text of a source archive of the project called ``name``; None for any other file.

    Old archives have dashes in the project's part, or are not normalised at all; the known name decides where it ends.
    """
    if filename.endswith(".tar.gz"):
        stem = filename[:-7]
    elif filename.endswith(".zip"):
        stem = filename[:-4]
    else:
        return None
    wanted = normalize_name(name)
    dash = stem.find("-")
    while dash > 0:
        version = stem[dash + 1 :]
        if normalize_name(stem[:dash]) == wanted and version[:1].isdigit():
            return version
        dash = stem.find("-", dash + 1)
    return None


def rank(wheel: WheelName, tags: Mapping[str, int]) -> int | None:
    """The best position of the wheel's tags among an interpreter's, None when it fits none.

    ``tags`` maps ``python-abi-platform`` to its position, best first, so lower is better. Between wheels of one rank
    the caller prefers the higher ``build``.
    """
    best: int | None = None
    for python in wheel.pythons:
        for abi in wheel.abis:
            for platform in wheel.platforms:
                position = tags.get(f"{python}-{abi}-{platform}")
                if position is not None and (best is None or position < best):
                    best = position
    return best


def implied_marker(filename: str) -> Marker:
    """The environments that could use a wheel, as far as markers can say; FALSE when none or the name is unusable.

    Versions of libc and macOS and free-threading are not visible to markers, so those are not in it. A 32-bit wheel is
    counted for 32-bit machines, although a 32-bit interpreter on a 64-bit kernel could use it.
    """
    wheel = parse_wheel_filename(filename)
    return FALSE if wheel is None else tags_marker(wheel.pythons, wheel.abis, wheel.platforms)


@lru_cache(maxsize=16384)
def tags_marker(pythons: tuple[str, ...], abis: tuple[str, ...], platforms: tuple[str, ...]) -> Marker:
    """The same for parsed tags."""
    interpreters = any_of(_interpreter_marker(python, abi) for python in pythons for abi in abis)
    return FALSE if interpreters is FALSE else interpreters & any_of(map(_platform_marker, platforms))


_MOST_DIGITS = 9
_PYTHON = re.compile(r"(py|cp|pp|graalpy|ip|jy)([0-9]*)(?:_([0-9]+))?")
_IMPLEMENTATIONS = {"cp": "CPython", "pp": "PyPy", "graalpy": "GraalVM", "ip": "IronPython", "jy": "Jython"}
_STABLE = frozenset({"abi3", "abi3t"})
_OWN_ABIS = {
    "cp": r"cp{0}[a-z]*",
    "pp": r"pypy{0}_pp[0-9]+",
    "graalpy": r"graalpy[0-9]*_{0}_native(?:_.+)?",
}
"""The ABI tags of each implementation, with the digits of its Python tag."""


@lru_cache(maxsize=4096)
def _interpreter_marker(python: str, abi: str) -> Marker:
    """The interpreters that list a Python tag together with an ABI tag (PEP 425).

    An ABI belongs to one implementation and one version, so it goes with no generic tag: ``py3-cp311`` and
    ``py3-graalpy240_311_native`` are on no interpreter's list.
    """
    match = _PYTHON.fullmatch(python)
    if match is None:
        # Some other implementation: at least none of those with a tag of their own.
        known = _implementation("cp") | _implementation("pp") | _implementation("graalpy")
        return ~known if abi == "none" else FALSE
    kind, digits, minor = match.groups()
    release = _release(digits, minor)
    if release is None or release[0] != 3:
        return FALSE
    if kind == "py":
        return _at_least(*release) if abi == "none" else FALSE
    implementation = _implementation(kind)
    if len(release) == 1:
        return implementation if abi == "none" and kind != "cp" else FALSE
    if kind == "cp" and abi in _STABLE:
        return implementation & _at_least(*release)
    return implementation & _exactly(*release) if abi == "none" or _is_own_abi(kind, digits, abi) else FALSE


def _is_own_abi(kind: str, digits: str, abi: str) -> bool:
    pattern = _OWN_ABIS.get(kind)
    return pattern is not None and re.fullmatch(pattern.format(digits), abi) is not None


def _implementation(kind: str) -> Marker:
    return equals("platform_python_implementation", _IMPLEMENTATIONS[kind])


def _release(digits: str, minor: str | None) -> tuple[int, ...] | None:
    if not digits or len(digits) > _MOST_DIGITS or len(minor or "") > _MOST_DIGITS:
        return None
    if minor is not None:
        return int(digits), int(minor)
    return (int(digits[0]), int(digits[1:])) if len(digits) > 1 else (int(digits),)


def _at_least(major: int, minor: int = 0) -> Marker:
    """That version and every later one. There is nothing before 3 here, and nothing after it yet."""
    return parse_marker(f"python_version >= '{major}.{minor}'") if minor else TRUE


def _exactly(major: int, minor: int) -> Marker:
    return parse_marker(f"python_version == '{major}.{minor}'")


_LINUX = re.compile(r"(?:manylinux(?:1|2010|2014|_[0-9]+_[0-9]+)|musllinux_[0-9]+_[0-9]+|linux)_(.+)")
_MACOS = re.compile(r"macosx_[0-9]+_[0-9]+_(.+)")
_ANDROID = re.compile(r"android_[0-9]+_(.+)")
_IOS = re.compile(r"ios_[0-9]+_[0-9]+_(.+)_(?:iphoneos|iphonesimulator)")
_MACOS_MACHINES: dict[str, tuple[str, ...]] = {
    "universal2": ("arm64", "x86_64"),
    "universal": ("x86_64", "i386", "ppc", "ppc64"),
    "intel": ("x86_64", "i386"),
    "fat": ("i386", "ppc"),
    "fat3": ("x86_64", "i386", "ppc"),
    "fat32": ("i386", "ppc"),
    "fat64": ("x86_64", "ppc64"),
}
_LINUX_MACHINES: dict[str, tuple[str, ...]] = {
    "i686": ("i686", "i586", "i486", "i386"),
    "armv7l": ("armv7l", "armv8l"),
    "armv6l": ("armv6l", "armv7l", "armv8l"),
}
_WINDOWS_MACHINES: dict[str, tuple[str, ...]] = {
    "win32": ("x86",),
    "win_amd64": ("AMD64",),
    "win_arm64": ("ARM64",),
    "win_arm32": ("ARM",),
    "mingw_x86_64": ("AMD64",),
    "mingw_i686": ("x86",),
}


@lru_cache(maxsize=4096)
def _platform_marker(platform: str) -> Marker:
    if platform == "any":
        return TRUE
    if platform in _WINDOWS_MACHINES:
        return equals("sys_platform", "win32") & _machines(_WINDOWS_MACHINES[platform])
    if match := _LINUX.fullmatch(platform):
        return equals("sys_platform", "linux") & _machines(_LINUX_MACHINES.get(match[1], (match[1],)))
    if match := _MACOS.fullmatch(platform):
        return equals("sys_platform", "darwin") & _machines(_MACOS_MACHINES.get(match[1], (match[1],)))
    if match := _ANDROID.fullmatch(platform):
        return equals("sys_platform", "android")
    if match := _IOS.fullmatch(platform):
        return equals("sys_platform", "ios")
    if platform.startswith(("pyodide_", "emscripten_", "pyemscripten_")):
        return equals("sys_platform", "emscripten")
    # Some other system: at least none of those above.
    return ~(equals("sys_platform", "win32") | equals("sys_platform", "linux") | equals("sys_platform", "darwin"))


def _machines(names: tuple[str, ...]) -> Marker:
    return any_of(equals("platform_machine", name) for name in names)
