"""Keyrings: the password store of the user's desktop, through the ``keyring`` library or its command line.

``subprocess`` asks the program ``keyring`` on ``PATH``, which may be installed anywhere; ``import`` asks the library
beside Interlock; ``auto`` takes the library if it is there and else the program. A keyring that fails knows nothing.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

__all__ = ["Keyring", "open_keyring"]

Keyring = Callable[[str, str], tuple[str, str] | None]
"""As :data:`interlock.index.auth.Keyring`: URL and user name, or empty text, to both parts of a login."""

_PATIENCE = 60.0
"""Seconds for a person to unlock it."""


def open_keyring(provider: str, environ: Mapping[str, str]) -> Keyring | None:
    """The keyring of a ``--keyring-provider``; None when none is to be asked."""
    if provider == "disabled":
        return None
    library = _library() if provider in {"auto", "import"} else None
    if library is not None or provider == "import":
        return library
    program = shutil.which("keyring", path=environ.get("PATH"))
    return None if program is None else _Program(program, environ)


def _library() -> Keyring | None:
    try:
        import keyring  # noqa: PLC0415 - optional, slow to load, and wanted only after a refusal
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return None

    def ask(url: str, user: str) -> tuple[str, str] | None:
        for service in _services(url):
            try:
                found = keyring.get_credential(service, user or None)
            except KeyringError:
                return None
            if found is not None and found.password:
                return (found.username or user, found.password)
        return None

    return ask


class _Program:
    def __init__(self, program: str, environ: Mapping[str, str]) -> None:
        self._program = program
        self._environ = dict(environ)

    def __repr__(self) -> str:
        return f"<Keyring {self._program}>"

    def __call__(self, url: str, user: str) -> tuple[str, str] | None:
        for service in _services(url):
            if user:
                lines = self._ask("get", service, user)
                if lines:
                    return (user, lines[0])
            else:
                lines = self._ask("--mode", "creds", "get", service)
                if len(lines) > 1:
                    return (lines[0], lines[1])
        return None

    def _ask(self, *arguments: str) -> list[str]:
        try:
            done = subprocess.run(
                [self._program, *arguments],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return []
        return done.stdout.decode(errors="replace").splitlines() if done.returncode == 0 else []


def _services(url: str) -> tuple[str, ...]:
    """What a login may be filed under, as pip and uv look for it: the index's URL, then its host."""
    return (url, urlsplit(url).netloc)
