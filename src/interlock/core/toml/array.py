"""Arrays of a TOML file changed in their source text, so that every byte that is not part of the change stays.

A list is kept as it is laid out: on one line, or an item per line with the indentation, the trailing comma and the
comments it has. A comment behind an item belongs to that item.
"""

from __future__ import annotations

import json
import re
import tomllib

import msgspec

__all__ = ["insert", "items", "literal", "remove", "replace", "value_end"]

_BARE = re.compile(r"[^,\]\s#]+")
_INDENT = "    "


class _Item(msgspec.Struct, frozen=True):
    start: int
    end: int
    comma: int
    """Position behind the comma that follows, -1 without one."""


def items(text: str) -> list[object]:
    """The values of an array's text."""
    found = tomllib.loads(f"x = {text}")["x"]
    assert isinstance(found, list)
    return found


def literal(text: str) -> str:
    """A TOML string; one with quotes inside is written with the other kind of quote.

    >>> literal("a>=1"), literal('a ; os_name == "nt"')
    ('"a>=1"', '\\'a ; os_name == "nt"\\'')
    """
    if '"' in text and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def insert(text: str, position: int, value: str) -> str:
    """The text with a value (TOML source) before the item at a position, or at the end.

    >>> insert('["a", "c"]', 1, '"b"')
    '["a", "b", "c"]'
    """
    found = _scan(text)
    if not found:
        return _insert_first(text, value)
    if position == 0:
        return _insert_before(text, found[0], value)
    return _insert_after(text, found[position - 1], value, last=position == len(found))


def remove(text: str, position: int) -> str:
    """The text without an item.

    >>> remove('["a", "b", "c"]', 1), remove('["a"]', 0), remove('["a", "b"]', 1)
    ('["a", "c"]', '[]', '["a"]')
    """
    found = _scan(text)
    item = found[position]
    start, end = item.start, item.comma if item.comma >= 0 else item.end
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    alone = not text[line_start:start].strip() and line_start > 0 and line_end >= 0
    if alone and re.fullmatch(r"[ \t]*(#[^\n]*)?", text[end:line_end]):
        return text[:line_start] + text[line_end + 1 :]
    if item.comma >= 0:
        while end < len(text) and text[end] in " \t":
            end += 1
        if text[end : end + 1] == "]" and position > 0:  # the last one, with a trailing comma that the others keep
            start = found[position - 1].comma
    elif position > 0:
        start = found[position - 1].end
    return text[:start] + text[end:]


def replace(text: str, position: int, value: str) -> str:
    """The text with another value in an item's place.

    >>> replace("[ 'a', # why\\n 'b']", 0, '"x"')
    '[ "x", # why\\n \\'b\\']'
    """
    item = _scan(text)[position]
    return text[: item.start] + value + text[item.end :]


def _insert_first(text: str, value: str) -> str:
    inside = text[1:-1]
    if not inside.strip():
        return f"[\n{_INDENT}{value},\n]"
    # Only comments: the value goes below them.
    head = text[:-1].rstrip(" \t")
    return f"{head if head.endswith(chr(10)) else head + chr(10)}{_INDENT}{value},\n]"


def _insert_before(text: str, first: _Item, value: str) -> str:
    line_start = text.rfind("\n", 0, first.start) + 1
    if line_start and not text[line_start : first.start].strip():
        # Before the comments above the first item, which speak of that item.
        indent = text[line_start : first.start]
        top = text.index("\n") + 1
        return f"{text[:top]}{indent}{value},\n{text[top:]}"
    return f"{text[: first.start]}{value}, {text[first.start :]}"


def _insert_after(text: str, item: _Item, value: str, *, last: bool) -> str:
    line_start = text.rfind("\n", 0, item.start) + 1
    end = item.comma if item.comma >= 0 else item.end
    line_end = text.find("\n", end)
    own_line = line_start > 0 and not text[line_start : item.start].strip() and line_end >= 0
    if own_line and re.fullmatch(r"[ \t]*(#[^\n]*)?", text[end:line_end]):
        indent = text[line_start : item.start]
        head = text[:end] + ("," if item.comma < 0 else "") + text[end:line_end]
        tail = "," if not last or item.comma >= 0 else ""
        return f"{head}\n{indent}{value}{tail}{text[line_end:]}"
    if not last:
        return f"{text[:end]} {value},{text[end:]}"
    if item.comma >= 0:
        return f"{text[:end]} {value},{text[end:]}"
    return f"{text[:end]}, {value}{text[end:]}"


def _scan(text: str) -> list[_Item]:
    """Where the items of an array's text are."""
    found: list[_Item] = []
    position = 1
    while position < len(text):  # pragma: no branch - an array ends with its bracket
        letter = text[position]
        if letter == "]":
            break
        if letter == "#":
            position = _line_end(text, position)
        elif letter == ",":
            found[-1] = msgspec.structs.replace(found[-1], comma=position + 1)
            position += 1
        elif letter.isspace():
            position += 1
        else:
            end = value_end(text, position)
            found.append(_Item(position, end, -1))
            position = end
    return found


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def value_end(text: str, position: int) -> int:
    """Where the value that begins at a position ends; the text has to be valid TOML."""
    letter = text[position]
    if letter in "\"'":
        return _string_end(text, position)
    if letter not in "[{":
        match = _BARE.match(text, position)
        assert match is not None
        return match.end()
    depth = 0
    while True:
        letter = text[position]
        if letter in "\"'":
            position = _string_end(text, position)
            continue
        if letter == "#":
            position = _line_end(text, position)
            continue
        depth += (letter in "[{") - (letter in "]}")
        position += 1
        if not depth:
            return position


def _string_end(text: str, position: int) -> int:
    quote = text[position]
    if text.startswith(quote * 3, position):
        end = position + 3
        while not text.startswith(quote * 3, end):
            end += 2 if text[end] == "\\" and quote == '"' else 1
        end += 3
        while text[end : end + 1] == quote:  # up to two more quotes may end the string's own text
            end += 1
        return end
    end = position + 1
    while text[end] != quote:
        end += 2 if text[end] == "\\" and quote == '"' else 1
    return end + 1
