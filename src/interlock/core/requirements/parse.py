"""Requirement text into requirements (PEP 508).

A resolution reads thousands of them, nearly all of one plain form, which a pattern takes apart; everything else, and
every marker once, is read by :mod:`packaging`.
"""

from __future__ import annotations

import re

from interlock.core.names import normalize_extra, normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.core.sources.addresses import address_problem
from interlock.core.text.numbers import has_endless_number
from interlock.core.text.one_line import one_line
from interlock.errors import ManifestError

__all__ = ["InvalidRequirement", "parse_requirement"]


class InvalidRequirement(ManifestError):
    code = "invalid-requirement"


_MEMO: dict[str, Requirement] = {}
_MARKERS: dict[str, str] = {}
_PLAIN = re.compile(
    r"((?>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?))[ \t]*+(?:\[([A-Za-z0-9_., -]*+)\][ \t]*+)?"
    r"(?:(\()[ \t]*+)?([<>=!~][0-9a-z<>=!~., *]*+)?(?:(\))[ \t]*+)?(?:;(.+))?"
)
_CLAUSE = re.compile(
    r" *(?:(?:[<>]=?|[=!]=) *[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?"
    r"|[=!]= *[0-9]+(?:\.[0-9]+)*\.\*|~= *[0-9]+(?:\.[0-9]+)+) *"
)
_BLANKS = " \t\r\n"
_EXTRA = re.compile(r" *[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])? *")
_SCHEMES = frozenset({"http", "https", "file"})
_GIT_SCHEMES = frozenset({"http", "https", "file", "ssh", "git"})


def parse_requirement(text: str) -> Requirement:
    """Parse PEP 508 text; results are memoised by text.

    Raises :class:`InvalidRequirement`.
    """
    found = _MEMO.get(text)
    if found is None:
        found = _MEMO[text] = _plain(text) or _any(text)
    return found


def _plain(text: str) -> Requirement | None:
    """``name[extra] >=1,<2 ; marker``; None for any other form, and for what is not valid."""
    parts = _PLAIN.fullmatch(text.strip(_BLANKS))
    if parts is None:
        return None
    name, inside, opened, specifier, closed, marker = parts.groups()
    if has_endless_number(f"{specifier};{marker}"):
        return None
    marker = marker.strip(_BLANKS) if marker else ""
    clauses = specifier.split(",") if specifier else []
    extras = inside.split(",") if inside and inside.strip() else []
    if bool(opened) != bool(closed) or not all(map(_CLAUSE.fullmatch, clauses)):
        return None
    if not all(map(_EXTRA.fullmatch, extras)):
        return None
    if marker and marker not in _MARKERS:
        written = _written_marker(marker)
        if written is None:
            return None
        _MARKERS[marker] = written
    return Requirement(
        name=normalize_name(name),
        specifier=",".join(sorted({clause.replace(" ", "") for clause in clauses})),
        marker=_MARKERS[marker] if marker else "",
        extras=tuple(sorted({normalize_extra(extra.strip()) for extra in extras})),
    )


def _written_marker(text: str) -> str | None:
    from packaging.markers import InvalidMarker, Marker  # noqa: PLC0415 - most requirements have none

    try:
        return str(Marker(text))
    except (InvalidMarker, ValueError, RecursionError):
        return None


def _any(text: str) -> Requirement:
    from packaging.requirements import InvalidRequirement as Invalid  # noqa: PLC0415 - most requirements are plain
    from packaging.requirements import Requirement as Parsed  # noqa: PLC0415

    shown = one_line(text)
    try:
        parsed = Parsed(text)
    except (Invalid, ValueError) as error:
        raise InvalidRequirement(f"`{shown}` is not a valid requirement: {str(error).splitlines()[0]}") from error
    except RecursionError as error:  # pragma: no cover - a packaging that does not limit the depth itself
        raise InvalidRequirement(f"`{shown}` is not a valid requirement: its marker is nested too deeply") from error
    problem = _url_problem(parsed.url) if parsed.url else ""
    if has_endless_number(text.replace(parsed.url, "") if parsed.url else text):
        problem = "it holds a number of more digits than any version has"
    if problem:
        raise InvalidRequirement(f"`{shown}` is not a valid requirement: {problem}")
    return Requirement(
        name=normalize_name(parsed.name),
        specifier=",".join(sorted({str(clause) for clause in parsed.specifier})),
        marker=str(parsed.marker) if parsed.marker is not None else "",
        extras=tuple(sorted({normalize_extra(extra) for extra in parsed.extras})),
        url=parsed.url or "",
    )


def _url_problem(url: str) -> str:
    """Why a URL cannot be one to get a package from; empty when it can. Without a scheme it is a path."""
    address = url.removeprefix("git+")
    schemes = _GIT_SCHEMES if address != url else _SCHEMES
    scheme, separator, _ = address.partition("://")
    if not separator:
        return ""
    if scheme.lower() not in schemes:
        return f"a URL that begins with `{scheme}://` is not supported"
    problem = address_problem(address) if scheme.lower() != "file" else ""
    return f"its URL cannot be used: {problem}" if problem else ""
