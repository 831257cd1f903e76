"""Plans: which of the files that a client lacks this service has, and in which order they are sent."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import anyio
import msgspec

from interlock.errors import InterlockError
from interlock.packs.header import Entry, encode_header, layed_out
from interlock.service.pack_protocol import AskedFile, PackPlan
from interlock.service.proxy.project_pages import Located
from interlock.service.proxy.proxy import Proxy

__all__ = ["Choose", "Part", "Plan", "Plans", "make_plan"]

_AT_ONCE = 32
"""Pages that are looked at at a time."""
_MOST_FILES = 200_000
"""Of all plans that are remembered."""


class Part(msgspec.Struct, frozen=True):
    entry: Entry
    located: Located
    path: str = ""
    """Of the file with the frame, where it is not the wheel itself."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A pack that can be sent."""

    told: PackPlan
    head: bytes
    """Up to the first frame."""
    parts: tuple[Part, ...]
    served: frozenset[str]
    """The indexes that it has files of: who may not use one of them does not get it."""

    @property
    def size(self) -> int:
        return len(self.head) + self.told.header.size


class Choose(Protocol):
    """Puts smaller forms in the place of wheels."""

    async def __call__(self, parts: Mapping[str, Part], asked: Mapping[str, AskedFile], /) -> dict[str, Part]: ...


async def make_plan(
    proxy: Proxy, files: Sequence[AskedFile], served: Mapping[int, str], choose: Choose | None = None
) -> Plan:
    """The pack of those of the files that are on indexes of this service, as they are asked for.

    ``served`` are this service's names for the indexes of the request, for those that who asks may use.
    """
    found: dict[str, Part] = {}
    limit = anyio.CapacityLimiter(_AT_ONCE)

    async def look(asked: AskedFile) -> None:
        async with limit:
            located = await _locate(proxy, asked, served.get(asked.index, ""))
        if located is not None:
            found[asked.sha256] = Part(Entry(sha256=asked.sha256, length=asked.size), located)

    async with anyio.create_task_group() as tasks:
        for asked in files:
            tasks.start_soon(look, asked)
    if choose is not None:
        found = await choose(found, {asked.sha256: asked for asked in files})
    header = layed_out(part.entry for part in found.values())
    head = encode_header(header)
    return Plan(
        told=PackPlan(id=hashlib.sha256(head).hexdigest(), header=header),
        head=head,
        parts=tuple(
            Part(entry, found[entry.sha256].located.without_page(), found[entry.sha256].path)
            for entry in header.entries
        ),
        served=frozenset(served[asked.index] for asked in files if asked.sha256 in found),
    )


async def _locate(proxy: Proxy, asked: AskedFile, index_name: str) -> Located | None:
    """A file that is what it is asked for as; whatever is wrong with one, others are sent all the same."""
    index = proxy.index(index_name)
    if index is None or asked.size <= 0 or not asked.filename.endswith(".whl"):
        return None
    choice = proxy.choices.of(index, asked.name)
    if choice.reserved:
        return None
    try:
        located = await proxy.locate(index, choice, asked.name, asked.filename)
    except (InterlockError, OSError):
        return None
    if located is None or located.artifact.sha256 != asked.sha256:
        return None
    stored = proxy.files.stored(located)
    size = stored.stat().st_size if stored is not None else located.artifact.size
    return located if size in {None, asked.size} else None


class Plans:
    """The plans of late, as many as have a bounded number of files; one that is forgotten is made again."""

    def __init__(self, most: int = _MOST_FILES) -> None:
        self._most = most
        self._kept: OrderedDict[str, Plan] = OrderedDict()
        self._files = 0

    def __repr__(self) -> str:
        return f"<Plans [{len(self._kept)}, of {self._files} files]>"

    def keep(self, plan: Plan) -> None:
        self._forget(plan.told.id)
        self._kept[plan.told.id] = plan
        self._files += len(plan.parts)
        while self._files > self._most and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))

    def find(self, name: str, allowed: Iterable[str]) -> Plan | None:
        """A plan that has only files of indexes that are allowed."""
        plan = self._kept.get(name)
        if plan is None or not plan.served <= set(allowed):
            return None
        self._kept.move_to_end(name)
        return plan

    def _forget(self, name: str) -> None:
        old = self._kept.pop(name, None)
        self._files -= len(old.parts) if old is not None else 0
