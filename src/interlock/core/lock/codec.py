"""Reading ``interlock.lock``: typed JSON by msgspec, and what to say when that fails.

``FORMAT.md`` describes the file, :mod:`interlock.core.lock.layout` writes it. The structs here are those of
:mod:`interlock.core.lock.model` as JSON has them: with sentinels, and plain where the values are frozen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.layout import UnportableLock, encode_lock
from interlock.core.lock.model import FORMAT, NEWEST_MINOR, Edge, Lock, LockedMember, LockedPackage, ResolutionInputs
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.sources.source import Source
from interlock.core.text.numbers import has_endless_number
from interlock.errors import LockError

__all__ = [
    "LockConflicted",
    "LockCorrupt",
    "LockTooNew",
    "UnportableLock",
    "decode_lock",
    "encode_lock",
    "is_newer_minor",
]


class LockCorrupt(LockError):
    code = "lock-corrupt"


class LockConflicted(LockError):
    code = "lock-conflicted"


class LockTooNew(LockError):
    code = "lock-too-new"


_T = TypeVar("_T")
_K = TypeVar("_K", bound=str)
_Edges = tuple[Edge | None, ...]


class _Member(msgspec.Struct, rename="kebab", kw_only=True, gc=False):
    name: NormalizedName
    path: str
    inputs: dict[str, str] = {}
    requires_python: str = ""
    table_pythons: dict[str, str] = {}
    package: bool = True
    extras: dict[ExtraName, _Edges | None] = {}
    groups: dict[GroupName, _Edges | None] = {}
    includes: dict[GroupName, tuple[GroupName, ...] | None] = {}
    dependencies: _Edges = ()
    left_out: tuple[str | None, ...] = ()


class _Package(msgspec.Struct, rename="kebab", kw_only=True, gc=False):
    name: NormalizedName
    version: str = ""
    source: Source
    markers: tuple[str | None, ...] = ()
    requires_python: str = ""
    dependencies: _Edges = ()
    extras: dict[ExtraName, _Edges | None] = {}
    artifacts: tuple[Artifact | None, ...] = ()


class _File(msgspec.Struct, rename="kebab", kw_only=True):
    format: tuple[int, int]
    requires_python: str = ""
    inputs: dict[str, object] = {}
    forks: tuple[str | None, ...] = ()
    members: tuple[_Member | None, ...] = ()
    packages: tuple[_Package | None, ...] = ()


class _Probe(msgspec.Struct):
    format: tuple[int, int]


_DECODER = msgspec.json.Decoder(_File)
_PROBE = msgspec.json.Decoder(_Probe)
_BYTE = re.compile(r"\(byte (\d+)\)")
_CONFLICT = re.compile(rb"^(?:<{7} |={7}\r?$|>{7} |\|{7} )", re.MULTILINE)


def decode_lock(data: bytes, *, file: str = "interlock.lock") -> Lock:
    """Read a lockfile; unknown keys are ignored.

    A newer minor format is read as far as it is understood; the caller warns when :func:`is_newer_minor` says so.
    Raises :class:`LockCorrupt`, :class:`LockConflicted` or :class:`LockTooNew`.
    """
    try:
        content = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _explain(data, error, file) from error
    if content.format[0] > FORMAT[0]:
        raise _too_new(content.format, file)
    pythons = {content.requires_python, *(package.requires_python for package in content.packages if package)}
    if any(map(has_endless_number, pythons)):
        raise LockCorrupt(f"{file} cannot be used: a `requires-python` holds an endless number.", hint=_RESTORE)
    if b"null," in data:  # never written by us: a sentinel that is not at the end
        _refuse_gaps(content, file)
    try:
        inputs = msgspec.convert(_plain(content.inputs), ResolutionInputs)
        if inputs.exclude_newer_span:  # locks of earlier versions also say what moment it was when they were made
            inputs = msgspec.structs.replace(inputs, exclude_newer="")
    except msgspec.ValidationError as error:
        raise LockCorrupt(f"{file} cannot be used: in `inputs`, {error}.", hint=_RESTORE) from error
    return Lock(
        requires_python=content.requires_python,
        inputs=inputs,
        forks=_cut(content.forks),
        members=tuple([_member(member) for member in content.members if member is not None]),
        packages=tuple([_package(package) for package in content.packages if package is not None]),
        format=content.format,
    )


def is_newer_minor(lock: Lock) -> bool:
    """Whether a newer version wrote the lock, in a format that this one can still read."""
    return lock.format[1] > NEWEST_MINOR


def _member(member: _Member) -> LockedMember:
    member.inputs.pop("", None)
    member.table_pythons.pop("", None)
    return LockedMember(
        name=member.name,
        path=member.path,
        inputs=member.inputs,
        requires_python=member.requires_python,
        package=member.package,
        table_pythons=member.table_pythons,
        dependencies=_cut(member.dependencies),
        extras=_tables(member.extras),
        groups=_tables(member.groups),
        includes={group: names for group, names in member.includes.items() if names is not None},
        left_out=_cut(member.left_out),
    )


def _package(package: _Package) -> LockedPackage:
    return LockedPackage(
        name=package.name,
        version=package.version,
        source=package.source,
        markers=_cut(package.markers),
        requires_python=package.requires_python,
        dependencies=_cut(package.dependencies),
        extras=_tables(package.extras),
        artifacts=_cut(package.artifacts),
    )


def _cut(values: tuple[_T | None, ...]) -> tuple[_T, ...]:
    """The list without its sentinel."""
    return values[:-1] if values and values[-1] is None else values  # type: ignore[return-value]


def _tables(tables: dict[_K, _Edges | None]) -> dict[_K, tuple[Edge, ...]]:
    return {name: _cut(edges) for name, edges in tables.items() if edges is not None} if tables else {}


def _plain(table: Mapping[str, object]) -> dict[str, object]:
    """The settings with Python's spelling of the keys and without sentinels."""
    result: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, list) and value and value[-1] is None:
            value = value[:-1]
        elif isinstance(value, dict):
            value = {name: item for name, item in value.items() if name}
        if key:  # pragma: no branch - a layout that ends a table with an empty key may come back
            result[key.replace("-", "_")] = value
    return result


_RESTORE = "Restore it from version control, or delete it and run `interlock lock`."


def _explain(data: bytes, error: Exception, file: str) -> LockError:
    if mark := _CONFLICT.search(data):
        line = data.count(b"\n", 0, mark.start()) + 1
        return LockConflicted(
            f"{file} contains unresolved merge conflict markers (line {line}).",
            hint="Run `interlock lock`: it takes both sides as a starting point and writes a clean lock.",
            facts={"file": file, "line": line},
        )
    try:
        probe = _PROBE.decode(data).format
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        probe = FORMAT
    if probe[0] > FORMAT[0]:
        return _too_new(probe, file)
    text = str(error)
    if not data.strip():
        return LockCorrupt(f"{file} is empty.", hint=_RESTORE, facts={"file": file, "line": 1})
    if found := _BYTE.search(text):
        line = data.count(b"\n", 0, int(found[1])) + 1
        cause = text[: found.start()].strip().removeprefix("JSON is malformed: ")
        message = f"{file} is not valid JSON at line {line}: {cause}."
    elif "truncated" in text:
        line = data.count(b"\n") + 1
        message = f"{file} is cut off: it ends at line {line} in the middle of a value."
    else:
        line = 0
        message = f"{file} is not a lock that can be used: {text}."
    return LockCorrupt(message, hint=_RESTORE, facts={"file": file, "line": line} if line else {"file": file})


def _too_new(found: tuple[int, int], file: str) -> LockTooNew:
    return LockTooNew(
        f"{file} has format {found[0]}.{found[1]}, but this version of interlock reads up to {FORMAT[0]}.x.",
        hint="Upgrade interlock, or delete the file and run `interlock lock` to write it in the older format.",
        facts={"file": file, "format": list(found), "supported": list(FORMAT)},
    )


def _refuse_gaps(content: _File, file: str) -> None:
    lists: list[tuple[object, ...]] = [content.forks, content.members, content.packages]
    for member in content.members:
        if member is not None:
            lists += [member.dependencies, *filter(None, member.extras.values()), *filter(None, member.groups.values())]
    for package in content.packages:
        if package is not None:
            lists += [package.markers, package.dependencies, package.artifacts, *filter(None, package.extras.values())]
    if any(value is None for values in lists for value in values[:-1]):
        raise LockCorrupt(f"{file} has a `null` in the middle of a list.", hint=_RESTORE, facts={"file": file})
