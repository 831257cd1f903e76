"""Keyrings: the password store of the user's desktop, through the ``keyring`` library or its command line.

``subprocess`` asks the program ``keyring`` on ``PATH``, which may be installed anywhere; ``import`` asks the library
beside Interlock; ``auto`` takes the library if it is there and else the program. A keyring that fails
when it is asked knows nothing; one that fails to take a login is an error.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Protocol

from interlock.core.sources.addresses import parts_of
from interlock.errors import InterlockError

__all__ = ["KeyringFailed", "OpenKeyring", "open_keyring"]

_PATIENCE = 60.0
"""Seconds for a person to unlock it."""
_INSTEAD = "Unlock it, or store logins in a file of your own with --keyring-provider disabled."


class KeyringFailed(InterlockError):
    """A keyring did not take, or did not give up, a login."""

    code = "keyring-failed"


def open_keyring(provider: str, environ: Mapping[str, str]) -> OpenKeyring | None:
    """The keyring of a ``--keyring-provider``; None when none is to be asked."""
    if provider == "disabled":
        return None
    library = _library() if provider in {"auto", "import"} else None
    if library is not None or provider == "import":
        return library
    program = shutil.which("keyring", path=environ.get("PATH"))
    return None if program is None else _Program(program, environ)


class OpenKeyring(Protocol):
    """A :data:`interlock.index.auth.Keyring` that can be written to, under the URL of an index."""

    def __call__(self, url: str, user: str, /) -> tuple[str, str] | None: ...

    def store(self, url: str, user: str, password: str) -> None:
        """Raises :class:`KeyringFailed`."""

    def forget(self, url: str, user: str) -> bool:
        """False when there was nothing."""


def _library() -> OpenKeyring | None:
    try:
        import keyring  # noqa: PLC0415 - optional, slow to load, and wanted only after a refusal
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return None

    class Library:
        def __call__(self, url: str, user: str, /) -> tuple[str, str] | None:
            for service in _services(url):
                try:
                    found = keyring.get_credential(service, user or None)
                except KeyringError:
                    return None
                if found is not None and found.password:
                    return (found.username or user, found.password)
            return None

        def store(self, url: str, user: str, password: str) -> None:
            try:
                keyring.set_password(url, user, password)
            except KeyringError as error:
                raise KeyringFailed(f"The keyring did not take the login: {error}", hint=_INSTEAD) from error

        def forget(self, url: str, user: str) -> bool:
            try:
                keyring.delete_password(url, user)
            except KeyringError:
                return False
            return True

    return Library()


class _Program:
    def __init__(self, program: str, environ: Mapping[str, str]) -> None:
        self._program = program
        self._environ = dict(environ)

    def __repr__(self) -> str:
        return f"<Keyring {self._program}>"

    def __call__(self, url: str, user: str, /) -> tuple[str, str] | None:
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

    def store(self, url: str, user: str, password: str) -> None:
        done = self._run(["set", url, user], password)
        if done is None or done.returncode != 0:
            lines = done.stderr.decode(errors="replace").strip().splitlines() if done is not None else []
            raise KeyringFailed(
                f"{self._program} did not take the login{f': {lines[-1]}' if lines else '.'}", hint=_INSTEAD
            )

    def forget(self, url: str, user: str) -> bool:
        done = self._run(["del", url, user])
        return done is not None and done.returncode == 0

    def _ask(self, *arguments: str) -> list[str]:
        done = self._run(arguments)
        return done.stdout.decode(errors="replace").splitlines() if done is not None and done.returncode == 0 else []

    def _run(self, arguments: Sequence[str], text: str = "") -> subprocess.CompletedProcess[bytes] | None:
        """What the program answers, None when it cannot be asked; ``text`` goes to stdin, which nobody else can see."""
        try:
            return subprocess.run(
                [self._program, *arguments],
                env=self._environ,
                input=text.encode(),
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None


def _services(url: str) -> tuple[str, ...]:
    """What a login may be filed under, as pip and uv look for it: the index's URL, then its host."""
    return (url, parts_of(url).netloc)
