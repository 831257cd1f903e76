"""Telling whether any manifest of a workspace has changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256

__all__ = ["manifests_digest"]


def manifests_digest(digests: Mapping[str, bytes]) -> str:
    """One digest for the SHA-256 of each manifest by its path relative to the root."""
    return sha256(b"".join(os.fsencode(path) + b"\n" + digests[path] for path in sorted(digests))).hexdigest()
