"""Which candidates may be chosen, as settings say."""

from __future__ import annotations

from interlock.core.resolver.problem import Policy
from interlock.core.settings.name_set import NameSet
from interlock.settings.decided import ResolutionSettings

__all__ = ["policy_of"]


def policy_of(settings: ResolutionSettings) -> Policy:
    return Policy(
        prerelease=settings.prerelease,
        resolution=settings.resolution,
        cutoff=settings.exclude_newer,
        cutoff_packages=settings.exclude_newer_package,
        no_build=NameSet.of(settings.no_build_packages, every=settings.no_build),
        no_binary=NameSet.of(settings.no_binary_packages, every=settings.no_binary),
    )
