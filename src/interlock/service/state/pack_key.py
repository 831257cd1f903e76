"""The key that a service signs with what is in wheels; made once, and never leaving the data folder."""

from __future__ import annotations

import os

from interlock.packs.signatures import Signer, has_signatures
from interlock.packs.zstd import has_zstd
from interlock.service.state.data_folder import BadDataFolder, DataFolder
from interlock.store.space import named

__all__ = ["can_sign", "pack_signer"]

_LENGTH = 32


def can_sign() -> bool:
    """Whether what signing and compressing need is installed."""
    return has_zstd() and has_signatures()


def pack_signer(folder: DataFolder) -> Signer:
    """The signer of a data folder; blocking. Raises :class:`BadDataFolder` for a file that holds no key."""
    path = folder.pack_key
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with named(path), os.fdopen(handle, "wb") as file:
            file.write(os.urandom(_LENGTH).hex().encode() + b"\n")
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (UnicodeDecodeError, ValueError):
        secret = b""
    if len(secret) != _LENGTH:
        raise BadDataFolder(folder.root, f"its {path.name} holds no key")
    return Signer(secret)
