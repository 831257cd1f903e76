"""Where wished packages come from: members, directories, archives, repositories, indexes; and their names."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import anyio.to_thread
import msgspec

from interlock.build.source_tree import SourceTree
from interlock.context import Context
from interlock.core.editing.requirement_wishes import Wish, name_of_archive
from interlock.core.names import NormalizedName, is_name
from interlock.core.sources.direct_references import is_archive, parse_url_source
from interlock.core.sources.git_reference import KINDS, GitReference
from interlock.core.sources.source import Git
from interlock.core.versions.version_list import release_key
from interlock.errors import UsageError
from interlock.index.outcomes import Absent
from interlock.ops.tools import open_toolchain
from interlock.toolchain.checkouts import checkout_tree, locate
from interlock.workspace.home import expanded
from interlock.workspace.members import Workspace

__all__ = ["NamelessSource", "NothingThere", "Placed", "newest", "place_wishes"]


class NothingThere(UsageError):
    """A path that is to be added does not exist."""

    code = "nothing-there"


class NamelessSource(UsageError):
    """A source does not tell which package it holds."""

    code = "nameless-source"


class Placing(Protocol):
    """What of the options of ``add`` says where packages come from."""

    @property
    def git(self) -> dict[str, str]: ...
    @property
    def lfs(self) -> bool: ...
    @property
    def source(self) -> str: ...
    @property
    def editable(self) -> bool | None: ...
    @property
    def workspace(self) -> bool | None: ...
    @property
    def indexes(self) -> tuple[tuple[str, str], ...]: ...


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A wish with a name, and the entry for the sources table that goes with it."""

    wish: Wish
    source: dict[str, object] = {}
    """Empty for an index; paths are relative to the root, or absolute when they are far away."""
    member_path: str = ""
    """The directory of a new member, relative to the root."""


async def place_wishes(
    context: Context, workspace: Workspace, wishes: Iterable[Wish], options: Placing
) -> tuple[Placed, ...]:
    """Find out names and sources. Raises :class:`NothingThere` and :class:`NamelessSource`."""
    return tuple([await _place(context, workspace, wish, options) for wish in wishes])


async def newest(context: Context, workspace: Workspace, placed: Iterable[Placed]) -> dict[NormalizedName, str]:
    """A bound that asks for the newest version of each, pre-releases included, yanked ones not."""
    found: dict[NormalizedName, str] = {}
    async with open_toolchain(context.within(workspace.manifest.settings)) as toolchain:
        for item in placed:
            if item.wish.specifier or item.source.keys() - {"index"}:
                continue
            index = item.source.get("index")
            listing = await toolchain.client.listing(item.wish.normalized, str(index) if index else None)
            if isinstance(listing, Absent):
                continue
            offered = [text for at, text in enumerate(listing.versions) if at not in listing.yanked]
            if offered:
                found[item.wish.normalized] = f">={max(offered, key=release_key)}"
    return found


async def _place(context: Context, workspace: Workspace, wish: Wish, options: Placing) -> Placed:
    if "git" in wish.source:
        return await _git(context, workspace, wish, options)
    if "path" in wish.source:
        return await anyio.to_thread.run_sync(lambda: _local(context.place.directory, workspace, wish, options))
    if "url" in wish.source:
        if not wish.name:
            raise NamelessSource(f"`{wish.typed}` does not tell a name.", hint=f"Write `NAME @ {wish.source['url']}`.")
        extra = {"subdirectory": options.git["subdirectory"]} if options.git.get("subdirectory") else {}
        return Placed(wish=wish, source={**wish.source, **extra})
    if workspace.find(wish.normalized) is not None and options.workspace is not False and not options.source:
        if options.editable is None and wish.normalized in workspace.manifest.sources:
            return Placed(wish=wish)  # the root says where it is for everybody
        return Placed(wish=wish, source=_with_editable({"workspace": True}, options, default=True))
    index = options.source or (options.indexes[0][0] if options.indexes else "")
    return Placed(wish=wish, source={"index": index} if index else {})


def _with_editable(source: dict[str, object], options: Placing, *, default: bool) -> dict[str, object]:
    return (
        source if options.editable is None or options.editable is default else {**source, "editable": options.editable}
    )


async def _git(context: Context, workspace: Workspace, wish: Wish, options: Placing) -> Placed:
    source: dict[str, str] = dict(wish.source)
    given = {key: value for key, value in options.git.items() if value}
    if given.keys() & {"tag", "branch"}:
        source.pop("rev", None)
    source |= given
    short = re.fullmatch(r"([\w.-]+)@([\w.-]+):(?!/)(.+)", source["git"])
    if short is not None:
        source["git"] = f"ssh://{short[1]}@{short[2]}/{short[3]}"
    if not wish.name:
        reference = next((str(GitReference(kind, source[kind])) for kind in KINDS if kind in source), "")
        parsed = parse_url_source(f"git+{source['git']}", ".")
        assert isinstance(parsed, Git)
        git = Git(url=parsed.url, reference=reference, subdirectory=source.get("subdirectory", ""), lfs=options.lfs)
        async with open_toolchain(context.within(workspace.manifest.settings)) as toolchain:
            located = await locate(toolchain, git, root=workspace.root)
            tree = await checkout_tree(toolchain, located, root=workspace.root)
            name = _declared_name(tree)
            if not name:
                builder = await toolchain.builder()
                name = (await builder.metadata(SourceTree(path=tree))).name
        wish = msgspec.structs.replace(wish, name=name)
    return Placed(wish=wish, source={**source, **({"lfs": True} if options.lfs else {})})


def _local(directory: Path, workspace: Workspace, wish: Wish, options: Placing) -> Placed:
    path = Path(os.path.normpath(directory / expanded(wish.source["path"])))
    if not path.exists():
        raise NothingThere(f"There is nothing at {path}.", hint="Paths begin at the directory you are in.")
    name = wish.name
    if not name:
        name = name_of_archive(path.name) if is_archive(path.name) else _declared_name(path)
    if not is_name(name):
        raise NamelessSource(
            f"{path} does not tell which package it holds.", hint=f"Write `NAME @ {wish.source['path']}`."
        )
    wish = msgspec.structs.replace(wish, name=name)
    relative = os.path.relpath(path, workspace.root).replace(os.sep, "/")
    member = workspace.by_path.get(relative)
    if member is not None and options.workspace is not False:
        return Placed(wish=wish, source=_with_editable({"workspace": True}, options, default=True))
    below = path.is_dir() and not relative.startswith("../") and (path / "pyproject.toml").is_file()
    if path.is_dir() and below and options.workspace is not False and (options.workspace or _is_workspace(workspace)):
        return Placed(
            wish=wish, source=_with_editable({"workspace": True}, options, default=True), member_path=relative
        )
    source: dict[str, object] = {"path": relative}
    return Placed(wish=wish, source=_with_editable(source, options, default=False) if path.is_dir() else source)


def _is_workspace(workspace: Workspace) -> bool:
    return workspace.manifest.workspace is not None


def _declared_name(path: Path) -> str:
    """The name that a directory's manifest tells, empty when it does not."""
    try:
        document = tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return ""
    for table in (document.get("project"), document.get("tool", {}).get("poetry")):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            return str(table["name"])
    return ""
