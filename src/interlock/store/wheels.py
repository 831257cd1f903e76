"""What a wheel says about itself: file name, WHEEL, METADATA, RECORD, entry_points.txt (binary distribution format)."""

from __future__ import annotations

import base64
import binascii
import csv
import re
from collections.abc import Iterable, Iterator

import msgspec

from interlock.core.artifacts.tags import LONGEST_FILENAME
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.text.numbers import whole_number
from interlock.core.versions.version_list import is_same_version
from interlock.errors import IntegrityError

__all__ = [
    "BadWheel",
    "EntryPoint",
    "WheelFile",
    "WheelName",
    "check_identity",
    "parse_entry_points",
    "parse_headers",
    "parse_record",
    "parse_wheel_file",
    "parse_wheel_name",
]

_SUPPORTED_MAJOR = 1
_TARGET = re.compile(r"([\w.]++)\s*+(?::\s*+([\w.]++)\s*+)?(?:\[.*\])?")
_DIST_INFO_PARTS = 2
_ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""Hash algorithms that RECORD may name, with the number of hexadecimal digits of each."""
_HEX = re.compile(r"[0-9a-fA-F]+")


class BadWheel(IntegrityError):
    """A wheel contradicts itself or the specification."""

    code = "bad-wheel"

    def __init__(self, filename: str, why: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"{filename} is not a usable wheel: {why}.", hint=hint, facts={"filename": filename, "why": why}
        )
        self.filename = filename
        self.why = why


class WheelName(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a wheel's file name."""

    name: NormalizedName
    version: str
    build: str = ""
    tags: tuple[str, ...]
    """Every combination, ``py3-none-any``."""


class WheelFile(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of ``WHEEL`` that an installer needs."""

    version: str
    root_is_purelib: bool
    tags: tuple[str, ...] = ()


class EntryPoint(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A command that a distribution offers."""

    name: str
    module: str
    attribute: str
    gui: bool = False


def parse_wheel_name(filename: str) -> WheelName:
    """Split a wheel's file name.

    >>> parse_wheel_name("Foo_Bar-1.0-1-py2.py3-none-any.whl").tags
    ('py2-none-any', 'py3-none-any')
    """
    if len(filename) > LONGEST_FILENAME:
        raise BadWheel(f"{filename[:60]}…", "its name is too long for a file")
    parts = filename.removesuffix(".whl").split("-")
    if not filename.endswith(".whl") or len(parts) not in {5, 6} or "/" in filename or "\\" in filename:
        raise BadWheel(filename, "its name does not have the form name-version-python-abi-platform.whl")
    build = parts[2] if len(parts) == 6 else ""
    if build and not build[0].isdigit():
        raise BadWheel(filename, f"its build number {build!r} does not begin with a digit")
    pythons, abis, platforms = (part.split(".") for part in parts[-3:])
    return WheelName(
        name=normalize_name(parts[0]),
        version=parts[1],
        build=build,
        tags=tuple(f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms),
    )


def parse_headers(text: bytes) -> dict[str, list[str]]:
    """The headers of a metadata file up to its first empty line, by lower-case name; continuation lines are joined."""
    headers: dict[str, list[str]] = {}
    last: list[str] = []
    for line in text.decode("utf-8", "replace").splitlines():
        if not line.strip():
            if headers:
                break
            continue
        if line[0] in " \t":
            if last:
                last[-1] += "\n" + line.strip()
            continue
        key, colon, value = line.partition(":")
        if colon:
            last = headers.setdefault(key.strip().lower(), [])
            last.append(value.strip())
    return headers


def parse_wheel_file(text: bytes, filename: str) -> WheelFile:
    """Read ``WHEEL``; a newer major version of the format is refused, as the specification demands."""
    headers = parse_headers(text)
    version = (headers.get("wheel-version") or [""])[0]
    major = whole_number(version.split(".")[0])
    if major is None:
        raise BadWheel(filename, "its WHEEL file states no Wheel-Version")
    if major > _SUPPORTED_MAJOR:
        raise BadWheel(
            filename,
            f"it has format version {version}, and this program knows {_SUPPORTED_MAJOR}.x",
            hint="Update interlock.",
        )
    purelib = (headers.get("root-is-purelib") or ["true"])[0].strip().lower() == "true"
    return WheelFile(version=version, root_is_purelib=purelib, tags=tuple(headers.get("tag", ())))


def check_identity(filename: str, named: WheelName, info: str, metadata: bytes) -> tuple[str, str]:
    """Check that file name, ``.dist-info`` folder and METADATA agree; return name and version of METADATA."""
    headers = parse_headers(metadata)
    name, version = (headers.get("name") or [""])[0], (headers.get("version") or [""])[0]
    if not name or not version:
        raise BadWheel(filename, "its METADATA states no name or no version")
    parts = info.removesuffix(".dist-info").split("-")
    if len(parts) != _DIST_INFO_PARTS:
        raise BadWheel(filename, f"its folder {info} is not called name-version.dist-info")
    for what, other in (("folder " + info, parts), ("METADATA", [name, version])):
        if normalize_name(other[0]) != named.name:
            raise BadWheel(filename, f"its {what} is about {other[0]}, its file name about {named.name}")
        if not is_same_version(other[1], named.version):
            raise BadWheel(filename, f"its {what} has version {other[1]}, its file name {named.version}")
    return name, version


def parse_record(text: bytes, filename: str) -> dict[str, tuple[str, str]]:
    """Hash algorithm and lower-case hex digest per path of a RECORD; empty strings where it states none.

    Lines for other algorithms than SHA-2 are taken as lines without a hash: they promise nothing worth checking.
    """
    try:
        lines = text.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BadWheel(filename, "its RECORD is not UTF-8") from error
    found: dict[str, tuple[str, str]] = {}
    decode = base64.urlsafe_b64decode
    rows: Iterable[list[str]] = (
        csv.reader(lines) if '"' in text.decode("utf-8") else (line.split(",") for line in lines)
    )
    for row in _rows(rows, filename):
        if not row or not row[0]:
            continue
        algorithm, _, encoded = row[1].partition("=") if len(row) > 1 else ("", "", "")
        if algorithm not in _ALGORITHMS:
            found[row[0]] = ("", "")
            continue
        if len(encoded) == _ALGORITHMS[algorithm] and _HEX.fullmatch(encoded):
            # Some backends of old wrote hexadecimal digits; no base64 text of a hash is as long.
            found[row[0]] = (algorithm, encoded.lower())
            continue
        try:
            found[row[0]] = (algorithm, decode(encoded + "=" * (-len(encoded) % 4)).hex())
        except (binascii.Error, ValueError) as error:
            raise BadWheel(filename, f"the hash of {row[0]} in its RECORD cannot be read") from error
    return found


def _rows(rows: Iterable[list[str]], filename: str) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise BadWheel(filename, f"its RECORD cannot be read ({error})") from error


def parse_entry_points(text: bytes, filename: str) -> tuple[EntryPoint, ...]:
    """The console and gui commands of ``entry_points.txt``; other groups are for others to read."""
    points: list[EntryPoint] = []
    group = ""
    for line in text.decode("utf-8", "replace").splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            group = line[1:-1].strip()
            continue
        if group not in {"console_scripts", "gui_scripts"}:
            continue
        name, equals, target = line.partition("=")
        match = _TARGET.fullmatch(target.partition("#")[0].strip())
        if not equals or match is None or not match[2]:
            raise BadWheel(filename, f"its entry point {line!r} is not of the form name = module:function")
        points.append(EntryPoint(name=name.strip(), module=match[1], attribute=match[2], gui=group == "gui_scripts"))
    return tuple(points)
