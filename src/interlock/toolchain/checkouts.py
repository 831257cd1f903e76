"""Git sources for the verbs: which commit a reference means, and the tree of a commit."""

from __future__ import annotations

from pathlib import Path

import msgspec

from interlock.build.sdist import locate_tree
from interlock.core.sources.source import Git
from interlock.toolchain.toolchain import Toolchain

__all__ = ["checkout_tree", "locate"]


def _address(source: Git, root: Path) -> str:
    """The URL git understands: a repository of the workspace is written relative to its root."""
    if "://" in source.url or "@" in source.url.partition("/")[0]:
        return source.url
    return str((root / source.url).resolve())


async def locate(toolchain: Toolchain, source: Git, *, root: Path) -> Git:
    """The source with the commit that its reference means now."""
    # Nothing pins the commit, or this would not be asked; offline, what is remembered has to do.
    refresh = not toolchain.means.settings.offline
    commit = await toolchain.checkouts.repositories.resolve(_address(source, root), source.reference, refresh=refresh)
    return msgspec.structs.replace(source, commit=commit)


async def checkout_tree(toolchain: Toolchain, source: Git, *, root: Path) -> Path:
    """The project's directory in a checkout of the source's commit."""
    tree = await toolchain.checkouts.checkout(_address(source, root), source.commit, lfs=source.lfs)
    return locate_tree(tree, source.subdirectory, shown=source.url) if source.subdirectory else tree
