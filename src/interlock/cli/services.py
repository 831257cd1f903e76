"""What the commands of the service share: its extra, and its data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interlock.cli.call import Call
from interlock.cli.loading import load
from interlock.cli.places import data_home
from interlock.errors import ServiceError
from interlock.workspace.home import NoHome, expanded

__all__ = ["ServeExtraMissing", "data_folder", "load_server"]


class ServeExtraMissing(ServiceError):
    code = "serve-extra-missing"


def data_folder(call: Call) -> Path:
    """Where the service keeps what it has: --data, else a folder of the user's."""
    given = call.text("data")
    if given:
        return call.context.place.path(str(expanded(given)))
    place = data_home()
    if not place:
        raise NoHome("The data folder of the service")
    return Path(place) / "service"


def load_server(module: str) -> Any:
    """A module of the server. Raises :class:`ServeExtraMissing` where its libraries are not installed."""
    try:
        return load(f"interlock.service.server.{module}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "interlock":
            raise
        raise ServeExtraMissing(
            f"The service needs `{missing}`, which is not installed.",
            hint="Install the extra: `pip install interlock[serve]`.",
            facts={"missing": missing},
        ) from error
