"""Who may say what is in a wheel: signatures with Ed25519, and the keys that somebody of this machine wrote down."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from interlock.errors import UsageError
from interlock.packs.header import Entry

__all__ = ["BadPackKey", "Keys", "Signer", "has_signatures", "read_keys"]

_KIND = "ed25519:"
_LENGTH = 32


class BadPackKey(UsageError):
    """A line of a file of keys is no key."""

    code = "bad-pack-key"

    def __init__(self, file: str, line: int) -> None:
        super().__init__(
            f"{file}:{line} is no key for packs.",
            hint="Write `ed25519:` and what `interlock serve pack-key` shows, one key to a line, or nothing.",
            facts={"file": file, "line": line},
        )


class Keys:
    """Those of whom it is believed what is in a wheel."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        library = import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
        self._keys: list[Any] = [library.Ed25519PublicKey.from_public_bytes(key) for key in keys]
        self._refused: type[Exception] = import_module("cryptography.exceptions").InvalidSignature

    def __repr__(self) -> str:
        return f"<Keys [{len(self._keys)}]>"

    def have_signed(self, entry: Entry) -> bool:
        """Whether one of them says that the contents of an entry are those of its wheel."""
        signature = bytes.fromhex(entry.signature)
        return any(self._fits(key, signature, entry.statement) for key in self._keys)

    def _fits(self, key: Any, signature: bytes, statement: bytes) -> bool:
        try:
            key.verify(signature, statement)
        except self._refused:
            return False
        return True


class Signer:
    """The holder of a private key of 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._key: Any = import_module(
            "cryptography.hazmat.primitives.asymmetric.ed25519"
        ).Ed25519PrivateKey.from_private_bytes(secret)

    def __repr__(self) -> str:
        return f"<Signer {self.public_line}>"

    @property
    def public_line(self) -> str:
        """As a client's file of keys has it."""
        return _KIND + base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, entry: Entry) -> str:
        signature: bytes = self._key.sign(entry.statement)
        return signature.hex()


def has_signatures() -> bool:
    return find_spec("cryptography") is not None


def read_keys(files: Iterable[str]) -> tuple[bytes, ...]:
    """The keys in those of the files that there are; blocking. Raises :class:`BadPackKey` and OSError."""
    found = []
    for file in files:
        try:
            lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            continue
        for number, line in enumerate(lines, 1):
            text = line.partition("#")[0].strip()
            if text:
                found.append(_parsed(text, file, number))
    return tuple(found)


def _parsed(text: str, file: str, line: int) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(_KIND), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_KIND) or len(key) != _LENGTH:
        raise BadPackKey(file, line)
    return key
