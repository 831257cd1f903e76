"""Files of build constraints: one requirement per line, with hashes where they shall be checked (pip's format)."""

from __future__ import annotations

import re
from pathlib import Path

from interlock.core.names import NormalizedName
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.core.text.encoding import decode_text
from interlock.errors import UsageError

__all__ = ["BadConstraints", "read_constraints"]

_HASH = re.compile(r"\s--hash[= ](\S+)")
_SHA256 = re.compile(r"sha256:([0-9a-fA-F]{64})")


class BadConstraints(UsageError):
    """A file of build constraints cannot be used."""

    code = "bad-build-constraints"


def read_constraints(path: Path) -> tuple[list[Requirement], dict[NormalizedName, frozenset[str]]]:
    """The requirements of a file, and the SHA-256 digests it allows by package; blocking."""
    try:
        text = decode_text(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadConstraints(f"The build constraints in {path} cannot be read: {reason}.") from error
    found: list[Requirement] = []
    allowed: dict[NormalizedName, frozenset[str]] = {}
    for number, line in _lines(text):
        bare = _HASH.sub("", line).strip()
        if bare.startswith("-"):
            raise BadConstraints(f"{path}:{number}: `{bare}` is an option, not a requirement.")
        try:
            requirement = parse_requirement(bare)
        except InvalidRequirement as error:
            raise BadConstraints(f"{path}:{number}: {error.message}") from error
        found.append(requirement)
        digests = [_digest(text, f"{path}:{number}") for text in _HASH.findall(line)]
        if digests:
            allowed[requirement.name] = allowed.get(requirement.name, frozenset()).union(digests)
    return found, allowed


def _lines(text: str) -> list[tuple[int, str]]:
    """What the file says, continued lines joined and comments left out, with the number of the first line."""
    found: list[tuple[int, str]] = []
    joined, start = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        start = start if joined else number
        bare = "" if line.lstrip().startswith("#") else line.partition(" #")[0]
        joined += bare.rstrip().removesuffix("\\") + " "
        if not bare.rstrip().endswith("\\"):
            if joined.strip():
                found.append((start, joined.strip()))
            joined = ""
    if joined.strip():
        found.append((start, joined.strip()))
    return found


def _digest(text: str, where: str) -> str:
    match = _SHA256.fullmatch(text)
    if match is None:
        raise BadConstraints(
            f"{where}: `{text}` is no SHA-256 hash.", hint="Write `--hash=sha256:` and 64 hexadecimal digits."
        )
    return match[1].lower()
