"""Requirement text into requirements (PEP 508)."""

from __future__ import annotations

from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement as _Invalid
from packaging.requirements import Requirement as _Parsed

from interlock.core.names import normalize_extra, normalize_name
from interlock.core.requirement import Requirement, format_requirement
from interlock.errors import ManifestError

__all__ = ["InvalidRequirement", "Requirement", "format_requirement", "parse_requirement"]


class InvalidRequirement(ManifestError):
    code = "invalid-requirement"


_MEMO: dict[str, Requirement] = {}
_SCHEMES = frozenset({"http", "https", "file"})
_GIT_SCHEMES = frozenset({"http", "https", "file", "ssh", "git"})


def parse_requirement(text: str) -> Requirement:
    """Parse PEP 508 text; results are memoised by text.

    Raises :class:`InvalidRequirement`.
    """
    found = _MEMO.get(text)
    if found is None:
        try:
            parsed = _Parsed(text)
        except _Invalid as error:
            raise InvalidRequirement(f"`{text}` is not a valid requirement: {str(error).splitlines()[0]}") from error
        problem = _url_problem(parsed.url) if parsed.url else ""
        if problem:
            raise InvalidRequirement(f"`{text}` is not a valid requirement: {problem}")
        found = _MEMO[text] = Requirement(
            name=normalize_name(parsed.name),
            specifier=",".join(sorted(str(clause) for clause in parsed.specifier)),
            marker=str(parsed.marker) if parsed.marker is not None else "",
            extras=tuple(sorted({normalize_extra(extra) for extra in parsed.extras})),
            url=parsed.url or "",
        )
    return found


def _url_problem(url: str) -> str:
    """Why a URL cannot be one to get a package from; empty when it can. Without a scheme it is a path."""
    address = url.removeprefix("git+")
    schemes = _GIT_SCHEMES if address != url else _SCHEMES
    scheme, separator, _ = address.partition("://")
    if not separator:
        return ""
    if scheme.lower() not in schemes:
        return f"a URL that begins with `{scheme}://` is not supported"
    try:
        parts = urlsplit(address)
    except ValueError as error:
        return f"its URL cannot be read ({error})"
    return "" if parts.netloc or scheme.lower() == "file" else "its URL names no host"
