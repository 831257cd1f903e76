"""What members and source archives of a pack are built with, so that they can be built where there is no index."""

from __future__ import annotations

import anyio
import anyio.to_thread

from interlock.build.frontend import Builder
from interlock.build.source_tree import SourceTree
from interlock.core.members.selection import Selection
from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Directory, Member, Registry, Url
from interlock.ops.caching.packed import Packed
from interlock.ops.syncing.sync_options import SyncOptions
from interlock.ops.syncing.wanted import place_of, wanted_in
from interlock.packs.header import PackedBuild
from interlock.store.build_answers import load_build_answer
from interlock.store.layout import Layout
from interlock.toolchain.sdists import archive_tree, sdist_tree
from interlock.toolchain.toolchain import Toolchain

__all__ = ["packed_builds"]


async def packed_builds(packed: Packed, toolchain: Toolchain) -> tuple[PackedBuild, ...]:
    """The build environments of all that a selection builds, by their questions; they are made, nothing is built.

    One that holds more than wheels of indexes (a member's, say) is left out. Raises what making one does.
    """
    for target, interpreter in packed.targets:
        await _Preparing(packed, toolchain.on(interpreter), target.selection).run()
    questions = sorted(toolchain.options.asked_builds)
    return await anyio.to_thread.run_sync(_answers, toolchain.layout, questions)


class _Preparing:
    """The builds of one environment."""

    def __init__(self, packed: Packed, toolchain: Toolchain, selection: Selection) -> None:
        self._found = packed.found
        self._toolchain = toolchain
        self._selection = selection

    async def run(self) -> None:
        wanted = await wanted_in(self._found, SyncOptions(), self._selection, self._toolchain)
        built = [one for one in wanted if one.artifact is None or not one.artifact.is_wheel]
        if not built:
            return
        builder = await self._toolchain.builder()
        limit = anyio.CapacityLimiter(max(1, self._toolchain.means.settings.concurrent_builds))

        async def one(item: Wanted) -> None:
            async with limit:
                await self._prepare(builder, item)

        async with anyio.create_task_group() as tasks:
            for item in built:
                if builder.is_isolated(item.name):
                    tasks.start_soon(one, item)

    async def _prepare(self, builder: Builder, item: Wanted) -> None:
        source, artifact = item.source, item.artifact
        if isinstance(source, Member | Directory):
            place = place_of(item, self._found.reading.workspace, self._found.lock)
            tree = SourceTree(path=place, name=item.name)
            # How it is installed is not decided when a pack is made.
            await builder.prepare("editable", tree)
            await builder.prepare("wheel", tree)
        elif isinstance(source, Registry) and artifact is not None:
            async with sdist_tree(self._toolchain, item.name, item.version, source.index, artifact) as tree:
                await builder.prepare("wheel", tree)
        elif isinstance(source, Url) and artifact is not None:
            fetched = await self._toolchain.client.fetch_url(source.url, artifact.sha256)
            layout, inner = self._toolchain.layout, source.subdirectory
            opened = archive_tree(layout, fetched, artifact.filename, name=item.name, subdirectory=inner)
            async with opened as tree:
                await builder.prepare("wheel", tree)


def _answers(layout: Layout, questions: list[str]) -> tuple[PackedBuild, ...]:
    found = []
    for question in questions:
        answer = load_build_answer(layout, question)
        if answer is not None and answer.wanted and all(map(_is_packed, answer.wanted)):
            found.append(PackedBuild(question=question, digest=answer.digest, wanted=answer.wanted))
    return tuple(found)


def _is_packed(wanted: Wanted) -> bool:
    artifact = wanted.artifact
    is_of_index = isinstance(wanted.source, Registry)
    return is_of_index and artifact is not None and artifact.is_wheel and bool(artifact.sha256)
