"""Errors on the wire: one that was raised at one end is raised at the other as the same."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getmro

import msgspec

from interlock import errors
from interlock.errors import InterlockError

__all__ = ["RemoteError", "described", "revived"]

_FAMILIES: dict[str, type[InterlockError]] = {
    kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, InterlockError)
}


class RemoteError(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """All that people and programs are told of an error."""

    code: str
    message: str
    hint: str | None = None
    facts: dict[str, object] = {}
    exit_code: int = 1
    family: str = InterlockError.code
    """The code of the family that it belongs to (:mod:`interlock.errors`)."""


def described(error: InterlockError) -> RemoteError:
    """An error as it goes over the wire; its facts become plain JSON values."""
    family = next(kind for kind in getmro(type(error)) if _FAMILIES.get(getattr(kind, "code", "")) is kind)
    return RemoteError(
        code=error.code,
        message=error.message,
        hint=error.hint,
        facts=msgspec.json.decode(msgspec.json.encode(error.facts), type=dict[str, object]),
        exit_code=error.exit_code,
        family=family.code,
    )


def revived(remote: RemoteError) -> InterlockError:
    """The error to raise: of its own class where that is loaded, else of one that differs in nothing but its name."""
    family = _FAMILIES.get(remote.family, InterlockError)
    same = (kind for kind in _below(family) if kind.code == remote.code and kind.exit_code == remote.exit_code)
    kind = next(same, None)
    if kind is None:
        kind = type("Remote", (family,), {"code": remote.code, "exit_code": remote.exit_code})
    error = kind.__new__(kind)
    # Some make their message themselves, of what only those have who raise them.
    InterlockError.__init__(error, remote.message, hint=remote.hint, facts=dict(remote.facts))
    return error


def _below(kind: type[InterlockError]) -> Iterator[type[InterlockError]]:
    yield kind
    for found in kind.__subclasses__():
        yield from _below(found)
