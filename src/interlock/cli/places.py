"""Where the user's own files are, whether they exist or not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import platformdirs

__all__ = ["auth_file", "user_file"]


def user_file(environ: Mapping[str, str]) -> Path:
    """Settings: ``config.toml``."""
    place = environ.get("INTERLOCK_CONFIG_FILE")
    return Path(place) if place else _home() / "config.toml"


def auth_file(environ: Mapping[str, str]) -> Path:
    """Logins: ``auth.toml``, which nobody else may read."""
    place = environ.get("INTERLOCK_AUTH_FILE")
    return Path(place) if place else _home() / "auth.toml"


def _home() -> Path:
    return Path(platformdirs.user_config_dir("interlock", appauthor=False))
