"""Metadata that only a build tells: of an sdist that an index has and that does not say what it needs."""

from __future__ import annotations

from interlock.core.artifacts.artifact import Artifact
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.errors import BuildError
from interlock.index.outcomes import Unavailable
from interlock.toolchain.toolchain import Toolchain

__all__ = ["built_metadata"]


async def built_metadata(
    toolchain: Toolchain, name: NormalizedName, version: str, index: str, artifact: Artifact
) -> Metadata | Unavailable:
    # Most resolutions build nothing, and archives are not loaded for them.
    from interlock.toolchain.sdists import sdist_tree  # noqa: PLC0415

    builder = await toolchain.builder()
    async with sdist_tree(toolchain, name, version, index, artifact) as tree:
        try:
            return await builder.metadata(tree)
        except BuildError as error:
            return Unavailable(error.message)
