"""Wheels from a service's packs while an environment is filled: what comes that way need not be fetched otherwise.

The locks that a wheel is fetched under are held until it came or will not come, so that whoever wants it finds it in
the store, or fetches it as if there were no service.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus

from interlock.core.plan.plan import Wanted
from interlock.core.sources.addresses import parts_of
from interlock.core.sources.source import Index, Registry
from interlock.errors import InterlockError, first_reason
from interlock.events import Advanced, Noted, Warned
from interlock.packs.header import UNPACKED, Entry
from interlock.packs.trees import add_tree
from interlock.service.believed import Believed, look_around
from interlock.service.connection import Unusable
from interlock.service.pack_client import PackClient
from interlock.service.pack_fetch import PackFetch
from interlock.service.pack_protocol import MOST_FILES, AskedFile, PackRequest
from interlock.service.posting import NotOffered
from interlock.store.archives import open_wheel
from interlock.store.digests import DigestMismatch
from interlock.toolchain.obtain import Obtainer
from interlock.toolchain.toolchain import Toolchain

__all__ = ["RemotePacks"]

_FEWEST = 2
"""Wheels for which it pays to ask."""
_CONNECTIONS = 16


class RemotePacks:
    """What one environment lacks, from the service of the settings."""

    def __init__(self, toolchain: Toolchain, obtainer: Obtainer) -> None:
        self._toolchain = toolchain
        self._means = toolchain.means
        self._obtainer = obtainer

    def __repr__(self) -> str:
        return f"<RemotePacks {self._means.settings.service.url}>"

    @asynccontextmanager
    async def bringing(self, wanted: Iterable[Wanted]) -> AsyncIterator[None]:
        """Fetch meanwhile what the store has not; nothing that goes wrong with it is an error."""
        lacking = await anyio.to_thread.run_sync(self._lacking, tuple(wanted))
        service = self._means.settings.service.url
        if {service, f"{service} packs"} & self._means.gone or len(lacking) < _FEWEST:
            yield
            return
        ended = {sha256: anyio.Event() for sha256 in lacking}
        try:
            async with anyio.create_task_group() as tasks:
                held = {sha256: lacking[sha256] for sha256 in lacking if await tasks.start(self._hold, sha256, ended)}
                tasks.start_soon(self._bring, held, ended)
                yield
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as failures:
            raise first_reason(failures) from None

    def _lacking(self, wanted: tuple[Wanted, ...]) -> dict[str, Wanted]:
        """Wheels of indexes that are not in the store; blocking."""
        found = {}
        for item in wanted:
            artifact = item.artifact
            if artifact is None or not artifact.is_wheel or not artifact.sha256 or not artifact.size:
                continue
            if isinstance(item.source, Registry) and open_wheel(self._toolchain.layout, artifact.sha256) is None:
                found[artifact.sha256] = item
        return found

    async def _hold(self, sha256: str, ended: dict[str, anyio.Event], *, task_status: TaskStatus[bool]) -> None:
        lock = self._toolchain.arriving(sha256)
        try:
            lock.acquire_nowait()
        except anyio.WouldBlock:
            # It is being fetched already.
            task_status.started(False)
            return
        try:
            task_status.started(True)
            await ended[sha256].wait()
        finally:
            lock.release()

    async def _bring(self, held: dict[str, Wanted], ended: dict[str, anyio.Event]) -> None:
        service, reporter = self._means.settings.service.url, self._means.reporter
        try:
            await self._fetch(held, ended)
        except NotOffered as error:
            self._means.gone.add(f"{service} packs")
            reporter.report(Noted(f"The service {service} has no packs for this command: {error}."))
        except (Unusable, OSError) as error:
            self._means.gone.add(service)
            why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            text = f"The service {service} was not used: {why}. What is missing is fetched from the indexes."
            reporter.report(Warned("service-unused", text))
        finally:
            for event in ended.values():
                event.set()

    async def _fetch(self, held: dict[str, Wanted], ended: dict[str, anyio.Event]) -> None:
        files = self._means.settings.pack_key_files
        believed = await anyio.to_thread.run_sync(look_around, self._toolchain.layout, files, held)
        request = self._request(held, believed)
        if len(request.files) < _FEWEST:
            return
        limit = anyio.CapacityLimiter(max(1, self._means.settings.concurrent_installs))
        connections = max(1, min(_CONNECTIONS, self._means.settings.concurrent_downloads))

        async def take(entry: Entry, content: bytes | Path) -> None:
            async with limit:
                await self._take(held[entry.sha256], entry, content)
            ended[entry.sha256].set()

        async with PackClient(self._means) as client:
            plan = await client.plan(request)
            if not all(map(believed.vouches_for, plan.header.entries)):
                raise Unusable("it sends contents that no key of this machine has signed")
            coming = {entry.sha256 for entry in plan.header.entries}
            for sha256 in held.keys() - coming:
                ended[sha256].set()
            self._means.reporter.report(Noted(f"{len(coming)} of {len(held)} wheels come in a pack."))
            if coming:
                await PackFetch(client, request, self._toolchain.layout, connections).run(plan, take)

    async def _take(self, wanted: Wanted, entry: Entry, content: bytes | Path) -> None:
        assert wanted.artifact is not None, wanted.name
        filename = wanted.artifact.filename
        try:
            if entry.form in UNPACKED:
                add = partial(add_tree, self._toolchain.layout, entry, content, filename)
                await self._obtainer.compare(wanted, await anyio.to_thread.run_sync(add))
            else:
                await self._obtainer.accept(wanted, content)
        except DigestMismatch as error:
            raise Unusable(f"it sent another file as {filename}") from error
        except InterlockError as error:
            # Who wants it fetches it as it was published, and tells what is wrong with it.
            self._means.reporter.report(Noted(f"{filename} was not taken from the pack: {error.message}"))
            return
        self._means.reporter.report(Advanced("download", filename, amount=entry.length))

    def _request(self, held: dict[str, Wanted], believed: Believed) -> PackRequest:
        """Without files of indexes that are only here, and without logins."""
        by_name = {index.name: index for index in self._toolchain.indexes if _is_asked_elsewhere(index)}
        indexes = {name: number for number, name in enumerate(by_name)}
        files = []
        for sha256, wanted in sorted(held.items())[:MOST_FILES]:
            assert isinstance(wanted.source, Registry), wanted.name
            assert wanted.artifact is not None, wanted.name
            if wanted.source.index in indexes:
                files.append(
                    AskedFile(
                        name=wanted.name,
                        index=indexes[wanted.source.index],
                        filename=wanted.artifact.filename,
                        sha256=sha256,
                        size=wanted.artifact.size or 0,
                        has=believed.bases.get(sha256, ()),
                    )
                )
        told = tuple(Index(name=index.name, url=index.url) for index in by_name.values())
        return PackRequest(indexes=told, files=tuple(files), forms=believed.forms)


def _is_asked_elsewhere(index: Index) -> bool:
    return not index.flat and (not index.url or parts_of(index.url).scheme in {"http", "https"})
