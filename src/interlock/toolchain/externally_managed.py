"""Refusing to install where an interpreter's own package manager asks to be left alone (PEP 668)."""

from __future__ import annotations

from configparser import ConfigParser
from configparser import Error as ConfigParserError
from pathlib import Path

from interlock.envs.environments import VirtualEnvironment
from interlock.errors import EnvironmentFailure

__all__ = ["ExternallyManaged"]


class ExternallyManaged(EnvironmentFailure):
    """An installation that only its own package manager may change (PEP 668)."""

    code = "externally-managed"

    def __init__(self, environment: VirtualEnvironment) -> None:
        said = _words_of(Path(environment.interpreter.stdlib) / "EXTERNALLY-MANAGED")
        super().__init__(
            f"{environment.root} is left alone: its Python is managed by something else."
            + "".join(f"\n  {line}" for line in said.splitlines()),
            hint="Use an environment (`interlock sync` makes one), or insist with --break-system-packages.",
            facts={"path": str(environment.root), "said": said},
        )


def _words_of(file: Path) -> str:
    """What the managers of an installation say of it."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(file, encoding="utf-8")
    except (ConfigParserError, UnicodeDecodeError):
        return ""
    return parser.get("externally-managed", "Error", fallback="").strip()
