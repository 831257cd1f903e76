"""Several indexes' listings of one package as one (the ``unsafe-best-match`` strategy)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from interlock.core.artifacts.listing import Listing
from interlock.core.versions.version_list import parse_version

__all__ = ["merge_listings"]


def merge_listings(listings: Sequence[Listing]) -> Listing:
    """All versions of all listings; a version that several have is the first one's, files and all."""
    chosen: dict[str, tuple[Listing, int]] = {}
    for listing in listings:
        for position, version in enumerate(listing.versions):
            chosen.setdefault(version, (listing, position))
    ordered = sorted(chosen, key=parse_version)
    rows = [chosen[version] for version in ordered]
    uploads = tuple(listing.first_upload[position] if listing.first_upload else "" for listing, position in rows)
    return msgspec.structs.replace(
        listings[0],
        versions=tuple(ordered),
        files=tuple(listing.files[position] for listing, position in rows),
        prereleases=tuple(i for i, (listing, position) in enumerate(rows) if position in listing.prereleases),
        yanked=tuple(i for i, (listing, position) in enumerate(rows) if position in listing.yanked),
        first_upload=uploads if any(uploads) else (),
        status=next((listing.status for listing in listings if listing.status), ""),
        indexes=tuple(listing.index for listing, _ in rows),
        starts=tuple(listing.start for listing, _ in rows),
        digest="",
    )
