"""Settings: every choice that shapes a command, resolved once from flags, environment, manifests and files.

The order is: flags, ``INTERLOCK_*`` variables, the root's tool table, the user's ``config.toml``, defaults. Nothing
here reads anything; the surface gathers :class:`Surroundings` and calls :func:`resolve_settings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from interlock.core.manifests.manifest import ToolSettings
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.settings.amounts import AtLeastOne, NotNegative, Seconds
from interlock.core.settings.cutoff import resolve_cutoff
from interlock.core.settings.limits import Limits, limits_of
from interlock.core.settings.variables import InvalidSetting, Variables, choose
from interlock.core.sources.index_order import named_index, order_indexes
from interlock.core.sources.logins import take_login
from interlock.core.sources.source import Index

__all__ = [
    "GlobalFlags",
    "InvalidSetting",
    "PipSettings",
    "Settings",
    "Surroundings",
    "UserSettings",
    "resolve_settings",
]

PRERELEASE = ("disallow", "allow", "if-necessary", "explicit", "if-necessary-or-explicit")
RESOLUTION = ("highest", "lowest", "lowest-direct")
BOUNDS = ("lower", "major", "minor", "exact")
LINK_MODES = ("clone", "hardlink", "copy", "symlink")
COLORS = ("auto", "always", "never")
ENVS = ("shared", "member")
STRATEGIES = ("first-index", "unsafe-first-match", "unsafe-best-match")
KEYRINGS = ("disabled", "auto", "import", "subprocess")


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
    no_build_package: tuple[str, ...] = ()
    no_binary: bool | None = None
    no_binary_package: tuple[str, ...] = ()
    no_sources: bool | None = None
    no_sources_package: tuple[str, ...] = ()
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
    index_strategy: Literal["first-index", "unsafe-first-match", "unsafe-best-match"] | None = None
    keyring_provider: Literal["disabled", "auto", "import", "subprocess"] | None = None
    allow_insecure_host: tuple[str, ...] = ()
    ca_bundle: str | None = None
    """A file or directory of certificates that are trusted too."""
    client_cert: str | None = None
    """A file with a certificate and its key, shown to indexes that ask for one."""
    link_mode: Literal["clone", "hardlink", "copy", "symlink"] | None = None
    env: Literal["shared", "member"] | None = None
    active: bool | None = None
    """Whether an environment that is active is used instead of the workspace's own."""
    python: str | None = None
    concurrent_downloads: AtLeastOne | None = None
    concurrent_builds: AtLeastOne | None = None
    concurrent_installs: AtLeastOne | None = None
    http_timeout: Seconds | None = None
    http_retries: NotNegative | None = None
    color: Literal["auto", "always", "never"] | None = None
    progress: bool | None = None
    add_bounds: Literal["lower", "major", "minor", "exact"] | None = None
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
    files: tuple[str, ...] = ()
    """The configuration files that were looked for, whether they exist or not."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything decided. Paths are as written, relative ones to the working directory."""

    cache_dir: str
    no_cache: bool = False
    indexes: tuple[Index, ...] = ()
    """Lists of files, then the others in order of priority; the default index is last unless the manifest lists it
    elsewhere. A default index with an empty URL stands for PyPI, whose address the index room knows."""
    find_links: tuple[str, ...] = ()
    """As written; ``indexes`` holds them too, as flat ones."""
    no_index: bool = False
    index_strategy: str = "first-index"
    offline: bool = False
    python: str = ""
    """The interpreter asked for (``3.12``, ``pypy@3.11``, a path), empty when nobody asked."""
    python_flag: str = ""
    """The same when it is the command line that asks: then environments of several Pythons lie side by side."""
    env: str = "shared"
    active: bool = False
    """Use the environment that ``VIRTUAL_ENV`` or ``CONDA_PREFIX`` names, when there is one."""
    break_system_packages: bool = False
    """Install even where an installation asks to be left to its own package manager (PEP 668)."""
    environment_path: str = ""
    """Where the shared environment is; empty: ``.venv`` at the root."""
    exclude_newer: str = ""
    """The cutoff as ``YYYY-MM-DDTHH:MM:SSZ``, empty without one."""
    exclude_newer_span: str = ""
    """The relative window as written, when the cutoff comes from one."""
    exclude_newer_package: dict[NormalizedName, str] = {}
    """Cutoff by package; empty text: none for it."""
    exclude_newer_package_spans: dict[NormalizedName, str] = {}
    """Of those that come from a relative window: the window as written."""
    prerelease: str = "if-necessary"
    resolution: str = "highest"
    link_mode: str = ""
    add_bounds: str = "lower"
    no_build: bool = False
    no_build_packages: tuple[NormalizedName, ...] = ()
    no_binary: bool = False
    no_binary_packages: tuple[NormalizedName, ...] = ()
    no_sources: bool = False
    """Whether requirements are taken as others will see them: without the sources tables."""
    no_sources_packages: tuple[NormalizedName, ...] = ()
    concurrent_downloads: int = 50
    concurrent_builds: int = 2
    concurrent_installs: int = 2
    credentials: dict[str, tuple[str, str]] = {}
    """User name and password by name of index."""
    netrc: str = ""
    """Path of the netrc file, whether it exists or not."""
    keyring_provider: str = "disabled"
    ca_bundle: str = ""
    """A file or directory of certificates; empty: the default ones."""
    client_cert: str = ""
    insecure_hosts: tuple[str, ...] = ()
    """``host`` or ``host:port`` whose certificate is not verified."""
    http_timeout: float = 30.0
    http_retries: int = 3
    limits: Limits = Limits()
    color: str = "auto"
    progress: bool = True
    verbosity: int = 0
    """Number of ``-v`` minus number of ``-q``."""
    json: bool = False

    def __repr__(self) -> str:
        return f"<Settings cache_dir={self.cache_dir!r} indexes={[index.name for index in self.indexes]}>"


def resolve_settings(flags: GlobalFlags, tool: ToolSettings, around: Surroundings) -> Settings:
    """Decide every setting.

    Raises :class:`InvalidSetting` naming the flag or the variable.
    """
    env = Variables(around.environ)
    user = around.user
    indexes, credentials = _indexes(flags, tool, around, env)
    cutoff, span = resolve_cutoff(flags.exclude_newer or env.text("EXCLUDE_NEWER") or tool.exclude_newer, around.now)
    by_package = {name: resolve_cutoff(text, around.now) for name, text in tool.exclude_newer_package.items()}
    decided = Settings(
        cache_dir=flags.cache_dir or env.text("CACHE_DIR") or user.cache_dir or around.cache_home,
        no_cache=_first(flags.no_cache, env.flag("NO_CACHE"), default=False),
        indexes=indexes,
        credentials=credentials,
        find_links=_find_links(flags, tool, user=user, env=env),
        no_index=_first(flags.no_index, env.flag("NO_INDEX"), default=tool.no_index),
        offline=_first(flags.offline, env.flag("OFFLINE"), default=False),
        python=flags.python or env.text("PYTHON") or user.python or "",
        python_flag=flags.python or "",
        env=choose(
            ENVS,
            ("--env", flags.env),
            ("INTERLOCK_ENV", env.text("ENV")),
            ("env", tool.env if tool.env != "shared" else user.env or "shared"),
        ),
        active=_first(flags.active, env.flag("ACTIVE"), default=user.active or False),
        break_system_packages=_first(flags.break_system_packages, env.flag("BREAK_SYSTEM_PACKAGES"), default=False),
        environment_path=env.text("PROJECT_ENVIRONMENT") or "",
        exclude_newer=cutoff,
        exclude_newer_span=span,
        exclude_newer_package={name: cutoff for name, (cutoff, _) in by_package.items()},
        exclude_newer_package_spans={name: span for name, (_, span) in by_package.items() if span},
        no_build=_first(flags.no_build, env.flag("NO_BUILD"), default=tool.no_build),
        no_build_packages=_names((*flags.no_build_package, *env.words("NO_BUILD_PACKAGE")), tool.no_build_packages),
        no_binary=_first(flags.no_binary, env.flag("NO_BINARY"), default=tool.no_binary),
        no_binary_packages=_names((*flags.no_binary_package, *env.words("NO_BINARY_PACKAGE")), tool.no_binary_packages),
        no_sources=_first(flags.no_sources, env.flag("NO_SOURCES"), default=tool.no_sources),
        no_sources_packages=_names(
            (*flags.no_sources_package, *env.words("NO_SOURCES_PACKAGE")), tool.no_sources_packages
        ),
        color=_color(flags, env, user),
        progress=not _first(flags.no_progress, env.flag("NO_PROGRESS"), default=user.progress is False),
        verbosity=flags.verbose - flags.quiet or (env.count("VERBOSE") or 0) - (env.count("QUIET") or 0),
        json=_first(flags.json, env.flag("JSON"), default=False),
    )
    return _with_network(_with_policies(decided, flags, tool, around), flags, tool, around)


def _with_policies(decided: Settings, flags: GlobalFlags, tool: ToolSettings, around: Surroundings) -> Settings:
    """Add the settings that are one word out of a few."""
    env, user = Variables(around.environ), around.user
    prerelease = choose(
        PRERELEASE,
        ("--prerelease", flags.prerelease),
        ("INTERLOCK_PRERELEASE", env.text("PRERELEASE")),
        ("prerelease", tool.prerelease),
    )
    return msgspec.structs.replace(
        decided,
        # A specifier that names a pre-release always allows it, so uv's two names mean one policy here.
        prerelease="if-necessary" if prerelease == "if-necessary-or-explicit" else prerelease,
        resolution=choose(
            RESOLUTION,
            ("--resolution", flags.resolution),
            ("INTERLOCK_RESOLUTION", env.text("RESOLUTION")),
            ("resolution", tool.resolution),
        ),
        link_mode=choose(
            (*LINK_MODES, ""),
            ("--link-mode", flags.link_mode),
            ("INTERLOCK_LINK_MODE", env.text("LINK_MODE")),
            ("link-mode", tool.link_mode or None),
            ("link-mode", user.link_mode or ""),
        ),
        add_bounds=choose(
            BOUNDS,
            ("INTERLOCK_ADD_BOUNDS", env.text("ADD_BOUNDS")),
            ("add-bounds", tool.add_bounds or None),
            ("add-bounds", user.add_bounds or "lower"),
        ),
        index_strategy=choose(
            STRATEGIES,
            ("--index-strategy", flags.index_strategy),
            ("INTERLOCK_INDEX_STRATEGY", env.text("INDEX_STRATEGY")),
            ("index-strategy", tool.index_strategy if tool.index_strategy != "first-index" else None),
            ("index-strategy", user.index_strategy or "first-index"),
        ),
        keyring_provider=choose(
            KEYRINGS,
            ("--keyring-provider", flags.keyring_provider),
            ("INTERLOCK_KEYRING_PROVIDER", env.text("KEYRING_PROVIDER")),
            ("keyring-provider", user.keyring_provider or "disabled"),
        ),
    )


def _with_network(decided: Settings, flags: GlobalFlags, tool: ToolSettings, around: Surroundings) -> Settings:
    """Add how to talk to the world and how much at once."""
    env, user = Variables(around.environ), around.user
    return msgspec.structs.replace(
        decided,
        concurrent_downloads=env.count("CONCURRENT_DOWNLOADS") or user.concurrent_downloads or 50,
        concurrent_builds=env.count("CONCURRENT_BUILDS") or user.concurrent_builds or around.processors,
        concurrent_installs=env.count("CONCURRENT_INSTALLS") or user.concurrent_installs or around.processors,
        netrc=env.foreign("NETRC") or (f"{around.home}/.netrc" if around.home else ""),
        ca_bundle=(
            env.text("CA_BUNDLE")
            or env.foreign("SSL_CERT_FILE")
            or env.foreign("SSL_CERT_DIR")
            or env.foreign("PIP_CERT")
            or user.ca_bundle
            or around.pip.cert
        ),
        client_cert=(
            env.text("CLIENT_CERT")
            or env.foreign("SSL_CLIENT_CERT")
            or env.foreign("PIP_CLIENT_CERT")
            or user.client_cert
            or ""
        ),
        insecure_hosts=(
            *flags.allow_insecure_host,
            *env.words("ALLOW_INSECURE_HOST"),
            *user.allow_insecure_host,
            *env.foreign("PIP_TRUSTED_HOST").split(),
            *around.pip.trusted_hosts,
        ),
        limits=limits_of(tool.limits, env),
        http_timeout=env.seconds("HTTP_TIMEOUT") or user.http_timeout or 30.0,
        http_retries=next(n for n in (env.count("HTTP_RETRIES"), user.http_retries, 3) if n is not None),
    )


def _indexes(
    flags: GlobalFlags, tool: ToolSettings, around: Surroundings, env: Variables
) -> tuple[tuple[Index, ...], dict[str, tuple[str, str]]]:
    """The indexes in order, and the credentials found in their URLs and in variables by their names."""
    asked = [named_index(text, "--index") for text in flags.index]
    asked += [named_index(text, "INTERLOCK_INDEX") for text in env.words("INDEX")]
    default = flags.default_index or env.text("DEFAULT_INDEX") or ""
    fallback = (
        around.user.default_index
        or env.foreign("UV_DEFAULT_INDEX")
        or env.foreign("PIP_INDEX_URL")
        or around.pip.index_url
    )
    from_user = tuple(_user_index(table) for table in around.user.index)
    found = order_indexes(tuple(asked), (*tool.indexes, *from_user), default, fallback)
    if _first(flags.no_index, env.flag("NO_INDEX"), default=tool.no_index):
        found = tuple(index for index in found if index.explicit or index.flat)
    found = (*_flat_indexes(_find_links(flags, tool, user=around.user, env=env)), *found)
    clean: list[Index] = []
    credentials: dict[str, tuple[str, str]] = {}
    for index in found:
        url, login = take_login(index.url)
        if login := env.login(index.name) or around.logins.get(index.name) or login:
            credentials[index.name] = login
        clean.append(msgspec.structs.replace(index, url=url))
    return tuple(clean), credentials


def _find_links(flags: GlobalFlags, tool: ToolSettings, *, user: UserSettings, env: Variables) -> tuple[str, ...]:
    return (*flags.find_links, *env.words("FIND_LINKS"), *tool.find_links, *user.find_links)


def _flat_indexes(places: tuple[str, ...]) -> tuple[Index, ...]:
    """Lists of files as indexes; the names say nothing of this machine, because locks hold them."""
    return tuple(Index(name=f"find-links-{number}", url=place, flat=True) for number, place in enumerate(places, 1))


def _user_index(table: dict[str, object]) -> Index:
    try:
        return msgspec.convert(table, Index)
    except msgspec.ValidationError as error:
        raise InvalidSetting(f"An `index` of the user's config.toml cannot be used: {error}.") from error


def _first(*values: bool | None, default: bool) -> bool:
    return next((value for value in values if value is not None), default)


def _names(asked: Iterable[str], declared: tuple[NormalizedName, ...]) -> tuple[NormalizedName, ...]:
    return tuple(sorted({*(normalize_name(name) for name in asked), *declared}))


def _color(flags: GlobalFlags, env: Variables, user: UserSettings) -> str:
    """``NO_COLOR`` and ``FORCE_COLOR`` are conventions of the terminal world: any value that is not empty counts."""
    asked = flags.color or env.text("COLOR")
    if asked is None and env.foreign("NO_COLOR"):
        return "never"
    if asked is None and env.foreign("FORCE_COLOR"):
        return "always"
    return choose(COLORS, ("color", asked), ("color", user.color or "auto"))
