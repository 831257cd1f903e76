"""``interlock cache pack``: the files that a selection needs here, in one file. Nothing is fetched that is in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Registry, Url
from interlock.events import Finished, Started, Warned
from interlock.ops.caching.packed import CacheKey, PackSelection, find_packed
from interlock.ops.caching.packed_builds import packed_builds
from interlock.ops.tools import open_toolchain, options_of
from interlock.packs.header import Entry, Form, PackedBuild
from interlock.packs.reading import OpenPack, open_pack
from interlock.packs.refusals import BadPack
from interlock.packs.writing import Content, write_pack
from interlock.resolution.external_indexes import asking_external_indexes
from interlock.store.space import write_file
from interlock.toolchain.toolchain import Toolchain

__all__ = ["PackOutcome", "pack"]


class PackOutcome(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    key: CacheKey
    files: int
    size: int
    """Bytes of the pack."""
    fetched: int
    """Files that an earlier pack at this place did not have."""
    changed: bool
    unpacked: tuple[str, ...]
    """Packages from git repositories, which no pack holds."""


async def pack(context: Context, asked: PackSelection, output: Path) -> PackOutcome:
    """Make a pack, or bring the one that is there to what is needed now: of that, what it has is not fetched again.

    Raises what :func:`find_packed` raises, and what fetching does; an earlier pack is left as it was then.
    """
    packed = await find_packed(context, asked)
    here, root = packed.found.context, packed.found.reading.workspace
    async with open_toolchain(here, options_of(root, packed.found.reading.tool)) as opened:
        toolchain = await asking_external_indexes(opened, packed.found.lock, root.root)
        folder = await anyio.to_thread.run_sync(toolchain.layout.temporary_directory)
        try:
            with ExitStack() as stack:
                old = await anyio.to_thread.run_sync(_earlier, toolchain, output, stack)
                kept = await anyio.to_thread.run_sync(_sound, old) if old is not None else {}
                builds = await packed_builds(packed, toolchain) if asked.builds else ()
                files = _files(packed.files, builds)
                missing = [one for one in files if _sha256(one) not in kept]
                await _fetch(toolchain, missing, folder)
                contents = [_content(one, kept, folder) for one in files]
                changed = bool(missing) or old is None or len(old.header.entries) != len(contents)
                if changed or (old is not None and old.header.builds != builds):
                    changed = True
                    await anyio.to_thread.run_sync(write_pack, output, contents, old, builds)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    size = await anyio.to_thread.run_sync(lambda: output.stat().st_size)
    return PackOutcome(
        path=output,
        key=packed.key,
        files=len(files),
        size=size,
        fetched=len(missing),
        changed=changed,
        unpacked=packed.unpacked,
    )


def _files(locked: Iterable[Wanted], builds: Iterable[PackedBuild]) -> list[Wanted]:
    """The files of a lock and of builds, each once."""
    known = {_sha256(one): one for build in builds for one in build.wanted}
    return list((known | {_sha256(one): one for one in locked}).values())


def _sha256(wanted: Wanted) -> str:
    assert wanted.artifact is not None, wanted.name
    return wanted.artifact.sha256


def _content(wanted: Wanted, kept: dict[str, Entry], folder: Path) -> Content:
    assert wanted.artifact is not None, wanted.name
    sha256 = wanted.artifact.sha256
    form = Form.WHEEL if wanted.artifact.is_wheel else Form.SDIST
    return Content(sha256=sha256, form=form, path=None if sha256 in kept else folder / sha256)


def _earlier(toolchain: Toolchain, output: Path, stack: ExitStack) -> OpenPack | None:
    """The pack that is there, None for one that cannot be used; blocking."""
    if not output.is_file():
        return None
    try:
        return stack.enter_context(open_pack(output, toolchain.layout.limits))
    except BadPack as error:
        toolchain.means.reporter.report(Warned("bad-pack", f"{error.message} It is made anew."))
        return None


def _sound(old: OpenPack) -> dict[str, Entry]:
    """The files of a pack that are what they should be; blocking."""
    found = {}
    for entry in old.header.entries:
        try:
            old.verified(entry).release()
        except BadPack:
            continue
        found[entry.sha256] = entry
    return found


async def _fetch(toolchain: Toolchain, missing: list[Wanted], folder: Path) -> None:
    """Bring files into a folder, each under its sha256."""
    limit = anyio.CapacityLimiter(toolchain.means.settings.concurrent_downloads)

    async def one(wanted: Wanted) -> None:
        async with limit:
            await _fetch_one(toolchain, wanted, folder / _sha256(wanted))

    toolchain.means.reporter.report(Started("download", len(missing)))
    try:
        async with anyio.create_task_group() as tasks:
            for wanted in missing:
                tasks.start_soon(one, wanted)
    finally:
        toolchain.means.reporter.report(Finished("download"))


async def _fetch_one(toolchain: Toolchain, wanted: Wanted, target: Path) -> None:
    source, artifact = wanted.source, wanted.artifact
    assert artifact is not None, wanted.name
    if isinstance(source, Registry):
        await toolchain.client.download(wanted.name, source.index, artifact, target)
        return
    assert isinstance(source, Url), wanted.name
    fetched = await toolchain.client.fetch_url(source.url, artifact.sha256)
    await anyio.to_thread.run_sync(_put, fetched.content, target)


def _put(content: bytes | Path, target: Path) -> None:
    if isinstance(content, bytes):
        write_file(target, content)
    else:
        # Both are in the store's folder for work in progress.
        content.rename(target)
