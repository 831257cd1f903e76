"""Other tools, where they are: beside this Python, in the folder that ``INTERLOCK_TEST_PEERS`` names, or on PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

__all__ = ["peer"]


def peer(name: str) -> str:
    """The program, or the test is skipped; a machine that sets ``INTERLOCK_TEST_PEERS`` has to have it."""
    named = os.environ.get("INTERLOCK_TEST_PEERS", "")
    places = [str(Path(sys.executable).parent), named, os.environ.get("PATH", os.defpath)]
    found = shutil.which(name, path=os.pathsep.join(place for place in places if place))
    if found is None:
        assert not named, f"{name} is not in {named}"
        pytest.skip(f"{name} is not here")
    return found
