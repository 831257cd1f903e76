"""Inline metadata of a script (PEP 723): read, and changed in place."""

from __future__ import annotations

import re
import tomllib

import msgspec

from interlock.core.editing.toml_array import insert, items, literal, remove, replace
from interlock.core.editing.toml_document import TomlDocument
from interlock.errors import ManifestError

__all__ = ["BadScript", "ScriptMetadata", "change_dependencies", "parse_script"]

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)[ \t]*\r?$\s(?P<content>(^#(| .*)\r?$\s)+)^# ///[ \t]*\r?$")


class BadScript(ManifestError):
    """A script whose metadata cannot be used."""

    code = "bad-script"


class ScriptMetadata(msgspec.Struct, frozen=True, kw_only=True):
    requires_python: str = ""
    dependencies: tuple[str, ...] = ()


def parse_script(data: bytes, file: str) -> ScriptMetadata | None:
    """The metadata of a script, None when it has none. Raises :class:`BadScript`."""
    text = _text(data, file)
    match = _find(text, file)
    if match is None:
        return None
    try:
        document = tomllib.loads(_content(match["content"]))
    except tomllib.TOMLDecodeError as error:
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
    text = _text(data, file)
    crlf = "\r\n" in text
    text = text.replace("\r\n", "\n")
    match = _find(text, file)
    if match is None:
        head = re.match(r"(#!.*\n)?", text)
        position = head.end() if head is not None else 0
        content = (
            f'requires-python = "{requires_python}"\ndependencies = []\n' if requires_python else "dependencies = []\n"
        )
        changed = _changed(content, file, add, drop)
        text = f"{text[:position]}{_block(changed)}\n{text[position:]}"
    else:
        changed = _changed(_content(match["content"]), file, add, drop)
        text = f"{text[: match.start()]}{_block(changed).rstrip()}{text[match.end() :]}"
    return (text.replace("\n", "\r\n") if crlf else text).encode()


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


def _block(content: str) -> str:
    lines = [f"# {line}".rstrip() for line in content.rstrip("\n").split("\n")]
    return "\n".join(("# /// script", *lines, "# ///", ""))


def _content(block: str) -> str:
    lines = block.replace("\r\n", "\n").splitlines(keepends=True)
    return "".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)


def _find(text: str, file: str) -> re.Match[str] | None:
    found = [match for match in _BLOCK.finditer(text) if match["type"] == "script"]
    if len(found) > 1:
        raise BadScript(f"{file} has more than one `script` block.")
    return found[0] if found else None


def _text(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadScript(f"{file} is not UTF-8.") from error
