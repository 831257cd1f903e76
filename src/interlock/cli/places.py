"""Where the user's own files are, whether they exist or not."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import platformdirs

from interlock.workspace.home import NoHome

__all__ = ["NOWHERE", "auth_file", "cache_home", "data_home", "home_directory", "to_write", "user_file"]

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
