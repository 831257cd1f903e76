"""The statements of a TOML text, headers and assignments, with their positions."""

from __future__ import annotations

import re
import tomllib

import msgspec

from interlock.core.toml.array import value_end

__all__ = ["Path", "Statement", "scan"]

Path = tuple[str, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^\n#]+")


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    """Of the table for a header, of the key (tables included) for an assignment."""
    header: bool
    table: Path
    """The table whose header it stands below."""
    repeated: bool = False
    """Below an ``[[array]]`` header, or one itself."""
    start: int
    """Of its line."""
    value: int = 0
    value_end: int = 0
    end: int
    """Behind its line."""


def scan(text: str) -> tuple[Statement, ...]:
    """The statements of a text that is known to be TOML."""
    found: list[Statement] = []
    table: Path = ()
    repeated = False
    position = 0
    while position < len(text):
        start = position
        while position < len(text) and text[position] in " \t\r":
            position += 1
        if position >= len(text):
            break
        if text[position] in "\n#":
            position = _behind_line(text, position)
            continue
        if text[position] == "[":
            repeated = text.startswith("[[", position)
            table, position = _key(text, position + (2 if repeated else 1))
            end = _behind_line(text, position)
            found.append(Statement(path=table, header=True, table=table, repeated=repeated, start=start, end=end))
            position = end
            continue
        key, position = _key(text, position)
        position = text.index("=", position) + 1
        while text[position] in " \t":
            position += 1
        behind = _end_of_value(text, position)
        end = _behind_line(text, behind)
        found.append(
            Statement(
                path=() if repeated else (*table, *key),
                header=False,
                table=table,
                repeated=repeated,
                start=start,
                value=position,
                value_end=behind,
                end=end,
            )
        )
        position = end
    return tuple(found)


def _end_of_value(text: str, position: int) -> int:
    if text[position] in "\"'[{":
        return value_end(text, position)
    match = _BARE_VALUE.match(text, position)
    assert match is not None
    return position + len(match[0].rstrip())


def _key(text: str, position: int) -> tuple[Path, int]:
    """A dotted key and where it ends."""
    parts: list[str] = []
    while True:
        while text[position] in " \t":
            position += 1
        if text[position] in "\"'":
            end = value_end(text, position)
            parts.append(str(tomllib.loads(f"x = {text[position:end]}")["x"]))
        else:
            match = _BARE_KEY.match(text, position)
            assert match is not None
            parts.append(match[0])
            end = match.end()
        position = end
        while text[position] in " \t":
            position += 1
        if text[position] != ".":
            return tuple(parts), position
        position += 1


def _behind_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1
