"""The time that builds shall see, so that two builds of the same tree give the same bytes (SOURCE_DATE_EPOCH)."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from interlock.core.text.numbers import whole_number
from interlock.errors import ManifestError
from interlock.git.command import GitCommand
from interlock.workspace.members import Workspace

__all__ = ["InvalidBuildTable", "is_of_commit", "source_date_epoch"]

_FIXED = 1_580_601_600
"""2020-02-02, which hatchling uses too. A commit's time would make every commit rebuild every member."""
_LATEST = 4_354_819_199
"""The last second that a zip file can hold."""


class InvalidBuildTable(ManifestError):
    """``[tool.interlock.build]``, or the variable in its place, has a value that cannot be used."""

    code = "invalid-build-table"


async def source_date_epoch(environ: Mapping[str, str], workspace: Workspace) -> int:
    """The caller's ``SOURCE_DATE_EPOCH``, else what ``build.source-date-epoch`` of the root says: ``"commit"``, a
    number, or nothing for a fixed day.

    Raises :class:`InvalidBuildTable`.
    """
    given = environ.get("SOURCE_DATE_EPOCH")
    if given:
        seconds = whole_number(given)
        if seconds is None:
            raise InvalidBuildTable(f"The variable SOURCE_DATE_EPOCH is {given!r}; it has to be seconds since 1970.")
        return seconds
    said = _said(workspace)
    if said is None:
        return _FIXED
    if said == "commit":
        git = GitCommand(environ, limiter=anyio.CapacityLimiter(1))
        output = await git.run("log", "-1", "--format=%ct", cwd=workspace.root)
        return int(output.stdout.strip() or _FIXED)
    if isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= _LATEST:
        return said
    raise InvalidBuildTable(
        f"`source-date-epoch` in [tool.interlock.build] is {said!r}.",
        hint='Write "commit", or seconds since 1970; without it a fixed day is used.',
    )


def is_of_commit(workspace: Workspace) -> bool:
    """Whether the time that builds see may move with every commit."""
    return _said(workspace) == "commit"


def _said(workspace: Workspace) -> object:
    table = workspace.manifest.kept.get("build")
    return table.get("source-date-epoch") if isinstance(table, dict) else None
