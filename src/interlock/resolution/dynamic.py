"""Members whose dependencies only their build backend can tell."""

from __future__ import annotations

import anyio
import msgspec

from interlock.build.source_tree import SourceTree
from interlock.core.members.asks import Ask, MemberAsks, Origin
from interlock.core.metadata.by_extra import requirements_by_extra
from interlock.core.metadata.metadata import Metadata
from interlock.core.requirements.requirement import Requirement
from interlock.core.requirements.slot import PROJECT_TABLE, extra_table
from interlock.core.sources.source import Member as FromMember
from interlock.toolchain.toolchain import Toolchain
from interlock.workspace.members import Workspace

__all__ = ["complete"]


async def complete(
    toolchain: Toolchain, workspace: Workspace, members: tuple[MemberAsks, ...]
) -> tuple[MemberAsks, ...]:
    """Ask the backends for what the manifests leave to them; a dynamic version alone needs no backend."""
    found = list(members)
    by_name = workspace.by_name

    async def one(number: int) -> None:
        asks = found[number]
        member = by_name[asks.name]
        builder = await toolchain.builder()
        metadata = await builder.metadata(SourceTree(path=member.directory, name=member.name))
        found[number] = _with_metadata(asks, metadata, frozenset(by_name))

    async with anyio.create_task_group() as tasks:
        for number, asks in enumerate(members):
            member = by_name.get(asks.name)
            if member is not None and member.manifest.decisive_dynamic:
                tasks.start_soon(one, number)
    return tuple(found)


def _with_metadata(asks: MemberAsks, metadata: Metadata, members: frozenset[str]) -> MemberAsks:
    """The asks with requirements as the backend says them; sources stay those of the manifest."""
    sources = {ask.requirement.name: ask for ask in asks.dependencies}

    def asked(requirement: Requirement, table: str) -> Ask:
        known = sources.get(requirement.name)
        source = known.source if known is not None else None
        if source is None and requirement.name in members:
            source = FromMember(requirement.name)
        origin = Origin(member=asks.name, path=asks.path, table=table, text=requirement.name)
        return Ask(requirement=requirement, source=source, origin=origin)

    plain, extras = requirements_by_extra(metadata)
    return msgspec.structs.replace(
        asks,
        requires_python=metadata.requires_python or asks.requires_python,
        dependencies=tuple(asked(requirement, PROJECT_TABLE) for requirement in plain),
        extras={extra: tuple(asked(one, extra_table(extra)) for one in found) for extra, found in extras.items()},
    )
