"""A TOML file as text that can be changed: every byte outside of a change stays as it was, line endings included.

The text is read as statements (headers and assignments) with their positions; a change replaces, inserts or cuts one.
After each change the text is parsed again, so a layout this does not understand is an error and never a broken file.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable

from interlock.core.toml.statements import Path, Statement, scan
from interlock.errors import ManifestError

__all__ = ["Path", "TomlDocument", "UnsupportedLayout", "format_key", "format_value"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class UnsupportedLayout(ManifestError):
    """The file is laid out in a way that cannot be changed without rewriting it."""

    code = "unsupported-layout"


class TomlDocument:
    def __init__(self, data: bytes, file: str) -> None:
        self._file = file
        text = data.decode("utf-8")
        self._mark = text.startswith("\ufeff")
        text = text.removeprefix("\ufeff")
        self._crlf = "\r\n" in text and "\n" not in text.replace("\r\n", "")
        self._text = text.replace("\r\n", "\n") if self._crlf else text
        self.values: dict[str, object] = tomllib.loads(text)
        self._statements = scan(self._text)

    def __repr__(self) -> str:
        return f"<TomlDocument {self._file}>"

    @property
    def data(self) -> bytes:
        text = self._text.replace("\n", "\r\n") if self._crlf else self._text
        return (("\ufeff" if self._mark else "") + text).encode("utf-8")

    def get(self, path: Path) -> object | None:
        """The value at a path, None when there is none."""
        found: object = self.values
        for part in path:
            if not isinstance(found, dict) or part not in found:
                return None
            found = found[part]
        return found

    def source(self, path: Path) -> str | None:
        """The text of the value that is assigned at a path."""
        statement = self._assignment(path)
        return self._text[statement.value : statement.value_end] if statement is not None else None

    def set(self, path: Path, value: str) -> None:
        """Assign TOML source to a key, in place or as a new last key of its table."""
        statement = self._assignment(path)
        if statement is not None:
            self._replace(statement.value, statement.value_end, value)
        elif not self._set_inline(path, value):
            self._add(path, value)

    def append_table(self, path: Path, lines: Iterable[str]) -> None:
        """Add an entry to an array of tables, after the ones there are."""
        text = "\n".join((f"[[{_dotted(path)}]]", *lines))
        self._insert_section(path, text)

    def insert_before(self, path: Path, text: str) -> None:
        """Put tables before the first one at or below a path, and before the comments above it."""
        first = next(item for item in self._statements if item.path[: len(path)] == path)
        position = first.start
        while position:
            line = self._text.rfind("\n", 0, position - 1) + 1
            if not self._text[line:position].lstrip().startswith("#"):
                break
            position = line
        self._replace(position, position, f"{text}\n\n")

    def comments(self, path: Path) -> tuple[tuple[str, ...], str]:
        """The comment lines directly above an assignment, and the comment behind its value."""
        statement = self._assignment(path)
        if statement is None:
            return (), ""
        above: list[str] = []
        position = statement.start
        while position:
            line = self._text.rfind("\n", 0, position - 1) + 1
            text = self._text[line:position].strip()
            if not text.startswith("#"):
                break
            above.insert(0, text)
            position = line
        return tuple(above), self._text[statement.value_end : statement.end].strip()

    def delete(self, path: Path, *, with_comments: bool = False, keep_table: bool = False) -> bool:
        """Take out a key or a whole table; a header left with nothing below it goes too. False: there is none.

        ``keep_table`` keeps the header.
        """
        statement = self._assignment(path)
        if statement is not None:
            start = statement.start
            if with_comments:
                while start:
                    line = self._text.rfind("\n", 0, start - 1) + 1
                    if not self._text[line:start].strip().startswith("#"):
                        break
                    start = line
            self._replace(start, statement.end, "")
            if not keep_table:
                self._drop_empty(statement.table)
            return True
        return self._delete_table(path) or self._delete_inline(path)

    def delete_entry(self, path: Path, position: int) -> None:
        """Take one entry out of an array of tables, counted from 0."""
        headers = [item for item in self._statements if item.header and item.repeated and item.path == path]
        header = headers[position]
        later = [item.start for item in self._statements if item.header and item.start > header.start]
        below = [
            item for item in self._statements if header.start <= item.start < (later[0] if later else len(self._text))
        ]
        start, end = header.start, below[-1].end
        if self._text[end : end + 1] == "\n":
            end += 1
        elif not self._text[end:].strip() and self._text[:start].endswith("\n\n"):
            start -= 1
        self._replace(start, end, "")

    # ---- reading ---------------------------------------------------------------------------------------------

    def _assignment(self, path: Path) -> Statement | None:
        return next((item for item in self._statements if not item.header and item.path == path), None)

    def _inside(self, table: Path) -> list[Statement]:
        return [item for item in self._statements if not item.header and item.table == table and not item.repeated]

    # ---- changing --------------------------------------------------------------------------------------------

    def _replace(self, start: int, end: int, text: str) -> None:
        changed = self._text[:start] + text + self._text[end:]
        try:
            self.values = tomllib.loads(changed)
        except (ValueError, RecursionError) as error:
            raise UnsupportedLayout(
                f"{self._file} is laid out in a way that cannot be changed here ({error}).",
                hint="Make the change by hand.",
            ) from error
        self._text = changed
        self._statements = scan(changed)

    def _add(self, path: Path, value: str) -> None:
        """A new key: behind the last one of its table, or in a table of its own."""
        table, key = path[:-1], path[-1]
        if not table and not self._inside(()):
            self._replace(0, 0, f"{format_key(key)} = {value}\n" + ("\n" if self._text.strip() else ""))
            return
        line = f"{format_key(key)} = {value}\n"
        siblings = self._inside(table)
        header = next((item for item in self._statements if item.header and item.path == table), None)
        if siblings and (header is None or siblings[-1].start > header.start):
            self._insert_line(siblings[-1].end, line)
        elif header is not None:
            self._insert_line(header.end, line)
        elif self._dotted_siblings(table):
            last = self._dotted_siblings(table)[-1]
            prefix = last.path[len(last.table) : len(table)]
            self._insert_line(last.end, f"{_dotted((*prefix, key))} = {value}\n")
        else:
            self._insert_section(table, f"[{_dotted(table)}]\n{line.rstrip()}")

    def _dotted_siblings(self, table: Path) -> list[Statement]:
        """Assignments that reach into a table from a header above it (``sources.a = 1`` below ``[tool.x]``)."""
        return [
            item
            for item in self._statements
            if not item.header and item.path[: len(table)] == table and len(item.table) < len(table)
        ]

    def _insert_line(self, position: int, line: str) -> None:
        before = "\n" if position and self._text[position - 1] != "\n" else ""
        self._replace(position, position, before + line)

    def _insert_section(self, path: Path, text: str) -> None:
        """A new table behind those it belongs to: the longest shared beginning, or else the end of the file."""
        position = len(self._text)
        for length in range(len(path), 0, -1):
            if path[:length] == ("tool",):
                break
            # Sub-tables of [project] and [dependency-groups] have their own neighbours.
            below = [item for item in self._statements if (item.path or item.table)[:length] == path[:length]]
            if below:
                position = below[-1].end
                break
        before, after = self._text[:position], self._text[position:]
        lead = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        trail = "\n" if not after or after.startswith("\n") else "\n\n"
        if not after and before.endswith("\n\n"):
            lead = ""
        self._replace(position, position, f"{lead}{text}{trail}")

    def _set_inline(self, path: Path, value: str) -> bool:
        """Add to, or change in, a table that is written inline."""
        for length in range(len(path) - 1, 0, -1):
            holder = self._assignment(path[:length])
            if holder is None:
                continue
            source = self._text[holder.value : holder.value_end]
            if not source.startswith("{"):
                return False
            if length == len(path) - 1 and self.get(path) is None:
                body = source[1:-1].rstrip()
                joined = f"{body}, " if body.strip() else " "
                self._replace(
                    holder.value, holder.value_end, f"{{{joined}{format_key(path[-1])} = {value} }}".replace("{,", "{")
                )
                return True
            inner = self.get(path[:length])
            assert isinstance(inner, dict)
            if not _assign(inner, path[length:], tomllib.loads(f"x = {value}")["x"]):
                return False
            self._replace(holder.value, holder.value_end, format_value(inner))
            return True
        return False

    def _delete_inline(self, path: Path) -> bool:
        if self.get(path) is None:
            return False
        for length in range(len(path) - 1, 0, -1):
            holder = self._assignment(path[:length])
            if holder is not None:
                inner = self.get(path[:length])
                assert isinstance(inner, dict)
                _cut(inner, path[length:])
                self._replace(holder.value, holder.value_end, format_value(inner))
                return True
        return False  # pragma: no cover - what has a value is in an assignment or a table

    def _delete_table(self, path: Path) -> bool:
        """Remove ``[path]`` and what is below it, wherever it stands."""
        found = False
        while True:
            headers = [item for item in self._statements if item.header and item.path[: len(path)] == path]
            dotted = [
                item for item in self._statements if not item.header and item.path[: len(path)] == path and item.path
            ]
            if not headers and not dotted:
                return found
            found = True
            if not headers:
                self._replace(dotted[-1].start, dotted[-1].end, "")
                continue
            header = headers[-1]
            below = [item for item in self._statements if item.start >= header.start and item.table == header.path]
            end = below[-1].end if below else header.end
            start = header.start
            if self._text[end : end + 1] == "\n" and self._text[max(0, start - 2) : start] in {"\n\n", "\n", ""}:
                end += 1
            elif not self._text[end:].strip() and self._text[:start].endswith("\n\n"):
                start -= 1
            self._replace(start, end, "")

    def _drop_empty(self, table: Path) -> None:
        if (
            self.get(table) == {}
            and table[:1] in {("tool",), ("dependency-groups",), ("project",)}
            and table != ("project",)
        ):
            header = next((item for item in self._statements if item.header and item.path == table), None)
            if header is not None and not self._text[header.end :].lstrip("\n").startswith("#"):
                self._delete_table(table)


def format_key(key: str) -> str:
    """The key as it has to be written.

    >>> format_key("a-b"), format_key("a.b")
    ('a-b', '"a.b"')
    """
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def format_value(value: object) -> str:
    """A value on one line.

    >>> format_value({"git": "x", "tags": ["a"], "ok": True})
    '{ git = "x", tags = ["a"], ok = true }'
    """
    if isinstance(value, dict):
        inside = ", ".join(f"{format_key(key)} = {format_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(format_value(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _dotted(path: Path) -> str:
    return ".".join(format_key(part) for part in path)


def _assign(table: dict[str, object], path: Path, value: object) -> bool:
    """Whether it could be done: what is on the way has to be a table, or not there."""
    inner = table.get(path[0], {})
    if len(path) == 1:
        table[path[0]] = value
        return True
    if not isinstance(inner, dict) or not _assign(inner, path[1:], value):
        return False
    table[path[0]] = inner
    return True


def _cut(table: dict[str, object], path: Path) -> None:
    for part in path[:-1]:
        inner = table[part]
        assert isinstance(inner, dict)
        table = inner
    del table[path[-1]]
