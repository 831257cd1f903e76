"""The log: what happens, as events with facts. Secrets are taken out here, and nowhere else has to think of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from interlock.errors import redact
from interlock.service.state.tokens import redact_tokens

__all__ = ["Log", "without_secrets"]


class Log:
    """Hands each event to a surface, as data: ``event``, the time in seconds since 1970, and its facts."""

    def __init__(self, write: Callable[[Mapping[str, object]], None], clock: Callable[[], float]) -> None:
        self._write = write
        self._clock = clock

    def __repr__(self) -> str:
        return "<Log>"

    def event(self, event: str, **facts: object) -> None:
        clean = {name: without_secrets(value) for name, value in facts.items()}
        self._write({"event": event, "time": round(self._clock(), 3), **clean})


def without_secrets(value: object) -> object:
    """The value with tokens and the logins of addresses hidden, in texts and in what holds texts.

    >>> without_secrets({"url": "https://ann:secret@index.test/"})
    {'url': 'https://****@index.test/'}
    """
    if isinstance(value, str):
        return redact_tokens(redact(value))
    if isinstance(value, Mapping):
        return {name: without_secrets(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(one) for one in value]
    return value
