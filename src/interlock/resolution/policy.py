"""Which candidates may be chosen, as settings say."""

from __future__ import annotations

from interlock.core.resolver.problem import Policy
from interlock.settings.decided import ResolutionSettings

__all__ = ["policy_of"]

_ALL = ":all:"


def policy_of(settings: ResolutionSettings) -> Policy:
    return Policy(
        prerelease=settings.prerelease,
        resolution=settings.resolution,
        cutoff=settings.exclude_newer,
        cutoff_packages=settings.exclude_newer_package,
        no_build=frozenset((*settings.no_build_packages, *((_ALL,) if settings.no_build else ()))),
        no_binary=frozenset((*settings.no_binary_packages, *((_ALL,) if settings.no_binary else ()))),
    )
