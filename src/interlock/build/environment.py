"""Build environments: where a backend runs and what it may see of the world (PEP 517, "build environment")."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol

import msgspec

__all__ = ["BuildEnvironment", "Provision", "hook_environ"]

_LEAKS = ("PYTHON", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV", "CONDA_PREFIX")
# Set while git runs one of its hooks; a backend that asks git for a version must see the tree it was given instead.
_GIT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")


class BuildEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """An interpreter that can import the build requirements."""

    python: str
    """Absolute path of the executable; inside a virtual environment unless isolation is off."""
    path: str = ""
    """Folder of its scripts, put in front of ``PATH``."""
    isolated: bool = True
    """False keeps the caller's ``PYTHON*`` variables: the user asked for no isolation."""


class Provision(Protocol):
    async def __call__(self, requirements: tuple[str, ...], /, *, purpose: str) -> BuildEnvironment:
        """Resolve and install build requirements; the same requirements give the same environment.

        ``purpose`` says for whom, for messages: ``build of foo``.
        """

    async def mend(self, environment: BuildEnvironment, said: str, /) -> bool:
        """Make an environment anew, once, that failed with these words and is damaged; whether to try again."""


def hook_environ(
    environ: Mapping[str, str],
    environment: BuildEnvironment,
    *,
    variables: Mapping[str, str] | None = None,
    source_date_epoch: int | None = None,
) -> dict[str, str]:
    """The environment variables a backend sees: the caller's without what would leak packages into the build.

    A ``SOURCE_DATE_EPOCH`` of the caller's wins over the one given here; ``variables`` win over everything.
    """
    if environment.isolated:
        found = {
            name: value for name, value in environ.items() if not name.upper().startswith(_LEAKS) and name not in _GIT
        }
        found["PYTHONNOUSERSITE"] = "1"
        # The environment is everybody's, and bytecode that a full disk cut off would break it for good.
        found["PYTHONDONTWRITEBYTECODE"] = "1"
    else:
        found = {name: value for name, value in environ.items() if name not in _GIT}
    # Backends print file names of any language; the platform's default may be ASCII.
    found["PYTHONIOENCODING"] = "utf-8:backslashreplace"
    if environment.path:
        found["PATH"] = os.pathsep.join(filter(None, (environment.path, found.get("PATH", ""))))
    if source_date_epoch is not None:
        found.setdefault("SOURCE_DATE_EPOCH", str(source_date_epoch))
    found.update(variables or {})
    return found
