"""Where the files of a lock can be fetched from: the one thing a lock does not say and other formats must."""

from __future__ import annotations

from collections.abc import Iterable

import anyio

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index, Registry
from interlock.errors import IndexFailure
from interlock.events import Warned
from interlock.index.defaults import default_index_url
from interlock.index.downloads import Downloads
from interlock.index.index_pages import Freshness, Pages
from interlock.means import Means
from interlock.toolchain.client import open_upstream

__all__ = ["AddressUnknown", "find_addresses", "index_urls"]

FileKey = tuple[str, str]
"""Name of an index, name of a file on it."""


class AddressUnknown(IndexFailure):
    code = "address-unknown"


def index_urls(indexes: Iterable[Index]) -> dict[str, str]:
    """The URL of each index by name, without credentials."""
    return {index.name: index.url or default_index_url() for index in indexes}


async def find_addresses(means: Means, indexes: Iterable[Index], lock: Lock) -> dict[FileKey, str]:
    """The URL of every file of a registry package; pages are asked for only where that was never learned.

    A file whose index does not tell is left out, and that is reported as a warning: what is made from the lock is still
    right about versions and hashes. Raises :class:`AddressUnknown` for an index that is not configured.
    """
    known = {index.name: index for index in indexes}
    wanted = [
        (_configured(known, package.source.index), package.name, package.artifacts)
        for package in lock.packages
        if isinstance(package.source, Registry)
    ]
    upstream = open_upstream(means)
    try:
        freshness = Freshness(now=means.now.timestamp(), offline=upstream.offline)
        pages = Pages(upstream, freshness)
        found, failed = await _ask(pages, Downloads(upstream, pages), wanted)
    finally:
        await upstream.close()
    for name, why in sorted(failed.items()):
        text = f"The index `{name}` does not say where its files are ({why}); they are named without an address."
        means.reporter.report(Warned("address-unknown", text))
    return found


def _configured(indexes: dict[str, Index], name: str) -> Index:
    """The index of that name with its URL.

    Raises :class:`AddressUnknown` for a name that is not configured here.
    """
    found = indexes.get(name)
    if found is None:
        raise AddressUnknown(
            f"The lock has packages from an index `{name}`, which is not configured.",
            hint=f"Add it with --index {name}=URL, or to the manifest.",
            facts={"index": name},
        )
    url = found.url or default_index_url()
    return Index(name=found.name, url=url, flat=found.flat, authenticate=found.authenticate)


async def _ask(
    pages: Pages, downloads: Downloads, wanted: list[tuple[Index, NormalizedName, tuple[Artifact, ...]]]
) -> tuple[dict[FileKey, str], dict[str, str]]:
    """The addresses that could be learned, and by index what kept it from telling the others."""
    found: dict[FileKey, str] = {}
    failed: dict[str, str] = {}

    async def one(index: Index, name: NormalizedName, artifacts: tuple[Artifact, ...]) -> None:
        if index.name not in failed and not all(downloads.address(index, name, artifact) for artifact in artifacts):
            try:
                await pages.page(index, name)
            except IndexFailure as failure:
                # One answer of that kind speaks for the whole index; the others are not waited for.
                failed.setdefault(index.name, failure.message)
        for artifact in artifacts:
            url = downloads.address(index, name, artifact)
            if url:
                found[index.name, artifact.filename] = url
            else:
                failed.setdefault(index.name, f"it does not know {artifact.filename}")

    async with anyio.create_task_group() as group:
        for index, name, artifacts in wanted:
            group.start_soon(one, index, name, artifacts)
    return found, failed
