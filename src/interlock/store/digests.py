"""Digests that are not what was promised."""

from __future__ import annotations

from interlock.errors import IntegrityError

__all__ = ["DigestMismatch"]


class DigestMismatch(IntegrityError):
    """A file is not the one that was promised."""

    code = "digest-mismatch"

    def __init__(self, filename: str, expected: str, actual: str) -> None:
        super().__init__(
            f"{filename} does not have the promised hash: expected sha256 {expected}, got {actual}.",
            hint="The file was changed after it was locked, or damaged on its way. Nothing of it has been used.",
            facts={"filename": filename, "expected": expected, "actual": actual},
        )
        self.filename = filename
        self.expected = expected
        self.actual = actual
