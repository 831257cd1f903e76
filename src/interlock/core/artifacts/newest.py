"""The newest version of a package that anybody should move to. Pure."""

from __future__ import annotations

from interlock.core.artifacts.listing import Listing
from interlock.core.versions.version_list import parse_version, release_key

__all__ = ["newest_version"]


def newest_version(listing: Listing, locked: str, cutoff: str) -> str:
    """The newest that is not a pre-release (unless the locked one is), not yanked and not too new; or the locked one.

    ``cutoff`` is a time as in :attr:`~interlock.core.artifacts.listing.Listing.first_upload`, or empty.
    """
    out = set(listing.yanked)
    if not parse_version(locked).is_prerelease:
        out |= set(listing.prereleases)
    uploads = listing.first_upload or ("",) * len(listing.versions)
    for position in reversed(range(len(listing.versions))):
        # What tells no time may be too new.
        if position not in out and (not cutoff or "" < uploads[position][:19] < cutoff[:19]):
            return max(listing.versions[position], locked, key=release_key)
    return locked
