"""What is shared with others, as the settings say: a cache behind the store, or none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from interlock.events import Warned
from interlock.means import Means
from interlock.store.blobs import SecondLevel
from interlock.toolchain.build_cache import BuildCache

__all__ = ["open_shared"]


def open_shared(means: Means) -> tuple[SecondLevel, Callable[[], Awaitable[None]]] | None:
    """The cache, and what closes it. One that nobody has approved is told of, once for a run."""
    settings, cache = means.settings, means.settings.build_cache
    if cache.not_approved and cache.not_approved not in means.gone:
        means.gone.add(cache.not_approved)
        text = (
            f"The cache {cache.not_approved} was not used: the workspace names it, and nobody on this machine has"
            f" approved it (`interlock config approved-services {cache.not_approved}` does)."
        )
        means.reporter.report(Warned("cache-not-approved", text))
    if not cache.url or settings.offline or settings.no_cache:
        return None
    opened = BuildCache(means)
    return SecondLevel(opened, means.layout, means.reporter), opened.close
