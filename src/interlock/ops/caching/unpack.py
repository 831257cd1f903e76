"""``interlock cache unpack``: from a pack into the store, as far as the lock vouches for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import anyio.to_thread

from interlock.context import Context
from interlock.packs.header import PackedBuild
from interlock.packs.reading import open_pack
from interlock.packs.unpacking import Unpacked, unpack
from interlock.store.build_answers import BuildAnswer, load_build_answer, save_build_answer
from interlock.store.layout import Layout
from interlock.store.usage import using
from interlock.workspace.discovery import discover
from interlock.workspace.lockfile import load_lock

__all__ = ["unpack_file"]


async def unpack_file(context: Context, path: Path, *, trusts_builds: bool = False) -> Unpacked:
    """Needs no index and no interpreter.

    ``trusts_builds``: what the pack says that members are built with is believed, and their code will run. Raises
    :class:`~interlock.packs.refusals.BadPack` with the store as it was, and for a missing lock.
    """
    layout, jobs = context.means.layout, context.means.settings.concurrent_installs

    def work() -> Unpacked:
        lock = load_lock(discover(context.place.start, layout=layout).root)
        names = {artifact.sha256: artifact.filename for package in lock.packages for artifact in package.artifacts}
        with open_pack(path, layout.limits) as opened:
            builds = opened.header.builds if trusts_builds else ()
            done = unpack(opened, layout, _names(builds) | names, jobs=max(1, jobs))
            for build in builds:
                _remember(layout, build)
            return done

    async with using(layout):
        return await anyio.to_thread.run_sync(work)


def _names(builds: Iterable[PackedBuild]) -> dict[str, str]:
    artifacts = [wanted.artifact for build in builds for wanted in build.wanted]
    return {artifact.sha256: artifact.filename for artifact in artifacts if artifact is not None}


def _remember(layout: Layout, build: PackedBuild) -> None:
    """Answer a question where nobody has: as of long ago, so that it counts for who asks no index."""
    known = load_build_answer(layout, build.question)
    if known is None or not known.wanted:
        save_build_answer(layout, build.question, BuildAnswer(build.digest, 0.0, build.wanted))
