"""Records in the OSV format (schema 1.x) into advisories; what a record says of other ecosystems is left out."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from interlock.core.advisories.advisory import UNRATED, Advisory, AffectedPackage, Event, Severity
from interlock.core.advisories.severity import base_score, rating_of, word_of
from interlock.core.names import is_name, normalize_name
from interlock.core.text.one_line import one_line
from interlock.errors import IntegrityError

__all__ = ["InvalidAdvisory", "decode_advisory"]

_ECOSYSTEM = "PyPI"
_COMPARABLE = frozenset({"ECOSYSTEM", "SEMVER"})
"""Kinds of ranges whose events are versions; those of git are commits."""
_LONGEST = 200


class InvalidAdvisory(IntegrityError):
    """A file of advisories cannot be read, or is no record in the OSV format."""

    code = "invalid-advisory"


class _Event(msgspec.Struct, frozen=True):
    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class _Range(msgspec.Struct, frozen=True):
    type: str = ""
    events: tuple[_Event, ...] | None = None


class _Package(msgspec.Struct, frozen=True):
    ecosystem: str = ""
    name: str = ""


class _Severity(msgspec.Struct, frozen=True):
    type: str = ""
    score: str = ""


class _Affected(msgspec.Struct, frozen=True):
    package: _Package | None = None
    versions: tuple[str, ...] | None = None
    ranges: tuple[_Range, ...] | None = None
    severity: tuple[_Severity, ...] | None = None


class _Reference(msgspec.Struct, frozen=True):
    type: str = ""
    url: str = ""


class _Record(msgspec.Struct, frozen=True):
    id: str
    modified: str = ""
    aliases: tuple[str, ...] | None = None
    summary: str | None = None
    details: str | None = None
    withdrawn: str | None = None
    severity: tuple[_Severity, ...] | None = None
    affected: tuple[_Affected, ...] | None = None
    references: tuple[_Reference, ...] | None = None
    database_specific: dict[str, object] | None = None


_DECODER = msgspec.json.Decoder(_Record)


def decode_advisory(data: bytes | memoryview, *, file: str) -> Advisory | None:
    """The advisory in a record; None when it is about nothing of PyPI's ecosystem. Raises :class:`InvalidAdvisory`."""
    try:
        record = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidAdvisory(
            f"{file} is no advisory in the OSV format: {one_line(str(error))}.",
            hint="Nothing was judged. Take the file away, or get the advisories anew.",
            facts={"file": file},
        ) from error
    affected = tuple(_affected(record.affected or ()))
    if not affected or not record.id:
        return None
    return Advisory(
        id=record.id,
        aliases=tuple(sorted({*(record.aliases or ())} - {record.id})),
        summary=_summary(record),
        severity=_severity(record),
        withdrawn=record.withdrawn or "",
        modified=record.modified,
        url=_url(record.references or ()),
        affected=affected,
    )


def _affected(entries: tuple[_Affected, ...]) -> Iterator[AffectedPackage]:
    for entry in entries:
        package = entry.package
        # An ecosystem may have a suffix, as `Debian:12` does.
        if package is None or package.ecosystem.partition(":")[0] != _ECOSYSTEM or not is_name(package.name):
            continue
        ranges = tuple(
            tuple(_events(one.events or ())) for one in entry.ranges or () if one.type.upper() in _COMPARABLE
        )
        yield AffectedPackage(
            name=normalize_name(package.name), versions=entry.versions or (), ranges=tuple(filter(None, ranges))
        )


def _events(events: tuple[_Event, ...]) -> Iterator[Event]:
    for event in events:
        if event.introduced is not None:
            yield Event("introduced", event.introduced)
        if event.fixed is not None:
            yield Event("fixed", event.fixed)
        if event.last_affected is not None:
            yield Event("last_affected", event.last_affected)
        if event.limit is not None:
            yield Event("limit", event.limit)


def _summary(record: _Record) -> str:
    """The summary, or the first line of the details that has words in it."""
    lines = (line.strip(" #*\t") for line in (record.summary or record.details or "").splitlines())
    text = one_line(next(filter(None, lines), ""))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _severity(record: _Record) -> Severity:
    """The worst vector with a formula, else the word that the database has for it, else what vector there is."""
    written = [*(record.severity or ()), *(one for entry in record.affected or () for one in entry.severity or ())]
    vectors = sorted({one.score for one in written if one.score.startswith("CVSS:")})
    word = word_of(str((record.database_specific or {}).get("severity", "")))
    scored = [(score, vector) for vector in vectors if (score := base_score(vector)) is not None]
    if scored:
        score, vector = max(scored)
        return Severity(rating=rating_of(score) if word == "unknown" else word, score=score, vector=vector)
    if not vectors and word == "unknown":
        return UNRATED
    return Severity(rating=word, vector=vectors[-1] if vectors else "")


def _url(references: tuple[_Reference, ...]) -> str:
    """Where people read about it: an advisory's page before any other page."""
    web = [one for one in references if one.url.startswith("https://")]
    return next((one.url for kind in ("ADVISORY", "WEB") for one in web if one.type == kind), "")
