"""Surroundings: the environment, the clock, the user's files and the working directory, read once per command."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import msgspec

from interlock.cli.call import checked_name, split_values
from interlock.cli.loading import load
from interlock.cli.pip_configuration import parse_pip_configuration
from interlock.cli.places import NOWHERE, auth_file, cache_home, home_directory, pack_key_files, user_file
from interlock.context import Context, Place
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.settings.variables import InvalidSetting
from interlock.errors import InterlockError, UsageError
from interlock.events import Reporter
from interlock.means import Means
from interlock.settings.given import GlobalFlags, PipSettings, Surroundings, UserSettings
from interlock.settings.resolve import resolve_settings
from interlock.store.layout import Layout
from interlock.workspace.home import expanded

__all__ = ["NoDirectory", "UserConfigurationError", "make_context", "read_flags", "read_surroundings"]

_LISTS_OF_NAMES = ("no_build_package", "no_binary_package", "no_sources_package")


class NoDirectory(UsageError):
    code = "no-directory"


class UserConfigurationError(InterlockError):
    code = "user-configuration"


def read_flags(values: Namespace) -> GlobalFlags:
    """The flags on the command line that settings are made from.

    Raises :class:`~interlock.cli.call.InvalidName`.
    """
    known = {name: value for name, value in vars(values).items() if name in GlobalFlags.__struct_fields__}
    for name in _LISTS_OF_NAMES:
        if known.get(name):
            known[name] = tuple(map(checked_name, split_values(known[name])))
    return msgspec.convert(known, GlobalFlags)


def read_surroundings(environ: Mapping[str, str]) -> Surroundings:
    """Read what is outside of the workspace.

    Raises :class:`UserConfigurationError`.
    """
    home = home_directory(environ)
    return Surroundings(
        environ=environ,
        now=datetime.now(UTC),
        home=str(home or ""),
        cache_home=cache_home(),
        processors=_processors(),
        user=_read_user(environ),
        pip=_read_pip(environ, home),
        logins=_read_logins(environ),
        login_file=str(auth_file(environ)),
        pack_key_files=pack_key_files(),
        files=(str(user_file(environ)), *map(str, _pip_files(environ, home))),
    )


def make_context(
    flags: GlobalFlags, around: Surroundings, reporter: Reporter, temporary_cache: Path | None = None
) -> Context:
    """Stand where ``--directory`` and ``--project`` say.

    Raises :class:`NoDirectory`.
    """
    cwd = _working_directory(flags.directory or around.environ.get("INTERLOCK_DIRECTORY"))
    start = _directory(cwd, flags.project or around.environ.get("INTERLOCK_PROJECT"), "--project")
    # What stands on the command line is relative to where it was typed, not to the workspace.
    flags = msgspec.structs.replace(flags, find_links=tuple(_place(cwd, text) for text in flags.find_links))
    settings = resolve_settings(flags, ToolSettings(), around)
    root = temporary_cache or (cwd / expanded(settings.cache_dir) if settings.cache_dir else NOWHERE)
    return Context(
        place=Place(directory=cwd, start=start),
        means=Means(
            settings=settings,
            layout=Layout(root, settings.limits),
            environ=around.environ,
            now=around.now,
            home=around.home,
            processors=around.processors,
            reporter=reporter,
        ),
        flags=flags,
        around=around,
    )


def _working_directory(directory: str | None) -> Path:
    try:
        return _directory(Path.cwd(), directory, "--directory")
    except FileNotFoundError as error:
        if directory is not None and os.path.isabs(directory):
            # What is typed as an absolute path needs no place to begin at.
            return _directory(Path(os.sep), directory, "--directory")
        raise NoDirectory("The directory you are in was removed.", hint="Go to another one: `cd`.") from error


def _directory(base: Path, text: str | None, flag: str) -> Path:
    if not text:
        return base
    path = Path(os.path.normpath(base / expanded(text)))
    if flag == "--project" and path.is_file() and path.name == "pyproject.toml":
        return path.parent
    if not path.is_dir():
        hint = "A setting for the build backend is `-c KEY=VALUE`; -C is --directory." if "=" in text else None
        raise NoDirectory(f"{flag} is `{text}`, which is not a directory.", hint=hint)
    return path


def _place(cwd: Path, text: str) -> str:
    return text if "://" in text else str(cwd / expanded(text))


def _processors() -> int:
    """Those this process may use, which containers often restrict."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _read_user(environ: Mapping[str, str]) -> UserSettings:
    place = environ.get("INTERLOCK_CONFIG_FILE")
    path = user_file(environ)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        if place:
            raise InvalidSetting(f"INTERLOCK_CONFIG_FILE is `{place}`, which does not exist.") from None
        return UserSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise UserConfigurationError(f"{path} cannot be read: {error}.") from error
    tomllib = load("tomllib")
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserConfigurationError(f"{path} cannot be read: {error}.") from error
    allowed = UserSettings.__struct_encode_fields__
    for key, value in table.items():
        # No path, name or address has one, and no function of the system takes one.
        if any("\0" in text for text in _texts(value)):
            raise UserConfigurationError(f"{path}: `{key}` holds a NUL.")
        if key not in allowed:
            close = get_close_matches(key, allowed, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else f"Known keys: {', '.join(sorted(allowed))}."
            raise UserConfigurationError(f"{path} has the unknown key `{key}`.", hint=hint)
    try:
        return msgspec.convert(table, UserSettings)
    except msgspec.ValidationError as error:
        key = str(error).rpartition("`$.")[2].partition("`")[0].partition("[")[0]
        if key not in allowed:
            raise UserConfigurationError(f"{path} has a value that cannot be used: {error}.") from error
        fits = load("interlock.cli.configuration").what_fits(key)
        raise UserConfigurationError(f"{path}: `{key}` is `{table[key]}`; it can be {fits}.") from error


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _read_logins(environ: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    """What ``auth login`` stored; most people have stored nothing, and pay nothing."""
    there = auth_file(environ).exists()
    found: Mapping[str, tuple[str, str]] = load("interlock.cli.configuration").read_logins(environ) if there else {}
    return found


def _pip_files(environ: Mapping[str, str], home: Path | None) -> list[Path]:
    """The places of pip's configuration, the later ones over the earlier ones."""
    chosen = environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    places = [Path("/etc/pip.conf"), Path("/etc/xdg/pip/pip.conf")]
    if home is not None:
        places.append(home / ".pip" / "pip.conf")
    settings = environ.get("XDG_CONFIG_HOME") or (home / ".config" if home is not None else "")
    if settings:
        places.append(Path(settings) / "pip" / "pip.conf")
    if environ.get("VIRTUAL_ENV"):
        places.append(Path(environ["VIRTUAL_ENV"]) / "pip.conf")
    if chosen:
        places.append(Path(chosen))
    return places


def _read_pip(environ: Mapping[str, str], home: Path | None) -> PipSettings:
    """pip's configuration, the user's over the machine's; ``PIP_CONFIG_FILE`` over both, as pip does."""
    texts = []
    for place in _pip_files(environ, home):
        try:
            texts.append(place.read_text(encoding="utf-8-sig", errors="replace"))
        except OSError:
            continue
    return parse_pip_configuration(texts)
