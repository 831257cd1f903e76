"""Files of variables for programs (``.env``), read as python-dotenv reads them, except inside single quotes.

``${NAME}`` and ``${NAME:-default}`` mean what is set already or what stands above; in single quotes they mean
themselves, as in a shell.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.errors import UsageError

if TYPE_CHECKING:
    from dotenv.parser import Binding

__all__ = ["BadEnvFile", "with_env_files"]

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class BadEnvFile(UsageError):
    code = "bad-env-file"


def with_env_files(environ: Mapping[str, str], paths: Iterable[Path]) -> dict[str, str]:
    """The variables with those of the files: a later file counts more than an earlier one, what is set already most.

    Raises :class:`BadEnvFile`.
    """
    found: dict[str, str] = {}
    for path in paths:
        _read(path, environ, found)
    return {**found, **environ}


def _read(path: Path, environ: Mapping[str, str], found: dict[str, str]) -> None:
    # Few runs name a file.
    from dotenv.parser import parse_stream  # noqa: PLC0415
    from dotenv.variables import parse_variables  # noqa: PLC0415

    for binding in parse_stream(io.StringIO(_text(path))):
        key, value, line = binding.key, binding.value, binding.original.string.strip()
        if not binding.error and key is None:
            continue
        where = f"{path}:{binding.original.line + _blank_lines(binding)}"
        if binding.error or key is None or not _is_name(key):
            raise BadEnvFile(f"{where}: `{line}` is not NAME=value.")
        if value is None:
            if key not in {*environ, *found}:
                raise BadEnvFile(f"{where}: `{line}` gives no value, and {key} is not set.", hint="Write NAME=value.")
            continue
        if not _is_literal(line):
            known = {**found, **environ}
            value = "".join(atom.resolve(known) for atom in parse_variables(value))
        if "\0" in value:
            raise BadEnvFile(f"{where}: the value of {key} holds a NUL, which no variable can.")
        found[key] = value


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadEnvFile(f"The file {path} cannot be read: {error}.") from error


def _blank_lines(binding: Binding) -> int:
    """The lines before the one that is meant: what is blank belongs to what follows."""
    text = binding.original.string
    return text[: len(text) - len(text.lstrip())].replace("\r\n", "\n").replace("\r", "\n").count("\n")


def _is_name(key: str) -> bool:
    return bool(key) and not {"=", "\0"} & set(key)


def _is_literal(line: str) -> bool:
    return line.partition("=")[2].lstrip().startswith("'")
