"""What settings are made from: flags, the user's file, pip's files, and what a process finds around it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.settings.amounts import AtLeastOne, NotNegative, Seconds
from interlock.core.settings.choices import Bounds, Color, Environments, IndexStrategy, Keyring, LinkMode

__all__ = ["GlobalFlags", "PipSettings", "Surroundings", "UserSettings"]


class GlobalFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says; None and empty mean that it says nothing."""

    directory: str | None = None
    project: str | None = None
    python: str | None = None
    offline: bool | None = None
    cache_dir: str | None = None
    no_cache: bool | None = None
    default_index: str | None = None
    index: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool | None = None
    index_strategy: str | None = None
    exclude_newer: str | None = None
    prerelease: str | None = None
    resolution: str | None = None
    link_mode: str | None = None
    env: str | None = None
    active: bool | None = None
    break_system_packages: bool | None = None
    no_build: bool | None = None
    no_build_package: tuple[NormalizedName, ...] = ()
    no_binary: bool | None = None
    no_binary_package: tuple[NormalizedName, ...] = ()
    no_sources: bool | None = None
    no_sources_package: tuple[NormalizedName, ...] = ()
    allow_insecure_host: tuple[str, ...] = ()
    keyring_provider: str | None = None
    json: bool | None = None
    quiet: int = 0
    verbose: int = 0
    color: str | None = None
    no_progress: bool | None = None


class UserSettings(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """The user's ``config.toml``."""

    cache_dir: str | None = None
    default_index: str | None = None
    index: tuple[dict[str, object], ...] = ()
    find_links: tuple[str, ...] = ()
    index_strategy: IndexStrategy | None = None
    keyring_provider: Keyring | None = None
    allow_insecure_host: tuple[str, ...] = ()
    ca_bundle: str | None = None
    """A file or directory of certificates that are trusted too."""
    client_cert: str | None = None
    """A file with a certificate and its key, shown to indexes that ask for one."""
    link_mode: LinkMode | None = None
    env: Environments | None = None
    active: bool | None = None
    """Whether an environment that is active is used instead of the workspace's own."""
    python: str | None = None
    concurrent_downloads: AtLeastOne | None = None
    concurrent_builds: AtLeastOne | None = None
    concurrent_installs: AtLeastOne | None = None
    http_timeout: Seconds | None = None
    http_retries: NotNegative | None = None
    color: Color | None = None
    progress: bool | None = None
    add_bounds: Bounds | None = None
    approved_services: tuple[str, ...] = ()
    """Addresses of services and caches that a workspace may name."""
    plugins: bool | None = None
    """Whether to look for hooks of plugins; their commands are found in any case."""


class PipSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What pip's own configuration files say, as far as it concerns us."""

    index_url: str = ""
    trusted_hosts: tuple[str, ...] = ()
    cert: str = ""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a process finds around it, gathered by the surface so that resolving is a pure function."""

    environ: Mapping[str, str]
    now: datetime
    """With a time zone."""
    home: str = ""
    cache_home: str = ""
    """The platform's cache directory for Interlock."""
    processors: int = 2
    user: UserSettings = UserSettings()
    pip: PipSettings = PipSettings()
    logins: Mapping[str, tuple[str, str]] = {}
    """User names and passwords that were stored, by the name of the index."""
    login_file: str = ""
    """Where they are stored, whether there is such a file or not."""
    pack_key_files: tuple[str, ...] = ()
    """The user's and the system's, at places that no variable changes."""
    files: tuple[str, ...] = ()
    """The configuration files that were looked for, whether they exist or not."""
