"""What may move away from the versions that a lock has."""

from __future__ import annotations

import msgspec

from interlock.core.lock.pins import Pin
from interlock.core.names import NormalizedName

__all__ = ["Moves"]


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    everything: bool = False
    """Forget every locked version."""
    packages: dict[NormalizedName, str] = {}
    """Names whose locked versions are forgotten, with the version wanted instead or empty text."""
    pins: tuple[Pin, ...] = ()
    """Versions wished because another tool had locked them; what is locked already is not looked at then."""

    @property
    def are_asked_for(self) -> bool:
        """Whether a lock that is fresh will not do."""
        return bool(self.everything or self.packages or self.pins)
