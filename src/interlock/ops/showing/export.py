"""``interlock export``: the lock in the formats other tools install from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.export_pylock import PylockOptions, export_pylock
from interlock.core.lock.export_requirements import RequirementsOptions, export_requirements
from interlock.core.lock.select import PythonNotAdmitted
from interlock.core.markers.diagram import requires_python_marker
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Directory, File
from interlock.envs.discovery import Request, parse_request
from interlock.envs.interpreters import query_interpreter
from interlock.means import Means
from interlock.ops.locking.lock import lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.ops.showing.reading import Locked, read_locked
from interlock.ops.tools import open_toolchain
from interlock.resolution.external_indexes import asking_external_indexes
from interlock.store.replace import is_stream, replace_file
from interlock.store.stream import write_stream
from interlock.toolchain.addresses import find_addresses, index_urls
from interlock.toolchain.environment import needed_python
from interlock.workspace.home import expanded
from interlock.workspace.selection import SelectionFlags

__all__ = ["ExportOptions", "export"]


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags = SelectionFlags()
    format: Literal["pylock", "requirements"] = "pylock"
    output: str = ""
    """File to write, relative to the working directory; empty: hand back the text."""
    hashes: bool = True
    emit_project: bool = True
    emit_workspace: bool = True
    emit_local: bool = True
    omit_packages: tuple[NormalizedName, ...] = ()
    header: bool = True
    annotate: bool = True
    editable: bool = True
    frozen: bool = False
    locked: bool = False
    relock: LockOptions | None = None
    """Upgrade the lock first."""


async def export(context: Context, options: ExportOptions) -> str:
    """Make the text, and write it when a file is named.

    Raises :class:`~interlock.core.lock.freshness.LockOutdated` for a lock that is not fresh, unless ``frozen``, and
    what :func:`~interlock.ops.locking.lock.lock` raises for an upgrade.
    """
    if options.relock is not None:
        await lock(context, options.relock)
    locked = await read_locked(context, options.selection, frozen=options.frozen, locked=options.locked, strict=True)
    await anyio.to_thread.run_sync(_refuse_python, context.means, locked)
    target = _target(context.place.directory, options)
    # Paths in it are read from where the file is; a pipe is nowhere.
    folder = context.place.directory if target is None or is_stream(target) else target.parent
    root = _path_between(folder, locked.workspace.root)
    if options.format == "requirements":
        text = _requirements(locked, options, root)
    else:
        text = await _pylock(locked, options, root)
    if target is not None:
        await _write(target, text.encode())
    return text


def _refuse_python(means: Means, locked: Locked) -> None:
    """Raise for a Python that was asked for by name and that what is selected is not locked for; blocking.

    What is exported says so itself where its format can; a list of requirements cannot.
    """
    asked = means.settings.python_flag
    needed = needed_python(locked.workspace, locked.lock, locked.selection)
    if not asked or not needed:
        return
    request = parse_request(asked)
    if request.path:
        found = query_interpreter(request.path, means.interpreters)
        request = Request(specifier=f"=={found.version}")
    if (requires_python_marker(request.specifier) & requires_python_marker(needed)).is_false:
        raise PythonNotAdmitted(
            f"What is exported is locked for Python {needed}, which {asked} is not.",
            hint="Ask for a Python in that range, or select other members.",
            facts={"requires-python": needed, "python": asked},
        )


def _target(directory: Path, options: ExportOptions) -> Path | None:
    return directory / expanded(options.output) if options.output else None


def _path_between(folder: Path, root: Path) -> str:
    return os.path.relpath(root, folder).replace(os.sep, "/")


def _requirements(locked: Locked, options: ExportOptions, root: str) -> str:
    settings = locked.context.means.settings
    urls = [(index.default, index.url) for index in settings.resolving.indexes if index.url and not index.flat]
    return export_requirements(
        locked.lock,
        locked.selection,
        RequirementsOptions(
            hashes=options.hashes,
            annotate=options.annotate,
            header="Made by `interlock export`; do not edit." if options.header else "",
            # pip takes the first one for the index and the others for additions to it.
            index_urls=tuple(url for _, url in sorted(urls, key=lambda entry: not entry[0]))
            if _has_default(urls)
            else (),
            root=root,
            root_url=locked.workspace.root.as_uri(),
            emit_workspace=options.emit_workspace and options.emit_local,
            emit_project=options.emit_project,
            editable=options.editable,
            omit=_omitted(locked, options),
        ),
    )


async def _pylock(locked: Locked, options: ExportOptions, root: str) -> str:
    async with open_toolchain(locked.context) as toolchain:
        indexes = (await asking_external_indexes(toolchain, locked.lock, locked.workspace.root)).indexes
    addresses = await find_addresses(locked.context.means, indexes, locked.lock)

    def locate(index: str, artifact: Artifact) -> str:
        return addresses.get((index, artifact.filename), "")

    return export_pylock(
        locked.lock,
        locked.selection,
        PylockOptions(
            locate=locate,
            indexes=index_urls(indexes),
            root=root,
            emit_workspace=options.emit_workspace and options.emit_local,
            emit_project=options.emit_project,
            editable=options.editable,
            omit=_omitted(locked, options),
        ),
    )


def _omitted(locked: Locked, options: ExportOptions) -> frozenset[NormalizedName]:
    names = set(options.omit_packages)
    if not options.emit_local:
        names |= {package.name for package in locked.lock.packages if isinstance(package.source, Directory | File)}
    return frozenset(names)


def _has_default(urls: list[tuple[bool, str]]) -> bool:
    """Without a default index that is not PyPI, pip's own is the right one."""
    return any(default for default, _ in urls)


async def _write(path: Path, data: bytes) -> None:
    """Replace the file at once; one that says the same is left alone, so that its time tells when it changed."""

    def write() -> None:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        elif path.is_file() and path.read_bytes() == data:
            return
        replace_file(path, data)

    if is_stream(path):
        await write_stream(path, data)
    else:
        await anyio.to_thread.run_sync(write)
