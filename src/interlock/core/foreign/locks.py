"""Locks of other tools as pins: of Poetry, uv, PDM and Pipenv, ``pylock.toml``, and pinned lists of requirements."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable

import msgspec

from interlock.core.editing.requirement_wishes import parse_requirements_file
from interlock.core.foreign.poetry_forks import forks_of_poetry
from interlock.core.lock.pins import Pin
from interlock.core.names import is_name, normalize_name
from interlock.core.requirements.requirement import Requirement
from interlock.core.text.encoding import decode_text
from interlock.errors import ManifestError

__all__ = ["FOREIGN_LOCKS", "UnreadableLock", "parse_foreign_lock"]

FOREIGN_LOCKS = ("poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")


class UnreadableLock(ManifestError):
    """Another tool's lock that cannot be read."""

    code = "unreadable-lock"


def parse_foreign_lock(file: str, data: bytes, requirements: Iterable[Requirement] = ()) -> tuple[Pin, ...]:
    """The pins of a lock, judged by its name. Raises :class:`UnreadableLock`.

    ``requirements`` are those of the project that it is the lock of: some locks cannot be understood without.
    """
    try:
        text = decode_text(data)
        if not file.endswith((".lock", ".toml")):
            return _requirements(text)
        document = _pipfile_lock(text) if file == "Pipfile.lock" else tomllib.loads(text)
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        raise UnreadableLock(f"{file} cannot be read: {error}.") from error
    packages = document.get("package", document.get("packages", []))
    if not isinstance(packages, list):
        raise UnreadableLock(f"{file} has no list of packages.")
    entries = [entry for entry in packages if isinstance(entry, dict)]
    pins = tuple(pin for entry in entries if (pin := _pin(entry)) is not None)
    if file != "poetry.lock" or any("groups" in entry for entry in entries):
        return pins
    forks = forks_of_poetry(entries, requirements)
    return tuple(
        msgspec.structs.replace(pin, markers=(forks[pin.name, pin.version],))
        if forks.get((pin.name, pin.version))
        else pin
        for pin in pins
    )


def _pipfile_lock(text: str) -> dict[str, object]:
    """Its packages in the shape of the others: Pipenv has a table by name for each group."""
    document = msgspec.json.decode(text, type=dict[str, dict[str, object]])
    packages: list[dict[str, object]] = []
    for group, found in document.items():
        for name, entry in found.items() if group != "_meta" else ():
            version = entry.get("version") if isinstance(entry, dict) else None
            if isinstance(entry, dict) and isinstance(version, str):
                packages.append({**entry, "name": name, "version": version.removeprefix("==")})
    return {"package": packages}


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
    """Where a package is used: uv's forks, Poetry's markers (of all groups that need it), PDM's and pylock's marker."""
    forks = entry.get("resolution-markers")
    if isinstance(forks, list):
        return tuple(str(fork) for fork in forks)
    for key in ("markers", "marker"):
        found = entry.get(key)
        if isinstance(found, str):
            return (found,)
        if isinstance(found, dict):
            groups = entry.get("groups")
            if isinstance(groups, list) and not all(isinstance(group, str) and group in found for group in groups):
                return ()  # one of the groups needs it everywhere
            return tuple(dict.fromkeys(str(marker) for marker in found.values()))
    return ()


def _requirements(text: str) -> tuple[Pin, ...]:
    wishes, _ = parse_requirements_file(text)
    return tuple(
        Pin(
            name=wish.normalized,
            version=wish.specifier.lstrip("="),
            markers=(wish.marker,) if wish.marker else (),
        )
        for wish in wishes
        if wish.name and wish.specifier.startswith("==") and "," not in wish.specifier and "*" not in wish.specifier
    )
