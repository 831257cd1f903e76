"""Core metadata as text: METADATA and PKG-INFO to :class:`Metadata`.

Only the header is read, and of it only what resolving needs. The format is that of the core metadata specification
(RFC 822 headers); requirements that were published before anything checked them are repaired where the meaning is
beyond doubt. PEP 643 says when an sdist's PKG-INFO may be trusted without a build.
"""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier

from interlock.core.metadata.metadata import Metadata
from interlock.core.names import is_name, normalize_extra, normalize_name
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.core.text.numbers import whole_number
from interlock.core.versions.version_list import parse_specifier
from interlock.errors import ManifestError

__all__ = ["InvalidMetadata", "parse_metadata", "repair_specifier", "static_sdist_metadata"]

_MAJOR = 2
_DECISIVE = frozenset({"requires-dist", "requires-python", "provides-extra"})
"""The fields a resolver needs; an sdist that computes one of them has to be built."""


class InvalidMetadata(ManifestError):
    """A package says things about itself that cannot be used."""

    code = "invalid-metadata"


def parse_metadata(data: bytes) -> Metadata:
    """Read METADATA or PKG-INFO.

    Raises :class:`InvalidMetadata` for a newer major format, a missing name or version, or a requirement that cannot
    be repaired.
    """
    fields = _headers(data)
    format_version = _last(fields, "metadata-version") or "1.0"
    name, version = _last(fields, "name"), _last(fields, "version")
    if not name or not version or not is_name(name):
        raise InvalidMetadata(f"The metadata names no package and version (name `{name}`, version `{version}`).")
    label = f"{name} {version}"
    if _format(format_version, label)[0] > _MAJOR:
        raise InvalidMetadata(
            f"The metadata of {label} is of version {format_version}; Interlock reads up to {_MAJOR}.x.",
            hint="Upgrade Interlock, or choose an older version of the package.",
        )
    return Metadata(
        name=normalize_name(name),
        version=version,
        requires_python=_requires_python(_last(fields, "requires-python"), label),
        requires=tuple(_requirement(text, label) for text in fields["requires-dist"] if text),
        extras=tuple(dict.fromkeys(normalize_extra(extra) for extra in fields["provides-extra"] if extra)),
        dynamic=tuple(text.lower() for text in fields["dynamic"] if text),
        metadata_version=format_version,
    )


def static_sdist_metadata(pkg_info: bytes) -> Metadata | None:
    """The metadata of an sdist when its PKG-INFO promises that a build would say the same (PEP 643), else None."""
    fields = _headers(pkg_info)
    if _format(_last(fields, "metadata-version") or "1.0", "the source archive") < (2, 2):
        return None
    if not _DECISIVE.isdisjoint(text.lower() for text in fields["dynamic"]):
        return None
    return parse_metadata(pkg_info)


def _headers(data: bytes) -> dict[str, list[str]]:
    """The wanted header fields, in order, continuation lines joined."""
    fields: dict[str, list[str]] = {
        "metadata-version": [],
        "name": [],
        "version": [],
        "requires-python": [],
        "requires-dist": [],
        "provides-extra": [],
        "dynamic": [],
    }
    end = len(data)
    for blank in (b"\n\n", b"\n\r\n"):
        found = data.find(blank, 0, end)
        if found >= 0:
            end = found
    current: list[str] | None = None
    # Not splitlines(): it also breaks at characters that may stand inside a value.
    for line in data[:end].decode("utf-8", "replace").removeprefix("\ufeff").split("\n"):
        if line[:1] in {" ", "\t"}:
            if current:
                current[-1] = f"{current[-1]} {line.strip()}"
            continue
        key, colon, value = line.partition(":")
        current = fields.get(key.lower()) if colon else None
        if current is not None:
            current.append(value.strip())
    return fields


def _last(fields: dict[str, list[str]], key: str) -> str:
    values = fields[key]
    return values[-1] if values and values[-1] != "UNKNOWN" else ""


def _format(text: str, label: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    found = whole_number(major), whole_number(minor or "0")
    if found[0] is None or found[1] is None:
        raise InvalidMetadata(f"The metadata of {label} has an unreadable format version: `{text[:40]}`.")
    return found[0], found[1]


def _requirement(text: str, label: str) -> Requirement:
    try:
        return parse_requirement(text)
    except InvalidRequirement as error:
        repaired = _repair_requirement(text)
        try:
            return parse_requirement(repaired)
        except InvalidRequirement:
            raise InvalidMetadata(f"The metadata of {label} is not usable: {error.message}") from error


def _requires_python(text: str, label: str) -> str:
    if not text:
        return ""
    repaired = repair_specifier(text)
    if repaired is None:
        raise InvalidMetadata(f"The metadata of {label} has an unreadable Requires-Python: `{text}`.")
    return repaired


_KNOWN: dict[str, str | None] = {"": ""}


def repair_specifier(text: str) -> str | None:
    """The text itself when it is a valid specifier set, a repaired one when the meaning is plain, else None.

    >>> repair_specifier(">=3.5.*,<4")
    '>=3.5,<4'
    >>> repair_specifier("python 3") is None
    True
    """
    if text not in _KNOWN:
        _KNOWN[text] = next((tried for tried in (text, _repair_clauses(text)) if _is_valid(tried)), None)
    return _KNOWN[text]


def _is_valid(text: str) -> bool:
    try:
        parse_specifier(text)
    except InvalidSpecifier:
        return False
    return True


_OPERATOR = r"(?:===|[<>=!~]=|[<>])"
_REPAIRS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[\"'`]", ""),  # >="3.6"
        (r"=([<>])(?!=)", r"\1="),  # =>1.0
        (r"([<>=!~]=?)\s+(=)", r"\1\2"),  # > = 1.0
        (r"(?<![<>=!~])=(?![=])", "=="),  # =1.0
        (r"\.[xX](?![A-Za-z0-9])", ".*"),  # 1.x
        (r"(?<=\d)\*", ".*"),  # 3.0*
        (r"~=\s*+([0-9][^,\s*<>=!~]*)\.\*", r"~=\1.0"),  # ~=5.0.* means ==5.0.*
        (r"(?<![=!])(>=|<=|>|<)\s*+([0-9][^,\s*<>=!~]*?)(?:\.\*)++", r"\1\2"),  # >=3.5.*
        (r"(?<=\d)\.(?=\s*(?:,|$))", ""),  # >=2.
        (rf"(?<=[0-9A-Za-z*])\s*(?={_OPERATOR})", ","),  # >=1.0<2.0
    )
)


def _repair_clauses(text: str) -> str:
    repaired = text.strip()
    for pattern, replacement in _REPAIRS:
        repaired = pattern.sub(replacement, repaired)
    return ",".join(clause.strip() for clause in repaired.split(",") if clause.strip())  # >=1,,<2


_PARTS = re.compile(
    r"\s*+([A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(\[[^\]]*+\])?\s*+(?:\(\s*+)?([<>=!~,][^;()@]*+)?(?:\)\s*+)?(?:;(.*))?"
)


def _repair_requirement(text: str) -> str:
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return text
    name, extras, clauses, marker = parts.groups()
    body = f"{name}{extras or ''}{_repair_clauses(clauses or '')}"
    return f"{body} ; {marker.strip()}" if marker and marker.strip() else body
