"""What is shared with others, as the settings say: a cache behind the store, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from interlock.core.settings.service import CACHE_OF_SERVICE
from interlock.events import Warned
from interlock.means import Means
from interlock.store.blobs import SecondLevel

if TYPE_CHECKING:
    from interlock.toolchain.build_cache import BuildCache
    from interlock.toolchain.build_claims import BuildClaims

__all__ = ["Shared", "open_shared"]


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What was opened; who did it closes the cache, and has the claims live."""

    second: SecondLevel
    cache: BuildCache
    claims: BuildClaims | None
    """Where what is built is given to what may be a service."""


def open_shared(means: Means) -> Shared | None:
    """The cache of the settings. One that nobody has approved is told of, once for a run."""
    settings, named = means.settings, means.settings.build_cache
    if named.not_approved and named.not_approved not in means.gone:
        means.gone.add(named.not_approved)
        text = (
            f"The cache {named.not_approved} was not used: the workspace names it, and nobody on this machine has"
            f" approved it (`interlock config approved-services {named.not_approved}` does)."
        )
        means.reporter.report(Warned("cache-not-approved", text))
    if not named.url or settings.offline or settings.no_cache:
        return None
    # Most share nothing, and need no client for it.
    from interlock.toolchain.build_cache import BuildCache  # noqa: PLC0415
    from interlock.toolchain.build_claims import BuildClaims  # noqa: PLC0415

    cache, claims = BuildCache(means), None
    if named.mode == "readwrite" and cache.base.endswith(CACHE_OF_SERVICE):
        claims = BuildClaims(cache.base.removesuffix(CACHE_OF_SERVICE), cache, means.reporter)
    return Shared(second=SecondLevel(cache, means.layout, means.reporter, claims), cache=cache, claims=claims)
