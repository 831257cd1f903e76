"""Versions in file names, as fast as a page with thousands of files needs it (PEP 427, PEP 625).

Tags are left alone here: which files suit an environment is asked later and of few files.
"""

from __future__ import annotations

from interlock.core.names import NormalizedName, normalize_name

__all__ = ["possible_names", "version_in"]

_SDISTS = (".tar.gz", ".zip")


def version_in(filename: str, name: NormalizedName) -> str | None:
    """The version as the file name writes it, or None when the file is neither a wheel nor an sdist of the package."""
    if filename.endswith(".whl"):
        parts = filename.split("-")
        # name-version(-build)?-python-abi-platform; anything else is a later standard's or a mistake.
        if not (len(parts) == 5 or (len(parts) == 6 and parts[2][:1].isdigit())) or normalize_name(parts[0]) != name:
            return None
        return parts[1].replace("_", "-")
    stem = _sdist_stem(filename)
    if stem is None:
        return None
    # Old sdists have dashes in names and in versions; the shortest prefix that is the name decides.
    at = stem.find("-", len(name.replace("-", "")))
    while at > 0:
        if normalize_name(stem[:at]) == name:
            return stem[at + 1 :]
        at = stem.find("-", at + 1)
    return None


def possible_names(filename: str) -> tuple[NormalizedName, ...]:
    """Every package a file may belong to; an sdist's old-style name leaves it open."""
    if filename.endswith(".whl"):
        return (normalize_name(filename.partition("-")[0]),)
    stem = _sdist_stem(filename)
    if stem is None:
        return ()
    return tuple(normalize_name(stem[:at]) for at, character in enumerate(stem) if character == "-" and at)


def _sdist_stem(filename: str) -> str | None:
    for suffix in _SDISTS:
        if filename.endswith(suffix):
            return filename[: -len(suffix)]
    return None
