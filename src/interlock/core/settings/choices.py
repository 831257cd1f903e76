"""Settings that are one word out of a few."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = [
    "BOUNDS",
    "CACHE_MODES",
    "COLORS",
    "ENVIRONMENTS",
    "FORK_STRATEGIES",
    "INDEX_STRATEGIES",
    "KEYRINGS",
    "LINK_MODES",
    "PREFERRED",
    "PRERELEASES",
    "Bounds",
    "CacheMode",
    "Color",
    "Environments",
    "ForkStrategy",
    "IndexStrategy",
    "Keyring",
    "LinkMode",
    "Preferred",
    "Prerelease",
]

Prerelease = Literal["disallow", "allow", "if-necessary", "explicit"]
"""When a pre-release may be chosen."""
PRERELEASES: tuple[Prerelease, ...] = get_args(Prerelease)

Preferred = Literal["highest", "lowest", "lowest-direct"]
"""Which of the versions that will do is chosen (``resolution``)."""
PREFERRED: tuple[Preferred, ...] = get_args(Preferred)

ForkStrategy = Literal["requires-python", "fewest"]
"""Whether newer versions for newer Pythons are worth a fork."""
FORK_STRATEGIES: tuple[ForkStrategy, ...] = get_args(ForkStrategy)

IndexStrategy = Literal["first-index", "unsafe-first-match", "unsafe-best-match"]
"""Which of several indexes that have a name answers for it."""
INDEX_STRATEGIES: tuple[IndexStrategy, ...] = get_args(IndexStrategy)

LinkMode = Literal["clone", "hardlink", "copy", "symlink"]
"""How files get from the store into an environment."""
LINK_MODES: tuple[LinkMode, ...] = get_args(LinkMode)

Bounds = Literal["lower", "major", "minor", "exact"]
"""What ``add`` writes for a version."""
BOUNDS: tuple[Bounds, ...] = get_args(Bounds)

CacheMode = Literal["off", "read", "readwrite"]
"""What is done with a cache that others share."""
CACHE_MODES: tuple[CacheMode, ...] = get_args(CacheMode)

Environments = Literal["shared", "member"]
"""One environment at the root, or a strict one for each member (``env``)."""
ENVIRONMENTS: tuple[Environments, ...] = get_args(Environments)

Keyring = Literal["disabled", "auto", "import", "subprocess"]
"""How a keyring is asked for logins."""
KEYRINGS: tuple[Keyring, ...] = get_args(Keyring)

Color = Literal["auto", "always", "never"]
COLORS: tuple[Color, ...] = get_args(Color)
