"""Numbers that settings may be, each with words for what fits."""

from __future__ import annotations

from typing import Annotated

import msgspec

from interlock.core.settings.variables import MOST_SECONDS

__all__ = ["AtLeastOne", "NotNegative", "Seconds"]

_MOST = 10**9

AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=_MOST, description="a whole number from 1 on")]
NotNegative = Annotated[int, msgspec.Meta(ge=0, le=_MOST, description="a whole number from 0 on")]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=MOST_SECONDS, description="a number of seconds")]
