"""Making the files of a member that has changed: its sdist, and the wheel from that sdist, with the policy's ranges."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import anyio.to_thread

from interlock.build.frontend import Builder
from interlock.build.source_tree import SourceTree
from interlock.core.metadata.edit import outdated
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.errors import BuildError
from interlock.events import Warned
from interlock.ops.building.build_settings import BuildSettings, Edges
from interlock.ops.building.finishing import bound_wheel, finished_sdist, finished_wheel, pkg_info, settled_sdist
from interlock.store.build_records import FileKind, file_facts, version_of
from interlock.toolchain.sdists import identity_of, unpack

__all__ = ["Making"]


class Making:
    """The files of one member, in a scratch folder."""

    def __init__(
        self, settings: BuildSettings, name: NormalizedName, builder: Builder, edges: Edges, scratch: Path
    ) -> None:
        self._settings = settings
        self._name = name
        self._builder = builder
        self._edges = edges
        self._scratch = scratch

    def __repr__(self) -> str:
        return f"<Making {self._name}>"

    async def run(self, tree: SourceTree) -> tuple[Path, dict[FileKind, Path]]:
        """What the backend made of the tree, and the files by kind."""
        builder, edges, scratch = self._builder, self._edges, self._scratch
        if not self._settings.sdist:
            made = await builder.wheel(tree)
            return made, {"wheel": await anyio.to_thread.run_sync(finished_wheel, made, edges, scratch)}
        made = await builder.sdist(tree)
        sdist = await anyio.to_thread.run_sync(
            finished_sdist, made, edges, self._settings.latest, scratch / "finished", self._settings.left_out(tree.path)
        )
        if edges and self._settings.bounds.is_computed(self._name):
            sdist = await self._settled(sdist, tree)
        if not self._settings.wheel:
            return made, {"sdist": sdist}
        wheel = await builder.wheel(await self._unpacked(sdist, tree, scratch / "tree"))
        return made, {"sdist": sdist, "wheel": await anyio.to_thread.run_sync(finished_wheel, wheel, edges, scratch)}

    async def _settled(self, sdist: Path, tree: SourceTree) -> Path:
        """The sdist with its requirements written down, where its backend would compute them without the ranges."""
        builder, edges, scratch = self._builder, self._edges, self._scratch
        unpacked = await self._unpacked(sdist, tree, scratch / "computed")
        if not outdated((await builder.metadata(unpacked)).requires, edges):
            return sdist
        said = await anyio.to_thread.run_sync(pkg_info, sdist)
        if said is not None and await self._is_same_everywhere(said, unpacked):
            settled = await anyio.to_thread.run_sync(settled_sdist, sdist, said, scratch / "settled")
            with suppress(BuildError):  # a backend that insists on computing
                # Asked is the backend itself: what a manifest says is no news of one that does not read it.
                wheel = await builder.wheel(await self._unpacked(settled, tree, scratch / "again"))
                if await anyio.to_thread.run_sync(bound_wheel, wheel, edges, scratch) == wheel:
                    return settled
        self._settings.toolchain.means.reporter.report(
            Warned(
                "computed-requirements",
                f"The sdist of {self._name} computes its requirements when it is built: a wheel that is built from it"
                " elsewhere does not have the ranges of `internal-bounds`.",
            )
        )
        return sdist

    async def _is_same_everywhere(self, said: Metadata, tree: SourceTree) -> bool:
        """Whether every wheel of an sdist has the same requirements: it says so (PEP 643), or there is but one."""
        return "requires-dist" not in said.dynamic or (await self._builder.wheel(tree)).name.endswith("-any.whl")

    async def _unpacked(self, sdist: Path, tree: SourceTree, target: Path) -> SourceTree:
        facts = await anyio.to_thread.run_sync(file_facts, sdist, "sdist")
        path = await unpack(sdist, target, self._settings.toolchain.layout.limits)
        return SourceTree(
            path=path,
            name=self._name,
            version=version_of(sdist),
            identity=identity_of(facts.sha256),
            ingredients=tree.ingredients,
        )
