"""Locks on what belongs to a workspace: its manifests and lock together, and each environment.

They are kept with the machine's temporary files and not in the store, because two processes with different stores may
work on one workspace. What an environment needs from its scan to its last rename is locked inside of it as well.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

__all__ = ["environment_guard", "workspace_guard"]


def workspace_guard(root: Path) -> Path:
    """What is held while the manifests and the lock of a workspace are read to be changed."""
    return _place("workspace", root)


def environment_guard(path: Path) -> Path:
    """What is held while an environment is looked for, made and brought up to date."""
    return _place("environment", path)


def _place(kind: str, path: Path) -> Path:
    user = os.getuid() if hasattr(os, "getuid") else "user"
    key = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Path(tempfile.gettempdir()) / f"interlock-{user}" / f"{kind}-{key}"
