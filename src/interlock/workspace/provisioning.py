"""Where toolchains get their build environments from; loaded when something is built, which few commands do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.build.environment import Provision
    from interlock.workspace.toolchain import Toolchain

__all__ = ["provisioner"]


def provisioner(toolchain: Toolchain) -> Provision:
    from interlock.workspace.provision import Provisioner  # noqa: PLC0415 - see the module's docstring

    return Provisioner(toolchain)
