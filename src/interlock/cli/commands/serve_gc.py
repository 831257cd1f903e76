"""``interlock serve gc``."""

from __future__ import annotations

import time

from msgspec.structs import replace

from interlock.cli.call import Call
from interlock.cli.services import data_folder
from interlock.service.server.configuration_file import load_configuration
from interlock.service.state.data_folder import open_folder
from interlock.service.state.retention import Retention
from interlock.service.state.room import Room

__all__ = ["run"]


def run(call: Call) -> int:
    """What was uploaded and the tokens stay, whatever they take."""
    file = call.text("config")
    retention = load_configuration(call.context.place.path(file)).retention if file else Retention()
    given = {"max_store_bytes": call.values.max_bytes, "max_idle_days": call.values.max_idle_days}
    retention = replace(retention, **{name: value for name, value in given.items() if value is not None})
    folder = open_folder(data_folder(call))
    room = Room(folder, retention, time.time)
    freed = room.sweep()
    if call.json:
        call.document({"entries": freed.entries, "bytes": freed.bytes, "kept": room.used})
    else:
        call.terminal.say(f"Dropped {freed.entries} entries with {freed.bytes} bytes; {room.used} are kept.")
    return 0
