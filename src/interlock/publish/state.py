"""What of a release was uploaded, written down after each file so that an interrupted one can be resumed.

::

    dist/.interlock-publish.json    {"repository": ..., "files": {"<name>": "<sha256>"}}
"""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from interlock.publish.distribution import Distribution
from interlock.store.replace import replace_file

__all__ = ["STATE_FILE", "PublishState"]

STATE_FILE = ".interlock-publish.json"


class _Written(msgspec.Struct):
    repository: str
    files: dict[str, str]


class PublishState:
    """The state file of an output directory; blocking, but small."""

    def __init__(self, folder: Path, repository: str, *, resume: bool) -> None:
        self._path = folder / STATE_FILE
        self._guard = threading.Lock()
        self._written = self._load(repository) if resume else _Written(repository, {})

    def __repr__(self) -> str:
        return f"<PublishState {self._path} [{len(self._written.files)} files]>"

    def _load(self, repository: str) -> _Written:
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=_Written)
        except (OSError, msgspec.MsgspecError):
            return _Written(repository, {})
        return found if found.repository == repository else _Written(repository, {})

    def has(self, distribution: Distribution) -> bool:
        """Whether this very file was uploaded to the same place before."""
        return self._written.files.get(distribution.filename) == distribution.sha256

    def add(self, distribution: Distribution) -> None:
        """Note a file that arrived; safe to call from several threads."""
        with self._guard:
            self._written.files[distribution.filename] = distribution.sha256
            replace_file(self._path, msgspec.json.format(msgspec.json.encode(self._written), indent=2) + b"\n")

    def finish(self) -> None:
        """Everything arrived: there is nothing to resume."""
        self._path.unlink(missing_ok=True)
