"""A file to publish: an sdist or a wheel with the metadata inside of it (core metadata specification)."""

from __future__ import annotations

import hashlib
import re
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import msgspec
from packaging.metadata import RawMetadata, parse_email
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from interlock.core.names import NormalizedName, normalize_name
from interlock.publish.failures import InvalidDistribution

__all__ = ["Distribution", "read_distribution"]

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
_PKG_INFO = re.compile(r"[^/]+/PKG-INFO")
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, KeyError)


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    name: NormalizedName
    version: str
    """In its normal form."""
    is_wheel: bool
    python: str
    """The Python tag of a wheel, ``source`` for an sdist."""
    sha256: str
    md5: str
    blake2: str
    size: int
    metadata: dict[str, Any]
    """As ``packaging`` reads it, field by field."""
    unparsed: dict[str, list[str]] = {}
    contents: frozenset[str] = frozenset()
    """Names of the files inside."""

    @property
    def filename(self) -> str:
        return self.path.name


def read_distribution(path: Path) -> Distribution:
    """Read a file; blocking. Raises :class:`InvalidDistribution`."""
    try:
        if path.name.endswith(".whl"):
            name, version, _, tags = parse_wheel_filename(path.name)
            python = ".".join(sorted({tag.interpreter for tag in tags}))
            data, contents = _of_wheel(path)
        else:
            name, version = parse_sdist_filename(path.name)
            python = "source"
            data, contents = _of_sdist(path)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise InvalidDistribution(f"{path.name} is not the name of an sdist or a wheel: {error}.") from error
    except _BROKEN as error:
        raise InvalidDistribution(f"{path.name} cannot be read: {error}.") from error
    raw, unparsed = parse_email(data)
    found: RawMetadata = raw
    if normalize_name(found.get("name", "")) != str(name):
        raise InvalidDistribution(f"{path.name} says inside that it is `{found.get('name', '')}`.")
    content = path.read_bytes()
    return Distribution(
        path=path,
        name=NormalizedName(name),
        version=str(version),
        is_wheel=path.name.endswith(".whl"),
        python=python,
        sha256=hashlib.sha256(content).hexdigest(),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        blake2=hashlib.blake2b(content, digest_size=32).hexdigest(),
        size=len(content),
        metadata=dict(found),
        unparsed=unparsed,
        contents=contents,
    )


def _of_wheel(path: Path) -> tuple[bytes, frozenset[str]]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        found = [name for name in names if _METADATA.fullmatch(name)]
        if len(found) != 1:
            raise InvalidDistribution(f"{path.name} has {len(found)} METADATA files, not one.")
        return archive.read(found[0]), frozenset(names)


def _of_sdist(path: Path) -> tuple[bytes, frozenset[str]]:
    names, data = [], None
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            names.append(member.name)
            if member.isreg() and _PKG_INFO.fullmatch(member.name):
                opened = archive.extractfile(member)
                data = opened.read() if opened is not None else None
    if data is None:
        raise InvalidDistribution(f"{path.name} has no PKG-INFO at its top.")
    return data, frozenset(names)
