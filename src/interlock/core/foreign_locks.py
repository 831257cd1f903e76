"""Locks of other tools (``poetry.lock``, ``uv.lock``, ``pdm.lock``, ``pylock.toml``, ``requirements.txt``) as pins."""

from __future__ import annotations

import tomllib

from interlock.core.editing.requirement_wishes import parse_requirements_file
from interlock.core.names import is_name, normalize_name
from interlock.core.pins import Pin
from interlock.errors import ManifestError

__all__ = ["FOREIGN_LOCKS", "UnreadableLock", "parse_foreign_lock"]

FOREIGN_LOCKS = ("poetry.lock", "uv.lock", "pdm.lock", "pylock.toml")


class UnreadableLock(ManifestError):
    """Another tool's lock that cannot be read."""

    code = "unreadable-lock"


def parse_foreign_lock(file: str, data: bytes) -> tuple[Pin, ...]:
    """The pins of a lock, judged by its name. Raises :class:`UnreadableLock`."""
    try:
        text = data.decode("utf-8-sig")
        if not file.endswith((".lock", ".toml")):
            return _requirements(text)
        document = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableLock(f"{file} cannot be read: {error}.") from error
    packages = document.get("package", document.get("packages", []))
    if not isinstance(packages, list):
        raise UnreadableLock(f"{file} has no list of packages.")
    return tuple(pin for entry in packages if isinstance(entry, dict) and (pin := _pin(entry)) is not None)


def _pin(entry: dict[str, object]) -> Pin | None:
    name, version = entry.get("name"), entry.get("version")
    if not isinstance(name, str) or not is_name(name) or not isinstance(version, str):
        return None
    source = entry.get("source")
    kinds = set(source) if isinstance(source, dict) else set()
    local = bool(kinds & {"editable", "virtual", "directory"} or entry.get("path") or entry.get("directory"))
    if isinstance(source, dict) and source.get("type") == "directory":
        local = True
    return Pin(name=normalize_name(name), version=version, markers=_markers(entry), local=local)


def _markers(entry: dict[str, object]) -> tuple[str, ...]:
    forks = entry.get("resolution-markers")
    if isinstance(forks, list):
        return tuple(str(fork) for fork in forks)
    return ()


def _requirements(text: str) -> tuple[Pin, ...]:
    wishes, _ = parse_requirements_file(text)
    return tuple(
        Pin(name=wish.normalized, version=wish.specifier.lstrip("="))
        for wish in wishes
        if wish.name and wish.specifier.startswith("==") and "," not in wish.specifier and "*" not in wish.specifier
    )
