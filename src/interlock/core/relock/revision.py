"""The resolution revision: a number that is raised whenever any lock could come out differently.

Two versions of Interlock that have the same revision make the same bytes of the same question, so one may answer for
the other. See DECISIONS.md ("The resolution revision") for when to raise it.
"""

from __future__ import annotations

__all__ = ["RESOLUTION_REVISION"]

RESOLUTION_REVISION = 3
