"""How a client speaks to its service, and what it makes of a service that refuses."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from interlock.core.settings.service import service_place
from interlock.index.fetcher import FetchOptions, Response
from interlock.means import Means
from interlock.toolchain.client import fetch_options

__all__ = ["LONGEST_WAIT", "MOST_WAITS", "Connection", "Unusable", "patience", "refusal", "refusal_code", "said"]

_PATIENCE = 60.0
"""Seconds for the connection alone: who listens for what comes notices a silence before."""
_REASON = 200
"""Characters of a service's own words that are repeated."""
MOST_WAITS = 3
LONGEST_WAIT = 5.0
"""Seconds, of a service that asks to be asked again later."""


class Unusable(Exception):
    """The service does not answer this; says why in words that follow the service's name."""


class Connection:
    """Where the service is, how it is reached, and who asks."""

    def __init__(self, means: Means) -> None:
        service = means.settings.service
        self.base, socket = service_place(service.url)
        options = replace(fetch_options(means), connect_timeout=_PATIENCE, read_timeout=_PATIENCE, socket=socket)
        if socket:  # which no proxy could reach
            options = replace(options, http_proxy="", https_proxy="")
        self.options: FetchOptions = options
        self.login = {"authorization": f"Bearer {service.token}"} if service.token else {}

    def __repr__(self) -> str:
        return f"<Connection to {self.base}>"


def refusal(response: Response) -> str:
    """What a service that refused said, on one line."""
    message = _error(response.body).get("message")
    return f"it answered {response.status} ({said(str(message))})" if message else f"it answered {response.status}"


def refusal_code(response: Response) -> str:
    """The code of what a service refused; empty where it says none."""
    return str(_error(response.body).get("code", ""))


def _error(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, dict[str, object]])["error"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return {}


def said(message: str) -> str:
    """Somebody else's words on one line without anything that a terminal acts on."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in message).split())
    return text[:_REASON].rstrip(".")


def patience(response: Response) -> float:
    """Seconds after which to ask again."""
    text = response.headers.get("retry-after", "")
    return min(float(text), LONGEST_WAIT) if text.isdigit() and len(text) < 6 else 1.0
