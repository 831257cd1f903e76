"""``interlock serve warm``."""

from __future__ import annotations

import time
from typing import Any

from interlock.cli.call import Call
from interlock.cli.loading import load
from interlock.cli.services import data_folder, load_server
from interlock.errors import UsageError
from interlock.store.replace import read_regular
from interlock.workspace.lockfile import LockUnreadable, read_lock

__all__ = ["LockNotNamed", "run"]


class LockNotNamed(UsageError):
    code = "lock-not-named"


async def run(call: Call) -> int:
    """1 when there are files that the indexes do not give: who installs would miss them too."""
    name, file = call.text("lock"), call.text("config")
    if not name:
        raise LockNotNamed("Which lock names what is to be fetched?", hint="Name its file: --lock interlock.lock")
    path = call.context.place.path(name)
    try:
        data = read_regular(path)
    except OSError as error:
        raise LockUnreadable(path, error) from error
    means = call.context.means
    warming = load_server("warming")
    filling = warming.Filling(
        folder=load("interlock.service.state.data_folder").open_folder(data_folder(call)),
        configuration=load_server("configured").configured(call.context.place.path(file) if file else None, means),
        means=means,
        clock=time.time,
    )
    found = await warming.fill(filling, read_lock(data, str(path)), call.terminal.detail)
    _tell(call, found)
    return 1 if found.missing else 0


def _tell(call: Call, found: Any) -> None:
    missing = [{"file": each.filename, "index": each.index, "why": each.why} for each in found.missing]
    if call.json:
        call.document({"fetched": found.fetched, "there": found.there, "missing": missing})
        return
    for each in found.missing:
        call.terminal.warn(f"{each.filename} of index `{each.index}`: {each.why}")
    call.terminal.say(f"{found.fetched} files were fetched, {found.there} were there, {len(missing)} are missing.")
