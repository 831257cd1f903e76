"""A file to publish: an sdist or a wheel with the metadata inside of it (core metadata specification)."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec
from packaging.metadata import RawMetadata, parse_email
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from interlock.core.names import NormalizedName, normalize_name
from interlock.publish.failures import InvalidDistribution
from interlock.store.tars import BROKEN_TAR, Budget, open_tar
from interlock.store.top_files import is_top
from interlock.store.zips import BadArchive, inflate, open_zip, read_directory

__all__ = ["Distribution", "read_distribution"]

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


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
    except BadArchive as error:
        raise InvalidDistribution(f"{path.name} cannot be read: {error.why}.") from error
    except BROKEN_TAR as error:
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
    with open_zip(path) as archive:
        entries = read_directory(archive)
        found = [entry for entry in entries if _METADATA.fullmatch(entry.name)]
        if len(found) != 1:
            raise InvalidDistribution(f"{path.name} has {len(found)} METADATA files, not one.")
        return bytes(inflate(archive, found[0])), frozenset(entry.name for entry in entries)


def _of_sdist(path: Path) -> tuple[bytes, frozenset[str]]:
    names, data = [], None
    with open_tar(path, Budget(path.stat().st_size)) as entries:
        for archive, member in entries:
            names.append(member.name)
            # The first one, as it is for whoever resolves with it.
            if data is None and member.isreg() and is_top(member.name, "PKG-INFO"):
                opened = archive.extractfile(member)
                data = opened.read() if opened is not None else None
    if data is None:
        raise InvalidDistribution(f"{path.name} has no PKG-INFO at its top.")
    return data, frozenset(names)
