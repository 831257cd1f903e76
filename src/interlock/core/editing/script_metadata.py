"""Inline metadata of a script (PEP 723): read, and changed in place."""

from __future__ import annotations

import re
import tokenize
import tomllib
from typing import NamedTuple

import msgspec

from interlock.core.toml.array import insert, items, literal, remove, replace
from interlock.core.toml.document import TomlDocument
from interlock.errors import ManifestError

__all__ = ["BadScript", "ScriptMetadata", "change_dependencies", "parse_script"]

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_OPENING = re.compile(r"# /// ([a-zA-Z0-9-]+)[ \t]*")
_CLOSING = re.compile(r"# ///[ \t]*")
_CODING = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")
"""PEP 263; it counts on the first two lines only."""
_COMMENT = re.compile(r"[ \t\f]*(#.*)?")


class BadScript(ManifestError):
    """A script whose metadata cannot be used."""

    code = "bad-script"


class ScriptMetadata(msgspec.Struct, frozen=True, kw_only=True):
    requires_python: str = ""
    dependencies: tuple[str, ...] = ()


class _Line(NamedTuple):
    text: str
    start: int
    end: int
    newline: str
    """What ends it, from :attr:`end` on."""


class _Block(NamedTuple):
    content: str
    """The TOML, with ``\\n`` at the ends of lines."""
    start: int
    end: int
    newline: str


def parse_script(data: bytes, file: str) -> ScriptMetadata | None:
    """The metadata of a script, None when it has none. Raises :class:`BadScript`."""
    block = _find(_lines(_decoded(data, file)[0]), file)
    if block is None:
        return None
    try:
        document = tomllib.loads(block.content)
    except (ValueError, RecursionError) as error:
        raise BadScript(f"The metadata of {file} is not valid TOML: {error}.") from error
    dependencies = document.get("dependencies", [])
    requires = document.get("requires-python", "")
    if not isinstance(requires, str) or not isinstance(dependencies, list):
        raise BadScript(f"The metadata of {file} has a `requires-python` or `dependencies` of another kind.")
    return ScriptMetadata(requires_python=requires, dependencies=tuple(str(item) for item in dependencies))


def change_dependencies(
    data: bytes, file: str, add: dict[str, str], drop: frozenset[str], *, requires_python: str = ""
) -> bytes:
    """The script with requirements added (by name: text) or removed; a block is made where there is none."""
    text, encoding = _decoded(data, file)
    lines = _lines(text)
    block = _find(lines, file)
    if block is not None:
        changed = _block(_changed(block.content, file, add, drop))
        text = text[: block.start] + block.newline.join(changed) + text[block.end :]
    else:
        head = _head(lines)
        newline = lines[0].newline or "\n" if lines else "\n"
        content = f'requires-python = "{requires_python}"\n' if requires_python else ""
        changed = _block(_changed(f"{content}dependencies = []\n", file, add, drop))
        before = text[:head] + (newline if head and text[head - 1] not in "\r\n" else "")
        text = before + newline.join((*changed, "", "")) + text[head:]
    return text.encode(encoding)


def _changed(content: str, file: str, add: dict[str, str], drop: frozenset[str]) -> str:
    document = TomlDocument(content.encode(), file)
    source = document.source(("dependencies",)) or "[]"
    for name in [*drop, *add]:
        known = [at for at, item in enumerate(items(source)) if _name(str(item)) == name]
        if name in add and known:
            source = replace(source, known[0], literal(add[name]))
        elif name in add:
            source = insert(source, len(items(source)), literal(add[name]))
        else:
            for position in reversed(known):
                source = remove(source, position)
    document.set(("dependencies",), source)
    return document.data.decode()


def _name(text: str) -> str:
    match = re.match(r"\s*([A-Za-z0-9._-]+)", text)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match is not None else ""


def _block(content: str) -> list[str]:
    lines = content.rstrip("\n").split("\n")
    return ["# /// script", *(f"# {line}" if line else "#" for line in lines), "# ///"]


def _head(lines: list[_Line]) -> int:
    """Where a block may begin: below the lines that only count where they are, ``#!`` and the encoding's (PEP 263)."""
    end = 0
    for number, line in enumerate(lines[:2]):
        if (number == 0 and line.text.startswith("#!")) or _CODING.match(line.text):
            end = line.end + len(line.newline)
        if not _COMMENT.fullmatch(line.text):
            break
    return end


def _find(lines: list[_Line], file: str) -> _Block | None:
    """The one block of the type ``script``. As in PEP 723, the last line that can close a block does."""
    found: list[_Block] = []
    position = 0
    while position < len(lines):
        opening = _OPENING.fullmatch(lines[position].text)
        last = _closing(lines, position) if opening is not None else 0
        if opening is not None and last and opening[1] == "script":
            inside = lines[position + 1 : last]
            content = "".join(f"{line.text[2:]}\n" for line in inside)
            found.append(_Block(content, lines[position].start, lines[last].end, lines[position].newline))
        position = max(position, last) + 1
    if len(found) > 1:
        raise BadScript(f"{file} has more than one `script` block.")
    return found[0] if found else None


def _closing(lines: list[_Line], opening: int) -> int:
    """The number of the line that closes a block, 0 for one that is never closed: such a block is none."""
    last, position = 0, opening + 1
    while position < len(lines) and (lines[position].text == "#" or lines[position].text.startswith("# ")):
        if position > opening + 1 and _CLOSING.fullmatch(lines[position].text):
            last = position
        position += 1
    return last


def _lines(text: str) -> list[_Line]:
    """As Python sees them: a form feed or U+2028 ends none."""
    return [
        _Line(match[1], match.start(), match.end(1), match[2])
        for match in _LINE.finditer(text)
        if match.end() > match.start()
    ]


def _decoded(data: bytes, file: str) -> tuple[str, str]:
    """The text and its encoding, as Python reads it (PEP 263): UTF-8 unless its first lines name another one."""
    try:
        encoding = tokenize.detect_encoding(iter(data.splitlines(keepends=True)[:2]).__next__)[0]
        text = data.decode(encoding)
        if text.encode(encoding) == data:
            return text, encoding
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise BadScript(f"{file} is not UTF-8 or what its first lines say, so Python cannot read it either.") from error
    raise BadScript(f"{file} has an encoding ({encoding}) that is not supported.")
