"""Advisories from where they are: folders, zip archives and single records in the OSV format, here or at a URL."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.advisories.advisory import Advisory
from interlock.core.advisories.osv import InvalidAdvisory, decode_advisory
from interlock.core.names import NormalizedName
from interlock.core.settings.limits import Limits, how_to_raise, is_plausible_text
from interlock.core.sources.logins import redact
from interlock.errors import UsageError
from interlock.index.urls import is_remote
from interlock.ops.tools import open_toolchain
from interlock.store.replace import read_regular
from interlock.store.zips import BadArchive, inflate, open_zip, read_directory

__all__ = ["Collection", "NoAdvisories", "read_advisories"]

_ZIP = b"PK"
_RECORD = ".json"


class NoAdvisories(UsageError):
    """There is nothing to audit by."""

    code = "no-advisories"
    exit_code = 1


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """What was read."""

    records: int
    """How many advisories about packages of PyPI there were."""
    newest: str
    """When the last of them was changed, as written."""
    relevant: tuple[Advisory, ...]
    """Those about the packages that were asked for."""


async def read_advisories(
    context: Context, places: Iterable[str | Path], names: frozenset[NormalizedName]
) -> Collection:
    """Read every place, an absolute path or a URL, as far as it is about these packages.

    Raises :class:`NoAdvisories`, :class:`~interlock.core.advisories.osv.InvalidAdvisory`, and what fetching raises.
    """
    pile = _Pile(names)
    for place in places:
        before = pile.records
        if isinstance(place, str):
            await _fetch(context, place, pile)
        else:
            await anyio.to_thread.run_sync(pile.add_path, place, context.means.layout.limits)
        if pile.records == before:
            shown = redact(place) if isinstance(place, str) else place
            raise NoAdvisories(
                f"{shown} holds no advisories about packages of PyPI.",
                hint="Records in the OSV format are expected, as JSON: a folder of them, a zip archive, or one.",
                facts={"place": str(shown)},
            )
    return Collection(records=pile.records, newest=pile.newest, relevant=tuple(pile.relevant))


async def _fetch(context: Context, url: str, pile: _Pile) -> None:
    if not is_remote(url):
        raise NoAdvisories(f"`{redact(url)}` is neither a path nor an address that begins with https://.")
    async with open_toolchain(context) as toolchain:
        fetched = await toolchain.client.fetch_url(url)
        try:
            await anyio.to_thread.run_sync(pile.add_file, fetched.content, redact(url), context.means.layout.limits)
        finally:
            if isinstance(fetched.content, Path):
                await anyio.Path(fetched.content).unlink(missing_ok=True)


class _Pile:
    """Advisories while they are being read; all of it is blocking."""

    def __init__(self, names: frozenset[NormalizedName]) -> None:
        self._names = names
        self.records = 0
        self.newest = ""
        self.relevant: list[Advisory] = []

    def __repr__(self) -> str:
        return f"<_Pile of {self.records}>"

    def add_path(self, path: Path, limits: Limits) -> None:
        try:
            if not path.is_dir():
                self.add_file(path, str(path), limits)
                return
            for number, file in enumerate(_records_in(path)):
                if number >= limits.unpacked_files:
                    reason = f"there are more than {limits.unpacked_files} of them"
                    raise _unreadable(str(path), reason, how_to_raise("unpacked_files"))
                if file.stat().st_size > limits.metadata_size:
                    raise _too_large(str(file), limits)
                self._add(read_regular(file), str(file))
        except OSError as error:
            shown = error.filename or path
            raise _unreadable(str(shown), (error.strerror or str(error)).lower()) from error

    def add_file(self, content: bytes | Path, shown: str, limits: Limits) -> None:
        if isinstance(content, Path) and not content.is_file():
            # Not a pipe, which would be waited for.
            raise _unreadable(shown, "it is not there" if not content.exists() else "it is no ordinary file")
        with open_zip(content) as archive:
            if bytes(archive[:2]) == _ZIP:
                self._add_archive(archive, shown, limits)
            elif len(archive) > limits.metadata_size:
                raise _too_large(shown, limits)
            else:
                self._add(bytes(archive), shown)

    def _add_archive(self, archive: memoryview, shown: str, limits: Limits) -> None:
        try:
            for entry in read_directory(archive, limits):
                if not entry.name.endswith(_RECORD):
                    continue
                if entry.size > limits.metadata_size or not is_plausible_text(entry.size, entry.packed):
                    raise _too_large(f"{shown}: {entry.name}", limits)
                self._add(inflate(archive, entry), f"{shown}: {entry.name}")
        except BadArchive as error:
            raise _unreadable(shown, error.why) from error

    def _add(self, data: bytes | memoryview, shown: str) -> None:
        advisory = decode_advisory(data, file=shown)
        if advisory is None:
            return
        self.records += 1
        self.newest = max(self.newest, advisory.modified)
        if any(entry.name in self._names for entry in advisory.affected):
            self.relevant.append(advisory)


def _records_in(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.endswith(_RECORD))


def _raise(error: OSError) -> None:
    raise error


def _unreadable(shown: str, reason: str, hint: str = "Nothing was judged.") -> InvalidAdvisory:
    return InvalidAdvisory(f"The advisories in {shown} cannot be read: {reason}.", hint=hint, facts={"file": shown})


def _too_large(shown: str, limits: Limits) -> InvalidAdvisory:
    return _unreadable(shown, f"it has more than {limits.metadata_size} bytes", how_to_raise("metadata_size"))
