"""The user's own files: ``config.toml`` with settings, and ``auth.toml`` with logins, which nobody else may read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

from interlock.cli.places import auth_file, to_write
from interlock.core.toml.document import TomlDocument, format_value
from interlock.errors import InterlockError
from interlock.settings.given import UserSettings
from interlock.store.replace import replace_file

__all__ = [
    "AuthFileError",
    "forget_login",
    "read_logins",
    "store_login",
    "what_fits",
    "write_private",
]


_KINDS = ((bool, "true or false"), (int, "a whole number"), (float, "a number"), (str, "a text"))


class AuthFileError(InterlockError):
    code = "auth-file"


def what_fits(key: str) -> str:
    """What a setting of the user's file may be, in words.

    >>> what_fits("http-retries"), what_fits("progress"), what_fits("env"), what_fits("find-links")
    ('a whole number from 0 on', 'true or false', 'shared or member', 'a list')
    """
    hint = get_type_hints(UserSettings, include_extras=True)[key.replace("-", "_")]
    if get_origin(hint) is tuple:
        return "a list"
    kinds = [kind for kind in (hint, *get_args(hint)) if kind is not type(None)]
    for kind in kinds:
        if described := [meta.description for meta in getattr(kind, "__metadata__", ())]:
            return str(described[0])
        if get_origin(kind) is Literal:
            *most, last = get_args(kind)
            return f"{', '.join(most)} or {last}"
    return next(words for kind, words in _KINDS if kind in kinds)


def read_logins(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """User names and passwords by the name of an index. Raises :class:`AuthFileError`."""
    path = auth_file(environ)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise AuthFileError(f"{path} cannot be read.", hint="Remove it and log in again.") from error
    table = document.get("index", {})
    return {
        name: (str(entry.get("username", "")), str(entry.get("password", "")))
        for name, entry in (table.items() if isinstance(table, dict) else ())
        if isinstance(entry, dict)
    }


def store_login(environ: Mapping[str, str], name: str, user: str, password: str) -> Path:
    path = auth_file(environ)
    document = TomlDocument(path.read_bytes() if path.exists() else b"", str(path))
    document.set(("index", name), format_value({"username": user, "password": password}))
    write_private(path, document.data)
    return path


def forget_login(environ: Mapping[str, str], name: str) -> bool:
    """False when there was none."""
    path = auth_file(environ)
    if not path.exists():
        return False
    document = TomlDocument(path.read_bytes(), str(path))
    found = document.delete(("index", name))
    if found:
        write_private(path, document.data)
    return found


def write_private(path: Path, data: bytes) -> None:
    """Replace a file at once by one that only its owner may read."""
    to_write(path).parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data, mode=0o600)
