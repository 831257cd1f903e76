"""The Python that a directory is pinned to: ``.python-version``."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.core.text.encoding import decode_text
from interlock.envs.discovery import parse_request
from interlock.errors import InterlockError, UsageError
from interlock.store.replace import replace_file

__all__ = ["PIN", "BadPin", "NoPin", "PythonPin", "find_pin", "remove_pin", "write_pin"]

PIN = ".python-version"


class BadPin(UsageError):
    code = "bad-pin"


class NoPin(InterlockError):
    code = "no-pin"


class PythonPin(msgspec.Struct, frozen=True):
    path: Path
    text: str


def find_pin(start: Path, root: Path | None) -> PythonPin | None:
    """The nearest ``.python-version`` from a directory up to the workspace's root (up to the top without one)."""
    for directory in (start, *start.parents):
        path = directory / PIN
        try:
            text = decode_text(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            pass
        except UnicodeDecodeError as error:
            raise BadPin(f"{path} is not text.", hint="Write it anew with `interlock python pin VERSION`.") from error
        else:
            return PythonPin(path, text)
        if directory == root:
            break
    return None


def write_pin(directory: Path, request: str) -> PythonPin:
    """Pin a request in the directory; a version is written as it was asked for.

    Raises :class:`BadPin` for a path, which would mean nothing to others.
    """
    wanted = parse_request(request)
    if wanted.path:
        raise BadPin(f"`{request}` is a path, which means nothing on other machines.", hint="Pin a version: 3.12.")
    if "\n" in request:
        raise BadPin("A pin is one line.")
    path = directory / PIN
    replace_file(path, f"{request}\n".encode())
    return PythonPin(path, f"{request}\n")


def remove_pin(start: Path, root: Path | None) -> PythonPin | None:
    """Forget the nearest pin of the workspace; None when there is none."""
    pin = find_pin(start, root or start)
    if pin is not None:
        pin.path.unlink()
    return pin
