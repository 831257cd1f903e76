"""Digests that are not what was promised."""

from __future__ import annotations

from interlock.errors import IntegrityError

__all__ = ["DigestMismatch"]


class DigestMismatch(IntegrityError):
    """A file is not the one that was promised."""

    code = "digest-mismatch"

    def __init__(self, filename: str, expected: str, actual: str, *, algorithm: str = "sha256") -> None:
        super().__init__(
            f"{filename} does not have the promised hash: expected {algorithm} {expected}, got {actual}.",
            hint="The file was changed after its hash was written down, or damaged on its way. Nothing of it has been "
            "used.",
            facts={"filename": filename, "algorithm": algorithm, "expected": expected, "actual": actual},
        )
        self.filename = filename
        self.expected = expected
        self.actual = actual
