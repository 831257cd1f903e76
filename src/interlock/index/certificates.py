"""Certificates that are trusted besides the platform's own (PEM, RFC 7468)."""

from __future__ import annotations

import os

__all__ = ["read_certificates"]

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def read_certificates(path: str) -> list[bytes]:
    """Every certificate in a file, or in the files of a directory; each once, none when the path is empty.

    Raises :class:`OSError` when there is no such path.
    """
    if not path:
        return []
    paths = sorted(entry.path for entry in os.scandir(path) if entry.is_file()) if os.path.isdir(path) else [path]
    found: list[bytes] = []
    for name in paths:
        with open(name, "rb") as file:
            parts = file.read().split(_BEGIN)[1:]
        found += [_BEGIN + part.partition(_END)[0] + _END + b"\n" for part in parts]
    return list(dict.fromkeys(found))
