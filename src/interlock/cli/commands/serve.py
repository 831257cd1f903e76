"""``interlock serve``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from interlock.cli.call import Call
from interlock.cli.loading import load
from interlock.cli.render import Terminal
from interlock.cli.services import data_folder, load_server

__all__ = ["run"]

_TOLD = {
    "warned": "{message}",
    "bug": "{error}",
    "not-reloaded": "The configuration was not read again: {message}",
    "reloaded": "The configuration was read again.",
    "draining": "Ending: nothing new is begun.",
    "cut": "{requests} requests were cut off.",
    "swept": "Dropped {entries} entries with {bytes} bytes.",
    "ended": "Ended.",
}
"""What a person is told of an event; of others only with ``-v``."""
_WARNINGS = frozenset({"warned", "bug", "not-reloaded", "cut"})


async def run(call: Call) -> int:
    """Serve until a signal ends it, which is how it ends well: 0."""
    serving = load_server("serving")
    endpoint = load_server("listening").parse_listen(call.text("listen") or "127.0.0.1:0", call.context.place.directory)
    folder = load("interlock.service.state.data_folder").open_folder(data_folder(call))
    file = call.text("config")
    start = serving.Start(
        endpoint=endpoint,
        folder=folder,
        file=call.context.place.path(file) if file else None,
        workers=getattr(call.values, "workers", None) or call.context.means.processors,
        means=call.context.means,
        clock=time.time,
        log=load_server("log").Log(_writer(call.terminal), time.time),
    )
    await serving.run_service(start, lambda announcement: _announce(call, folder.root, announcement))
    return 0


def _writer(terminal: Terminal) -> Callable[[Mapping[str, object]], None]:
    def write(event: Mapping[str, object]) -> None:
        if terminal.logs:
            terminal.log(msgspec.json.encode(event, enc_hook=str).decode())
            return
        kind = str(event["event"])
        if kind in _WARNINGS:
            terminal.warn(_TOLD[kind].format(**event))
        elif kind in _TOLD:
            terminal.say(_TOLD[kind].format(**event))
        elif kind == "request":
            terminal.detail("{status} {method} {path} {seconds}s {client}".format(**event))
        else:
            terminal.detail(msgspec.json.encode(event, enc_hook=str).decode())
        terminal.err.flush()

    return write


def _announce(call: Call, folder: Path, announcement: Any) -> None:
    """Say where it listens, and write what a client has to set: two lines for a shell."""
    endpoint = announcement.endpoint
    scheme = "https" if announcement.is_secure else "http"
    path = endpoint.path
    url = f"http+unix://{quote(str(path), safe='')}" if path is not None else f"{scheme}://{endpoint}"
    token = announcement.first_token
    kept = folder / "token" if announcement.has_first_token else None
    if not call.terminal.logs:
        call.terminal.say(f"Listening on {url}, data in {folder}. Clients set:")
    if call.json:
        call.document({"url": url, "data": folder, "token": token, "token_file": kept})
    else:
        call.terminal.data(f"export INTERLOCK_SERVICE={url}")
        if token is not None:
            call.terminal.data(f"export INTERLOCK_SERVICE_TOKEN={token}")
        elif kept is not None:
            call.terminal.data(f"export INTERLOCK_SERVICE_TOKEN=$(cat '{kept}')")
        else:
            call.terminal.say(f"A token comes from `interlock serve token create --data {folder}`.")
    call.terminal.out.flush()
