"""Checking what backends produce: the file is there, has a proper name, and is of the package that was asked for."""

from __future__ import annotations

import os
import re
from pathlib import Path

from interlock.build.declared import Declared
from interlock.build.failures import InvalidBuildResult, UnsafeArchive
from interlock.build.results import BuildResult
from interlock.build.sdist import check_entries
from interlock.build.source_tree import SourceTree
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.text import parse_metadata
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.versions.version_list import is_same_version
from interlock.errors import ManifestError
from interlock.store.tars import BROKEN_TAR
from interlock.store.zips import BadArchive, inflate, open_zip, read_directory

__all__ = ["check_identity", "check_requirements", "check_sdist", "check_wheel", "fits", "prepared_metadata"]

_WHEEL = re.compile(r"([^-\s]+)-([^-\s]+)(-\d[^-\s]*)?-[^-\s]+-[^-\s]+-[^-\s]+\.whl")


def check_requirements(value: object, label: str, hook: str) -> tuple[str, ...]:
    """The requirements a ``get_requires_for_...`` hook returned."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidBuildResult(f"{hook} of {label} returned something else than a list of strings: {value!r:.200}.")
    return tuple(value)


def prepared_metadata(folder: Path, value: object, label: str) -> Metadata:
    """The METADATA in the ``.dist-info`` folder that ``prepare_metadata_for_build_wheel`` wrote."""
    name = _file_name(value, label, "prepare_metadata_for_build_wheel")
    try:
        data = (folder / name / "METADATA").read_bytes()
    except OSError as error:
        raise InvalidBuildResult(
            f"prepare_metadata_for_build_wheel of {label} named the folder `{name}`, which holds no METADATA."
        ) from error
    return _parse(data, label)


def check_wheel(folder: Path, value: object, label: str, hook: str) -> tuple[str, Metadata]:
    """File name and metadata of the wheel a hook has put into ``folder``."""
    filename = _file_name(value, label, hook)
    parts = _WHEEL.fullmatch(filename)
    if parts is None:
        raise InvalidBuildResult(f"{hook} of {label} returned `{filename}`, which is not the name of a wheel.")
    try:
        with open_zip(folder / filename) as archive:
            entries = read_directory(archive)
            found = [entry for entry in entries if re.fullmatch(r"[^/]+\.dist-info/METADATA", entry.name)]
            if len(found) != 1:
                raise InvalidBuildResult(f"The wheel {filename} of {label} has {len(found)} METADATA files, not one.")
            metadata = _parse(bytes(inflate(archive, found[0])), label)
    except FileNotFoundError as error:
        raise InvalidBuildResult(
            f"{hook} of {label} named the file `{filename}`, but made none of that name."
        ) from error
    except BadArchive as error:
        where = f" (entry {error.entry!r})" if error.entry else ""
        raise InvalidBuildResult(f"{filename}, built by {label}, is not a usable wheel: {error.why}{where}.") from error
    if normalize_name(parts[1]) != metadata.name or not is_same_version(parts[2], metadata.version):
        raise InvalidBuildResult(
            f"The wheel {filename} of {label} says inside that it is {metadata.name} {metadata.version}."
        )
    return filename, metadata


def check_sdist(folder: Path, value: object, source: SourceTree, declared: Declared) -> str:
    """File name of the source archive the backend has put into ``folder``."""
    filename = _file_name(value, source.label, "build_sdist")
    stem, ending, _ = filename.partition(".tar.gz")
    name, dash, version = stem.rpartition("-")
    if not ending or not dash or filename != f"{stem}.tar.gz":
        raise InvalidBuildResult(
            f"build_sdist of {source.label} returned `{filename}`, which is not a name-version.tar.gz."
        )
    if not (folder / filename).is_file():
        raise InvalidBuildResult(f"build_sdist of {source.label} named the file `{filename}`, but made none.")
    _check(normalize_name(name), version, source, declared, filename)
    problem = _archive_problem(folder / filename)
    if problem:
        raise InvalidBuildResult(
            f"build_sdist of {source.label} made {filename}, which {problem}.",
            hint="Does the backend, or a process it started, write the file more than once?",
        )
    return filename


def _archive_problem(path: Path) -> str:
    """What keeps a source archive from being unpacked; empty when nothing does."""
    try:
        return "" if check_entries(path) else "is empty or no archive"
    except UnsafeArchive as error:
        return f"cannot be unpacked: {error.message.rstrip('.')}"
    except BROKEN_TAR:
        return "is empty or no archive"


def check_identity(metadata: Metadata, source: SourceTree, declared: Declared, produced: str) -> None:
    """Whether metadata is of the package and version that was asked for and declared."""
    _check(metadata.name, metadata.version, source, declared, produced)


def fits(kind: str, source: SourceTree, declared: Declared, folder: Path, result: BuildResult) -> bool:
    """Whether a result that others made is one that a build of this kind could have given; blocking."""
    try:
        if kind == "sdist":
            return bool(check_sdist(folder, result.filename, source, declared))
        if kind == "metadata" and result.metadata is not None and not result.filename:
            check_identity(result.metadata, source, declared, "metadata")
            return True
        # A backend that has no hook for metadata builds a wheel instead.
        filename, metadata = check_wheel(folder, result.filename, source.label, "build_wheel")
        check_identity(metadata, source, declared, filename)
        return metadata == result.metadata
    except InvalidBuildResult:
        return False


def _check(name: NormalizedName, version: str, source: SourceTree, declared: Declared, produced: str) -> None:
    for wanted in (source.name, declared.name):
        if wanted is not None and wanted != name:
            raise InvalidBuildResult(
                f"{produced} should be of {wanted}, and is of {name}.",
                hint="The name that is asked for and the name the project gives itself have to agree.",
                facts={"expected": wanted, "actual": name},
            )
    said = declared.static.version if declared.static is not None else None
    # Backends can be told to add a local label to what the project declares, but not to a version that is asked for.
    labelled = said is not None and "+" not in said and is_same_version(said, version.partition("+")[0])
    for wanted_version in (source.version, None if labelled else said):
        if wanted_version is not None and not is_same_version(wanted_version, version):
            raise InvalidBuildResult(
                f"{produced} should be version {wanted_version} of {name}, and is {version}.",
                facts={"expected": wanted_version, "actual": version},
            )


def _file_name(value: object, label: str, hook: str) -> str:
    if not isinstance(value, str) or not value or value != os.path.basename(value) or value in {".", ".."}:
        raise InvalidBuildResult(f"{hook} of {label} returned something else than a file name: {value!r:.200}.")
    return value


def _parse(data: bytes, label: str) -> Metadata:
    try:
        return parse_metadata(data)
    except ManifestError as error:
        raise InvalidBuildResult(f"The metadata that {label} builds cannot be used: {error.message}") from error
