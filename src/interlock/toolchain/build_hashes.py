"""Hashes that build requirements have to have, as files of build constraints name them (``--hash=sha256:...``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Wanted
from interlock.errors import IntegrityError

__all__ = ["BuildHashes", "UnverifiedRequirement"]


class UnverifiedRequirement(IntegrityError):
    """A build requirement is not one of the files that were allowed."""

    code = "unverified-build-requirement"


class BuildHashes(msgspec.Struct, frozen=True):
    allowed: Mapping[NormalizedName, frozenset[str]] = {}
    """SHA-256 digests by package; one that is not named may be any file, unless hashes are required."""
    required: bool = False

    def describe(self) -> list[str]:
        """Stands for all of it in digests."""
        found = [f"{name} {' '.join(sorted(digests))}" for name, digests in sorted(self.allowed.items())]
        return [*found, "required"] if self.required else found

    def check(self, wanted: Iterable[Wanted], local: Collection[NormalizedName], purpose: str) -> None:
        """Raises :class:`UnverifiedRequirement`; wheels of members, which are built here, have no hashes to compare."""
        for item in wanted:
            if item.name in local or (item.name not in self.allowed and not self.required):
                continue
            digest = item.artifact.sha256 if item.artifact is not None else ""
            allowed = self.allowed.get(item.name)
            if not allowed:
                message = f"The {purpose} needs {item.name} {item.version}, for which no build constraint has a hash."
            elif digest not in allowed:
                message = f"The {purpose} needs {item.name} {item.version}, whose hash no build constraint allows."
            else:
                continue
            raise UnverifiedRequirement(
                message,
                hint=f"Add `--hash=sha256:{digest}` to its constraint, if that file is the right one."
                if digest
                else "The index names no SHA-256 of it.",
                facts={"package": item.name, "version": item.version, "sha256": digest, "purpose": purpose},
            )
