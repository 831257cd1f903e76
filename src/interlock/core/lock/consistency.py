"""Whether what a lock says of a package fits together: names, versions, file names, hashes and places.

A lock is edited by hand and merged line by line, so two lines of one block may come from two locks. What is installed
follows the files and what people read follows the versions; hence a lock in which the two differ is not used at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

import msgspec
from packaging.version import InvalidVersion

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.codec import LockCorrupt
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage
from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.sources.addresses import parts_of
from interlock.core.sources.source import Directory, File, Git, Registry, Url
from interlock.core.versions.version_list import is_same_version, parse_version

__all__ = ["check_lock"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""What ends a line for some reader of an export, and what terminals act on."""
_PLAIN = re.compile(r"[A-Za-z0-9._+!-]+")
_SDISTS = (".tar.gz", ".zip")


class _Contradiction(Exception):
    def __init__(self, why: str, needle: str) -> None:
        super().__init__(why)
        self.why = why
        self.needle = needle
        """Text that stands in the line at fault."""


def check_lock(lock: Lock, data: bytes, *, file: str = "interlock.lock") -> None:
    """Raise :class:`LockCorrupt` for a lock that contradicts itself; ``data`` is what it was read from."""
    versions: dict[NormalizedName, set[str]] = {}
    for package in lock.packages:
        versions.setdefault(package.name, set()).add(package.version)
    try:
        for member in lock.members:
            _check_member(member)
        before: LockedPackage | None = None
        for package in lock.packages:
            _check_package(package)
            if before is not None and (package.name, package.version, package.source) == (
                before.name,
                before.version,
                before.source,
            ):
                raise _Contradiction(f"{package.name} {package.version} is listed twice", _heading(package))
            before = package
        for edge in _edges(lock):
            if edge.version and edge.version not in versions.get(edge.name, {edge.version}):
                raise _Contradiction(
                    f"something needs {edge.name} {edge.version}, and the {edge.name} it holds is "
                    f"{' and '.join(sorted(versions[edge.name]))}",
                    f'"name": "{edge.name}", "version": "{edge.version}"',
                )
    except _Contradiction as found:
        at = data.find(found.needle.encode())
        line = data.count(b"\n", 0, at) + 1 if at >= 0 else 0
        raise LockCorrupt(
            f"{file} contradicts itself{f' (line {line})' if line else ''}: {found.why}.",
            hint="Restore it from version control, or delete it and run `interlock lock`.",
            facts={"file": file, "line": line} if line else {"file": file},
        ) from found


def _edges(lock: Lock) -> Iterator[Edge]:
    for member in lock.members:
        yield from member.every()
    for package in lock.packages:
        yield from package.every()


def _check_member(member: LockedMember) -> None:
    if member.name:
        _check_name(member.name)
    _check_text(member.path, f"the path of the member {member.name}")


def _check_package(package: LockedPackage) -> None:
    _check_name(package.name)
    _check_text(package.version, f"the version of {package.name}")
    _check_source(package)
    if isinstance(package.source, (Registry, Url, File)):
        if isinstance(package.source, Registry):
            _check_version(package)
        else:
            _check_place(package, package.source)
        _check_files(package)


def _check_name(name: str) -> None:
    if not is_name(name) or normalize_name(name) != name:
        raise _Contradiction(f"{name!r} is not the normalised name of a package", _quoted(name))


def _check_text(text: str, what: str) -> None:
    if _BREAK.search(text):
        raise _Contradiction(f"{what} holds a line break or another control character", _quoted(text))


def _check_version(package: LockedPackage) -> None:
    try:
        parse_version(package.version)
    except InvalidVersion:
        why = f"{package.version!r} is not a version, and {package.name} comes from an index"
        raise _Contradiction(why, _heading(package)) from None
    if package.version.strip() != package.version:
        raise _Contradiction(f"the version of {package.name} has spaces around it", _heading(package))


def _check_source(package: LockedPackage) -> None:
    source = package.source
    for field in source.__struct_fields__:
        value = getattr(source, field)
        if isinstance(value, str):
            _check_text(value, f"the source of {package.name}")
    if isinstance(source, Git) and not _COMMIT.fullmatch(source.commit):
        raise _Contradiction(f"the source of {package.name} names no commit", _heading(package))
    if isinstance(source, (Git, Directory)) and package.artifacts:
        raise _Contradiction(f"{package.name} is a source tree and has files", _heading(package))


def _check_place(package: LockedPackage, source: Url | File) -> None:
    """The one file of a direct source is the one that its place names."""
    try:
        place = source.path if isinstance(source, File) else unquote(parts_of(source.url).path)
    except ValueError as error:
        raise _Contradiction(f"the URL of {package.name} cannot be read ({error})", _heading(package)) from error
    names = [artifact.filename for artifact in package.artifacts]
    if names != [place.rpartition("/")[2]]:
        found = " and ".join(names) or "none"
        raise _Contradiction(
            f"the source of {package.name} is the file {place.rpartition('/')[2]}, and the one listed is {found}",
            _heading(package),
        )


def _check_files(package: LockedPackage) -> None:
    fitting: dict[str, bool] = {}
    before = ""
    for artifact in package.artifacts:
        name = artifact.filename
        if not _PLAIN.fullmatch(name):
            _check_filename(package, name)
        if name == before:
            raise _Contradiction(f"{name} is listed twice", _quoted(name))
        before = name
        if not _SHA256.fullmatch(artifact.sha256):
            raise _Contradiction(f"{name} has no hash that a file could have ({artifact.sha256!r})", _quoted(name))
        # Wheels of one version differ in what follows its second dash.
        stem = name[: name.find("-", name.find("-") + 1)] if name.endswith(".whl") else name
        if stem not in fitting:
            fitting[stem] = _belongs(package, artifact)
        if not fitting[stem]:
            what = f"{package.name} {package.version}".strip()
            raise _Contradiction(f"{name} is listed as a file of {what}", _quoted(name))


def _check_filename(package: LockedPackage, name: str) -> None:
    _check_text(name, f"the name of a file of {package.name}")
    if "/" in name or "\\" in name:
        raise _Contradiction(f"{name!r} is not the name of a file", _quoted(name))


def _belongs(package: LockedPackage, artifact: Artifact) -> bool:
    """Whether a file's name is one of the package and version (PEP 427, PEP 625)."""
    name = artifact.filename
    if artifact.is_wheel:
        stem, _, rest = name.partition("-")
        version = rest.partition("-")[0].replace("_", "-")
        return normalize_name(stem) == package.name and is_same_version(version, package.version)
    if not isinstance(package.source, Registry):
        return True  # archives of direct sources are called what their places call them
    suffix = next((suffix for suffix in _SDISTS if name.endswith(suffix)), "")
    at = name.find("-")
    while suffix and at > 0:
        # Old archives have dashes in names and in versions.
        version = name[at + 1 : -len(suffix)]
        if normalize_name(name[:at]) == package.name and is_same_version(version, package.version):
            return True
        at = name.find("-", at + 1)
    return False


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _heading(package: LockedPackage) -> str:
    return f'"name": {_quoted(package.name)}'
