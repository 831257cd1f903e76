"""Where toolchains get their build environments from; loaded when something is built, which few commands do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.build.environment import BuildEnvironment, Provision
    from interlock.workspace.toolchain import Toolchain

__all__ = ["provisioner"]


def provisioner(toolchain: Toolchain) -> Provision:
    return _Late(toolchain)


class _Late:
    """A provisioner from the first build environment on that is asked for."""

    def __init__(self, toolchain: Toolchain) -> None:
        self._toolchain = toolchain
        self._made: Provision | None = None

    def __repr__(self) -> str:
        return f"<Late {self._made!r}>"

    async def __call__(self, requirements: tuple[str, ...], /, *, purpose: str) -> BuildEnvironment:
        if self._made is None:
            from interlock.workspace.provision import Provisioner  # noqa: PLC0415 - see the module's docstring

            self._made = Provisioner(self._toolchain)
        return await self._made(requirements, purpose=purpose)
