"""The configuration that a command is to work with: of its file, or without one."""

from __future__ import annotations

from pathlib import Path

from interlock.means import Means
from interlock.service.server.configuration import Configuration, served_pypi
from interlock.service.server.configuration_file import load_configuration

__all__ = ["configured"]


def configured(file: Path | None, means: Means) -> Configuration:
    """Without a file it is PyPI alone, from where this machine has it. Raises :class:`BadConfiguration`."""
    pypi = next((index.url for index in means.settings.resolving.indexes if index.default), "")
    return Configuration(indexes=(served_pypi(pypi),)) if file is None else load_configuration(file, pypi)
