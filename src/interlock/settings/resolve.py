"""Settings: every choice that shapes a command, resolved once from flags, environment, manifests and files.

The order is: flags, ``INTERLOCK_*`` variables, the root's tool table, the user's ``config.toml``, defaults. Nothing
here reads anything; the surface gathers :class:`Surroundings` and calls :func:`resolve_settings`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from interlock.core.manifests.manifest import ToolSettings
from interlock.core.names import NormalizedName
from interlock.core.settings.build_cache import build_cache_settings
from interlock.core.settings.choices import (
    BOUNDS,
    COLORS,
    ENVIRONMENTS,
    INDEX_STRATEGIES,
    KEYRINGS,
    LINK_MODES,
    PREFERRED,
    PRERELEASES,
    Color,
    Prerelease,
)
from interlock.core.settings.cutoff import resolve_cutoff
from interlock.core.settings.limits import limits_of
from interlock.core.settings.service import service_settings
from interlock.core.settings.variables import InvalidSetting, Variables, choose
from interlock.core.sources.index_order import named_index, order_indexes
from interlock.core.sources.logins import take_login
from interlock.core.sources.source import Index
from interlock.settings.decided import DisplaySettings, ResolutionSettings, Settings
from interlock.settings.given import GlobalFlags, Surroundings, UserSettings

__all__ = ["InvalidSetting", "resolve_settings"]

_PRERELEASES: tuple[Prerelease | Literal["if-necessary-or-explicit"], ...] = (*PRERELEASES, "if-necessary-or-explicit")


def resolve_settings(flags: GlobalFlags, tool: ToolSettings, around: Surroundings) -> Settings:
    """Decide every setting.

    Raises :class:`InvalidSetting` naming the flag or the variable.
    """
    env = Variables(around.environ)
    user = around.user
    indexes, credentials = _indexes(flags, tool, around, env)
    decided = Settings(
        resolving=_resolving(flags, tool, around, indexes),
        display=_display(flags, env, user),
        cache_dir=flags.cache_dir or env.text("CACHE_DIR") or user.cache_dir or around.cache_home,
        no_cache=_first(flags.no_cache, env.flag("NO_CACHE"), default=False),
        credentials=credentials,
        find_links=_find_links(flags, tool, user=user, env=env),
        no_index=_first(flags.no_index, env.flag("NO_INDEX"), default=tool.no_index),
        offline=_first(flags.offline, env.flag("OFFLINE"), default=False),
        python=flags.python or env.text("PYTHON") or user.python or "",
        python_flag=flags.python or "",
        env=choose(
            ENVIRONMENTS,
            ("--env", flags.env),
            ("INTERLOCK_ENV", env.text("ENV")),
            ("env", tool.env if tool.env != "shared" else user.env or "shared"),
        ),
        active=_first(flags.active, env.flag("ACTIVE"), default=user.active or False),
        break_system_packages=_first(flags.break_system_packages, env.flag("BREAK_SYSTEM_PACKAGES"), default=False),
        environment_path=env.text("PROJECT_ENVIRONMENT") or "",
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
    )
    return _with_network(decided, flags, tool, around)


def _resolving(
    flags: GlobalFlags, tool: ToolSettings, around: Surroundings, indexes: tuple[Index, ...]
) -> ResolutionSettings:
    """What a resolution depends on."""
    env = Variables(around.environ)
    cutoff, span = resolve_cutoff(flags.exclude_newer or env.text("EXCLUDE_NEWER") or tool.exclude_newer, around.now)
    by_package = {name: resolve_cutoff(text, around.now) for name, text in tool.exclude_newer_package.items()}
    prerelease = choose(
        _PRERELEASES,
        ("--prerelease", flags.prerelease),
        ("INTERLOCK_PRERELEASE", env.text("PRERELEASE")),
        ("prerelease", tool.prerelease),
    )
    return ResolutionSettings(
        indexes=indexes,
        index_strategy=choose(
            INDEX_STRATEGIES,
            ("--index-strategy", flags.index_strategy),
            ("INTERLOCK_INDEX_STRATEGY", env.text("INDEX_STRATEGY")),
            ("index-strategy", tool.index_strategy if tool.index_strategy != "first-index" else None),
            ("index-strategy", around.user.index_strategy or "first-index"),
        ),
        exclude_newer=cutoff,
        exclude_newer_span=span,
        exclude_newer_package={name: cutoff for name, (cutoff, _) in by_package.items()},
        exclude_newer_package_spans={name: span for name, (_, span) in by_package.items() if span},
        # A specifier that names a pre-release always allows it, so uv's two names mean one policy here.
        prerelease="if-necessary" if prerelease == "if-necessary-or-explicit" else prerelease,
        resolution=choose(
            PREFERRED,
            ("--resolution", flags.resolution),
            ("INTERLOCK_RESOLUTION", env.text("RESOLUTION")),
            ("resolution", tool.resolution),
        ),
        no_build=_first(flags.no_build, env.flag("NO_BUILD"), default=tool.no_build),
        no_build_packages=_names(flags.no_build_package, env.names("NO_BUILD_PACKAGE"), tool.no_build_packages),
        no_binary=_first(flags.no_binary, env.flag("NO_BINARY"), default=tool.no_binary),
        no_binary_packages=_names(flags.no_binary_package, env.names("NO_BINARY_PACKAGE"), tool.no_binary_packages),
        no_sources=_first(flags.no_sources, env.flag("NO_SOURCES"), default=tool.no_sources),
        no_sources_packages=_names(flags.no_sources_package, env.names("NO_SOURCES_PACKAGE"), tool.no_sources_packages),
    )


def _display(flags: GlobalFlags, env: Variables, user: UserSettings) -> DisplaySettings:
    return DisplaySettings(
        color=_color(flags, env, user),
        progress=not _first(flags.no_progress, env.flag("NO_PROGRESS"), default=user.progress is False),
        verbosity=flags.verbose - flags.quiet or (env.count("VERBOSE") or 0) - (env.count("QUIET") or 0),
        json=_first(flags.json, env.flag("JSON"), default=False),
    )


def _with_network(decided: Settings, flags: GlobalFlags, tool: ToolSettings, around: Surroundings) -> Settings:
    """Add how to talk to the world and how much at once."""
    env, user = Variables(around.environ), around.user
    approved, logins = user.approved_services, around.logins
    service = service_settings(env, tool.service, approved, logins, take_login)
    return msgspec.structs.replace(
        decided,
        concurrent_downloads=env.count("CONCURRENT_DOWNLOADS") or user.concurrent_downloads or 50,
        concurrent_builds=env.count("CONCURRENT_BUILDS") or user.concurrent_builds or around.processors,
        concurrent_installs=env.count("CONCURRENT_INSTALLS") or user.concurrent_installs or around.processors,
        keyring_provider=choose(
            KEYRINGS,
            ("--keyring-provider", flags.keyring_provider),
            ("INTERLOCK_KEYRING_PROVIDER", env.text("KEYRING_PROVIDER")),
            ("keyring-provider", user.keyring_provider or "disabled"),
        ),
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
        service=service,
        build_cache=build_cache_settings(env, tool.build_cache, service, approved, logins, take_login),
        pack_key_files=around.pack_key_files,
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


def _names(*said: Iterable[NormalizedName]) -> tuple[NormalizedName, ...]:
    return tuple(sorted({name for names in said for name in names}))


def _color(flags: GlobalFlags, env: Variables, user: UserSettings) -> Color:
    """``NO_COLOR`` and ``FORCE_COLOR`` are conventions of the terminal world: any value that is not empty counts."""
    asked = flags.color or env.text("COLOR")
    if asked is None and env.foreign("NO_COLOR"):
        return "never"
    if asked is None and env.foreign("FORCE_COLOR"):
        return "always"
    return choose(COLORS, ("color", asked), ("color", user.color or "auto"))
