"""Wheels that are not for the Python they are installed for.

By their tags they are refused. By what they say of Pythons they are told: an upper bound was passed over, or nobody
looked at it.
"""

from __future__ import annotations

import os
import re

from interlock.core.markers.diagram import evaluate, requires_python_marker
from interlock.envs.environments import VirtualEnvironment
from interlock.envs.interpreters import Interpreter
from interlock.errors import InstallError
from interlock.store.archives import StoredWheel

__all__ = ["UnfittingWheel", "UnmetPythons", "requires_python"]

_HEAD = 1 << 13
"""Bytes of a METADATA file that hold its short fields; a description may be long."""
_FIELD = b"\nrequires-python:"
_BLANK_LINE = re.compile(rb"\n\r?\n")


class UnfittingWheel(InstallError):
    """A wheel is for another Python or another kind of machine than the environment's."""

    code = "unfitting-wheel"

    def __init__(self, wheel: StoredWheel, environment: VirtualEnvironment) -> None:
        python = environment.interpreter
        super().__init__(
            f"{wheel.filename} is not for the {python.markers['platform_python_implementation']} {python.version} of"
            f" {environment.root}.",
            hint="Where it was built here, its build is at fault; where it has a URL or path of its own, name another"
            " file for this Python with a marker.",
            facts={"filename": wheel.filename, "environment": str(environment.root), "python": python.version},
        )


class UnmetPythons:
    """Collects them for one environment."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self._found: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<UnmetPythons {sorted(self._found)}>"

    def look_at(self, wheel: StoredWheel) -> None:
        """Blocking."""
        text = requires_python(wheel)
        if text and not evaluate(requires_python_marker(text), self._interpreter.markers, frozenset()):
            self._found[wheel.name] = f"{wheel.name} {wheel.version} ({text})"

    def told(self) -> str:
        """One sentence for all, empty when there are none."""
        if not self._found:
            return ""
        wheels = ", ".join(self._found[name] for name in sorted(self._found))
        return f"Installed though they are not for Python {self._interpreter.version}: {wheels}."


def requires_python(wheel: StoredWheel) -> str:
    """What METADATA says, read without anything else of it; empty when it says nothing. Blocking."""
    try:
        with open(os.path.join(wheel.tree, wheel.dist_info, "METADATA"), "rb", buffering=0) as file:
            head = b"\n" + file.read(_HEAD)
    except OSError:
        return ""
    at = head.lower().find(_FIELD)
    if at < 0 or _BLANK_LINE.search(head, 1, at + 1):
        # There is none, or only a description that speaks of one.
        return ""
    value = head[at + len(_FIELD) :].partition(b"\n")[0]
    return value.partition(b"\r")[0].decode(errors="replace").strip()
