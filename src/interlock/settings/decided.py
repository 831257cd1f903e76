"""What was decided: the settings of a resolution, how it is shown, and everything else."""

from __future__ import annotations

from typing import Literal

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.settings.build_cache import BuildCacheSettings
from interlock.core.settings.choices import (
    Bounds,
    Color,
    Environments,
    IndexStrategy,
    Keyring,
    LinkMode,
    Preferred,
    Prerelease,
)
from interlock.core.settings.limits import Limits
from interlock.core.settings.service import ServiceSettings
from interlock.core.sources.source import Index

__all__ = ["DisplaySettings", "ResolutionSettings", "Settings", "setting"]


class ResolutionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a resolution depends on besides what is asked for; nothing secret."""

    indexes: tuple[Index, ...] = ()
    """Lists of files, then the others in order of priority; the default index is last unless the manifest lists it
    elsewhere. A default index with an empty URL stands for PyPI, whose address the index room knows."""
    index_strategy: IndexStrategy = "first-index"
    exclude_newer: str = ""
    """The cutoff as ``YYYY-MM-DDTHH:MM:SSZ``, empty without one."""
    exclude_newer_span: str = ""
    """The relative window as written, when the cutoff comes from one."""
    exclude_newer_package: dict[NormalizedName, str] = {}
    """Cutoff by package; empty text: none for it."""
    exclude_newer_package_spans: dict[NormalizedName, str] = {}
    """Of those that come from a relative window: the window as written."""
    prerelease: Prerelease = "if-necessary"
    resolution: Preferred = "highest"
    no_build: bool = False
    no_build_packages: tuple[NormalizedName, ...] = ()
    no_binary: bool = False
    no_binary_packages: tuple[NormalizedName, ...] = ()
    no_sources: bool = False
    """Whether requirements are taken as others will see them: without the sources tables."""
    no_sources_packages: tuple[NormalizedName, ...] = ()

    @property
    def written_cutoffs(self) -> dict[NormalizedName, str]:
        """Cutoffs by package, those from a window as the window: what does not change from day to day."""
        return {**self.exclude_newer_package, **self.exclude_newer_package_spans}


class DisplaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How people are told."""

    color: Color = "auto"
    progress: bool = True
    verbosity: int = 0
    """Number of ``-v`` minus number of ``-q``."""
    json: bool = False


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything decided. Paths are as written, relative ones to the working directory."""

    resolving: ResolutionSettings = ResolutionSettings()
    display: DisplaySettings = DisplaySettings()
    cache_dir: str
    no_cache: bool = False
    find_links: tuple[str, ...] = ()
    """As written; ``indexes`` holds them too, as flat ones."""
    no_index: bool = False
    offline: bool = False
    python: str = ""
    """The interpreter asked for (``3.12``, ``pypy@3.11``, a path), empty when nobody asked."""
    python_flag: str = ""
    """The same when it is the command line that asks: then environments of several Pythons lie side by side."""
    env: Environments = "shared"
    active: bool = False
    """Use the environment that ``VIRTUAL_ENV`` or ``CONDA_PREFIX`` names, when there is one."""
    break_system_packages: bool = False
    """Install even where an installation asks to be left to its own package manager (PEP 668)."""
    environment_path: str = ""
    """Where the shared environment is; empty: ``.venv`` at the root."""
    link_mode: LinkMode | Literal[""] = ""
    add_bounds: Bounds = "lower"
    concurrent_downloads: int = 50
    concurrent_builds: int = 2
    concurrent_installs: int = 2
    credentials: dict[str, tuple[str, str]] = {}
    """User name and password by name of index."""
    netrc: str = ""
    """Path of the netrc file, whether it exists or not."""
    keyring_provider: Keyring = "disabled"
    ca_bundle: str = ""
    """A file or directory of certificates; empty: the default ones."""
    client_cert: str = ""
    insecure_hosts: tuple[str, ...] = ()
    """``host`` or ``host:port`` whose certificate is not verified."""
    http_timeout: float = 30.0
    http_retries: int = 3
    limits: Limits = Limits()
    service: ServiceSettings = ServiceSettings()
    build_cache: BuildCacheSettings = BuildCacheSettings()
    pack_key_files: tuple[str, ...] = ()
    """Where keys are written down of whom it is believed what is in a wheel, whether there are such files or not."""

    def __repr__(self) -> str:
        return f"<Settings cache_dir={self.cache_dir!r} indexes={[index.name for index in self.resolving.indexes]}>"


def setting(settings: Settings, name: str) -> object:
    """A setting by the name of its key or variable, with underscores; None for one that is no setting of a command."""
    parts = (settings.resolving, settings.display, settings)
    return next((getattr(part, name) for part in parts if name in part.__struct_fields__), None)
