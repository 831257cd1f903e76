"""What is installed in an environment: its ``.dist-info`` folders (recording installed projects, PEP 376, PEP 610).

A distribution counts as installed when its metadata folder is there and whole. Our transactions put that folder in
place last and take it away first, so what a killed process left behind never counts.

Answers are kept in ``<env>/.interlock/installed.msgpack`` together with the times of the site-packages folders: adding
or removing a distribution changes those, whoever does it.
"""

from __future__ import annotations

import os
from contextlib import suppress

import msgspec

from interlock.core.names import is_name, normalize_name
from interlock.core.plan.plan import Installed
from interlock.envs.environments import VirtualEnvironment
from interlock.store.replace import replace_file

__all__ = ["DIGEST_FILE", "scan", "scan_folder"]

DIGEST_FILE = "interlock.json"
"""Beside METADATA: what we need to recognise an unchanged source tree."""
_INDEX = "installed.msgpack"
_FORMAT = 1
_RACE = 50_000_000
"""Nanoseconds. A folder may change again within its clock's tick, so an index as young as its folder is not trusted."""


class _Index(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    times: tuple[int, ...]
    installed: tuple[Installed, ...]


class _Digest(msgspec.Struct, frozen=True):
    digest: str = ""


class _DirInfo(msgspec.Struct, frozen=True):
    editable: bool = False


class _DirectUrl(msgspec.Struct, frozen=True):
    dir_info: _DirInfo | None = None


_DECODER = msgspec.msgpack.Decoder(_Index)
_DIGEST = msgspec.json.Decoder(_Digest)
_DIRECT = msgspec.json.Decoder(_DirectUrl)


def scan(environment: VirtualEnvironment) -> tuple[Installed, ...]:
    """Everything installed in an environment, sorted by name; blocking.

    A distribution whose metadata folder is damaged is reported with an empty version, so that a sync replaces it.
    """
    folders = _folders(environment)
    times = tuple(_time(folder) for folder in folders)
    path = environment.notes / _INDEX
    with suppress(OSError, msgspec.DecodeError):
        with open(path, "rb") as file:
            age = os.fstat(file.fileno()).st_mtime_ns
            index = _DECODER.decode(file.read())
        if index.format == _FORMAT and index.times == times and age > max(times) + _RACE:
            return index.installed
    installed = tuple(
        sorted(
            (found for folder in folders for found in scan_folder(folder)),
            key=lambda found: (found.name, found.version),
        )
    )
    # An environment that cannot be written to is still read.
    with suppress(OSError):
        environment.notes.mkdir(exist_ok=True)
        replace_file(path, msgspec.msgpack.encode(_Index(format=_FORMAT, times=times, installed=installed)))
    return installed


def scan_folder(folder: str) -> list[Installed]:
    """The distributions of one site-packages folder, without looking at or keeping an index."""
    found: list[Installed] = []
    try:
        entries = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return found
    for entry in entries:
        if entry.endswith(".dist-info"):
            installed = _dist_info(folder, entry)
        elif entry.endswith((".egg-info", ".egg-link")):
            installed = _egg(folder, entry)
        else:
            continue
        if installed is not None:
            found.append(installed)
    return found


def _folders(environment: VirtualEnvironment) -> list[str]:
    purelib, platlib = environment.purelib, environment.platlib
    if purelib == platlib or os.path.realpath(purelib) == os.path.realpath(platlib):
        return [purelib]
    return [purelib, platlib]


def _time(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _dist_info(folder: str, entry: str) -> Installed | None:
    name, _, version = entry.removesuffix(".dist-info").partition("-")
    # pip renames what it is about to delete to "~ame-1.0.dist-info"; such leftovers are nobody's distribution.
    if not is_name(name):
        return None
    path = f"{folder}/{entry}"
    try:
        files = set(os.listdir(path))
    except OSError:
        return None
    whole = "METADATA" in files and "RECORD" in files
    origin = _read(f"{path}/direct_url.json") if "direct_url.json" in files else b""
    editable = False
    text = ""
    if origin:
        try:
            editable = (_DIRECT.decode(origin).dir_info or _DirInfo()).editable
            text = msgspec.json.encode(msgspec.json.decode(origin), order="sorted").decode()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            whole = False
    digest = ""
    if DIGEST_FILE in files:
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            digest = _DIGEST.decode(_read(f"{path}/{DIGEST_FILE}")).digest
    return Installed(
        name=normalize_name(name),
        version=version.replace("_", "-") if whole else "",
        dist_info=entry,
        installer=_read(f"{path}/INSTALLER").decode("utf-8", "replace").strip() if "INSTALLER" in files else "",
        origin=text,
        digest=digest,
        editable=editable,
        requested="REQUESTED" in files,
    )


def _egg(folder: str, entry: str) -> Installed | None:
    """A distribution as setuptools and distutils installed it before wheels."""
    stem, extension = os.path.splitext(entry)
    name, _, rest = stem.partition("-")
    if not is_name(name):
        return None
    version = rest.partition("-py")[0]
    if extension == ".egg-link":
        return Installed(name=normalize_name(name), version=version, dist_info=entry, editable=True)
    if not version:
        inside = f"{folder}/{entry}/PKG-INFO" if os.path.isdir(f"{folder}/{entry}") else f"{folder}/{entry}"
        for line in _read(inside).decode("utf-8", "replace").splitlines():
            if not line:
                break
            if line.lower().startswith("version:"):
                version = line.partition(":")[2].strip()
                break
    return Installed(name=normalize_name(name), version=version, dist_info=entry)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
