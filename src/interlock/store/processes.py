"""Whether a process that is told by its number is still there."""

from __future__ import annotations

import os

__all__ = ["is_running"]


def is_running(number: int) -> bool:
    """True also where that cannot be found out."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
