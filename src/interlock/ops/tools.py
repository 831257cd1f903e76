"""Opening the tools of a command, with build environments that are thought of when something is built, which few do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from interlock.context import Context
from interlock.core.manifests.manifest import ToolSettings
from interlock.store.usage import using
from interlock.toolchain.siblings import BuildSiblings
from interlock.toolchain.toolchain import Toolchain, ToolchainOptions, Tools
from interlock.workspace.members import Workspace

if TYPE_CHECKING:
    from interlock.build.environment import BuildEnvironment, Provision

__all__ = ["open_toolchain", "options_of"]

_PLAIN = ToolchainOptions()


@asynccontextmanager
async def open_toolchain(context: Context, options: ToolchainOptions = _PLAIN) -> AsyncIterator[Toolchain]:
    """The tools of a command, building with any interpreter that is at hand; nobody empties the store meanwhile."""
    means, start = context.means, context.place.start
    async with using(means.layout), Tools(means, start, options, _Late) as tools:
        yield Toolchain(tools)


def options_of(workspace: Workspace, tool: ToolSettings, *, refresh: bool = False) -> ToolchainOptions:
    """What is decided about tools for a workspace, by its root's tool table: members may be needed to build others."""
    return ToolchainOptions(tool=tool, siblings=BuildSiblings(workspace, tool), refresh=refresh)


class _Late:
    """A provisioner from the first build environment on that is asked for."""

    def __init__(self, toolchain: Toolchain) -> None:
        self._toolchain = toolchain
        self._made: Provision | None = None

    def __repr__(self) -> str:
        return f"<Late {self._made!r}>"

    async def __call__(self, requirements: tuple[str, ...], /, *, purpose: str) -> BuildEnvironment:
        if self._made is None:
            from interlock.resolution.provision import Provisioner  # noqa: PLC0415 - see the module's docstring

            self._made = Provisioner(self._toolchain, compiled=True)
        return await self._made(requirements, purpose=purpose)

    async def mend(self, environment: BuildEnvironment, said: str, /) -> bool:
        return self._made is not None and await self._made.mend(environment, said)
