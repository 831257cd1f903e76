"""Where the user's own files are, whether they exist or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import platformdirs

from interlock.workspace.home import NoHome

__all__ = [
    "NOWHERE",
    "auth_file",
    "cache_home",
    "data_home",
    "home_directory",
    "pack_key_files",
    "to_write",
    "user_file",
]

if sys.platform != "win32":
    import pwd

_PACK_KEYS = "pack-keys"
NOWHERE = Path(os.devnull) / "interlock"
"""Where the files are of those who have no home directory: there never is one."""


def home_directory(environ: Mapping[str, str]) -> Path | None:
    """Of whoever runs this; None for a user that the machine does not know, as in many containers."""
    for place in (environ.get("HOME"), environ.get("USERPROFILE"), os.path.expanduser("~")):
        if place and os.path.isabs(place):
            return Path(place)
    return None


def cache_home() -> str:
    """Where the store is unless somebody says otherwise; empty when there is no such place."""
    return _of_user(platformdirs.user_cache_dir)


def data_home() -> str:
    """Where what must not be lost is kept; empty when there is no such place."""
    return _of_user(platformdirs.user_data_dir)


def user_file(environ: Mapping[str, str]) -> Path:
    """Settings: ``config.toml``."""
    place = environ.get("INTERLOCK_CONFIG_FILE")
    return Path(place) if place else _home() / "config.toml"


def auth_file(environ: Mapping[str, str]) -> Path:
    """Logins: ``auth.toml``, which nobody else may read."""
    place = environ.get("INTERLOCK_AUTH_FILE")
    return Path(place) if place else _home() / "auth.toml"


def pack_key_files() -> tuple[str, ...]:
    """Keys for packs: the system's ``pack-keys`` and the user's, wherever variables say that configuration is.

    What sets variables, like the workflow of a CI, must not say whom to believe.
    """
    if sys.platform == "win32":
        # Asked of the system, which no variable changes.
        return (os.path.join(platformdirs.user_config_dir("interlock", appauthor=False), _PACK_KEYS),)
    files = [f"/etc/interlock/{_PACK_KEYS}"]
    with suppress(KeyError):
        files.append(os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".config", "interlock", _PACK_KEYS))
    return tuple(files)


def to_write(path: Path) -> Path:
    """One of the user's files, where it can be at all. Raises :class:`~interlock.workspace.home.NoHome`."""
    if NOWHERE in path.parents:
        raise NoHome("What is kept for you")
    return path


def _home() -> Path:
    place = _of_user(platformdirs.user_config_dir)
    return Path(place) if place else NOWHERE


def _of_user(find: Callable[..., str]) -> str:
    try:
        place = find("interlock", appauthor=False)
    except RuntimeError:
        # So say some versions that there is no home directory; others give a path that begins with `~`.
        return ""
    return place if os.path.isabs(place) else ""
