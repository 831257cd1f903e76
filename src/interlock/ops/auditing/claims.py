"""What everybody who needs a package asks of it: members by their manifests, packages by their metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import anyio.to_thread
import msgspec

from interlock.core.advisories.fixes import Claim
from interlock.core.lock.graph import Graph, Key, key_of
from interlock.core.lock.model import LockedPackage
from interlock.core.members.asks import Ask
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.soundness.evidence import Published
from interlock.core.sources.source import Registry
from interlock.errors import InterlockError, first_error
from interlock.events import Warned
from interlock.ops.showing.reading import Locked
from interlock.ops.tools import open_toolchain
from interlock.resolution.external_indexes import asking_external_indexes
from interlock.resolution.published import published
from interlock.resolution.reading import Reading, read_workspace
from interlock.workspace.location import locator

__all__ = ["Claims", "collect_claims"]


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """On one package."""

    found: tuple[Claim, ...]
    complete: bool
    """Whether all who ask are among them."""


async def collect_claims(locked: Locked, targets: Iterable[LockedPackage]) -> dict[Key, Claims]:
    """The claims on some packages. What cannot be learned, without a network say, leaves them incomplete."""
    graph = Graph(locked.lock)
    wanted = {key_of(target): target for target in targets}
    askers: dict[Key, list[LockedPackage]] = {key: [] for key in wanted}
    for package in locked.lock.packages:
        for key in {key_of(graph.target(edge)) for edge in package.every()} & wanted.keys():
            askers[key].append(package)
    said = await _said(locked, {key_of(one): one for found in askers.values() for one in found})
    return await anyio.to_thread.run_sync(lambda: _collect(locked, wanted, askers, said))


async def _said(locked: Locked, askers: dict[Key, LockedPackage]) -> dict[Key, Published]:
    """What packages say of themselves, as far as the cache or their index tells."""
    if not askers:
        return {}
    part = msgspec.structs.replace(locked.lock, packages=tuple(askers.values()))
    try:
        async with open_toolchain(locked.context) as opened:
            toolchain = await asking_external_indexes(opened, locked.lock, locked.workspace.root)
            return await published(toolchain, part, ())
    except* InterlockError as group:
        error = first_error(group)
        assert error is not None
        text = f"Whether fixes fit is judged by the manifests alone: {error.message}"
        locked.context.means.reporter.report(Warned(error.code, text))
    return {}


def _collect(
    locked: Locked,
    wanted: dict[Key, LockedPackage],
    askers: dict[Key, list[LockedPackage]],
    said: dict[Key, Published],
) -> dict[Key, Claims]:
    reading = read_workspace(locked.context.means, locked.workspace, locked.lock)
    locate = locator(locked.workspace.root)
    found = {}
    for key, target in wanted.items():
        overrides = [ask for ask in reading.limits.overrides if ask.requirement.name == target.name]
        limits = [ask for ask in reading.limits.constraints if ask.requirement.name == target.name]
        asks = [*limits, *(overrides or _of_members(reading, target.name))]
        claims = [_of_ask(ask, locate(ask.origin)) for ask in asks]
        complete = isinstance(target.source, Registry)
        for package in () if overrides else askers[key]:
            known = said.get(key_of(package))
            if known is None or known.requires is None:
                complete = False
            else:
                claims += _of_package(package, known.requires, target.name)
        found[key] = Claims(found=tuple(dict.fromkeys(claims)), complete=complete)
    return found


def _of_members(reading: Reading, name: NormalizedName) -> Iterator[Ask]:
    return (ask for asks in reading.asks for ask in asks.every() if ask.requirement.name == name)


def _of_ask(ask: Ask, place: str) -> Claim:
    by = {"constraint": "a constraint", "override": "an override"}.get(
        ask.origin.table, ask.origin.member or "the root"
    )
    return _claim(by, ask.requirement, place)


def _of_package(
    package: LockedPackage, requires: tuple[Requirement | Ask, ...], name: NormalizedName
) -> Iterator[Claim]:
    for one in requires:
        requirement = one.requirement if isinstance(one, Ask) else one
        if requirement.name == name:
            yield _claim(f"{package.name} {package.version}".strip(), requirement, "")


def _claim(by: str, requirement: Requirement, place: str) -> Claim:
    plain = msgspec.structs.replace(requirement, marker="", extras=())
    return Claim(by=by, requirement=format_requirement(plain), specifier=requirement.specifier, place=place)
