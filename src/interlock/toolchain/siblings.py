"""Siblings: members that other members require to be built (PEP 518 requirements that name a member).

A sibling is built from its tree when the first build asks for it, with the members it needs at run time beside it; a
member's name is never looked up on an index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from interlock.build.source_tree import SourceTree
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.names import NormalizedName
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import format_requirement
from interlock.errors import BuildError, InterlockError
from interlock.toolchain.build_hashes import BuildHashes
from interlock.workspace.graph import Dependency, Graph, MemberCycle, Need, member_graph
from interlock.workspace.members import Workspace

if TYPE_CHECKING:
    from interlock.build.frontend import Builder

__all__ = ["BuildSiblings", "SiblingFailed"]

_RUNTIME: frozenset[Need] = frozenset({"runtime"})


class SiblingFailed(BuildError):
    """A member that a build requires could not be built."""

    code = "build-requirement-failed"


class BuildSiblings:
    """The members of one workspace as build requirements; the wheels are those of one command."""

    def __init__(self, workspace: Workspace, tool: ToolSettings, hashes: BuildHashes | None = None) -> None:
        self.workspace = workspace
        self._extra = {
            name: frozenset(requirement.name for requirement in requirements)
            for name, requirements in tool.extra_build_dependencies.items()
        }
        # What every build's result depends on besides its tree, as far as the builder does not know it.
        self._common = [format_requirement(requirement) for requirement in tool.build_constraints]
        self._common += (hashes or BuildHashes()).describe()
        # By builder, because each builds for another interpreter.
        self._failed: dict[tuple[Builder, NormalizedName], InterlockError] = {}
        self._digests: dict[tuple[Builder, NormalizedName], str] = {}

    def __repr__(self) -> str:
        return f"<BuildSiblings {self.workspace.root}>"

    @cached_property
    def _graph(self) -> Graph:
        """Made when it is needed: few commands build anything that requires a member."""
        return member_graph(self.workspace)

    def required(self, name: NormalizedName) -> frozenset[NormalizedName]:
        """The members that have to be built before this one."""
        return self.closure(self._direct(name))

    def _direct(self, name: NormalizedName) -> set[NormalizedName]:
        system = self.workspace.by_name[name].manifest.build_system
        wanted = {parse_requirement(text).name for text in (system.requires if system is not None else ())}
        return (wanted | self._extra.get(name, frozenset())) & self.workspace.by_name.keys()

    def closure(self, names: Iterable[NormalizedName]) -> frozenset[NormalizedName]:
        """Those of the names that are members, and the members they need to run."""
        members = [name for name in names if name in self.workspace.by_name]
        return self._graph.dependencies_of(members, _RUNTIME) if members else frozenset()

    def check(self, names: Iterable[NormalizedName]) -> None:
        """Raises :class:`MemberCycle` when a member is needed to build itself, among these and what they require."""
        edges: list[Dependency] = []
        seen: set[NormalizedName] = set()
        todo = sorted(names)
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for need in sorted(self._direct(name)):
                if name in self.closure((need,)):
                    raise MemberCycle((name, need, name) if need != name else (name, name), {"build"})
            required = sorted(self.required(name))
            edges += [Dependency(member=name, needs=need, kind="build") for need in required]
            todo += required
        Graph(tuple(sorted(seen)), tuple(sorted(edges))).levels(frozenset({"build"}))

    def tree(self, name: NormalizedName) -> SourceTree:
        return SourceTree(path=self.workspace.by_name[name].directory, name=name)

    async def source(self, name: NormalizedName, builder: Builder) -> SourceTree:
        """A member's tree, with the digest of the siblings that its build requires."""
        return msgspec.structs.replace(self.tree(name), ingredients=await self._ingredients(name, builder))

    async def _ingredients(self, name: NormalizedName, builder: Builder) -> str:
        # Those of what is required first, however long the chain of what is required for that.
        for one in self._required_first(name):
            key = (builder, one)
            if key not in self._digests:
                found = list(self._common)
                for need in sorted(self.required(one)):
                    found += (need, await builder.digest("wheel", await self.source(need, builder)))
                self._digests[key] = hashlib.sha256("\n".join(found).encode()).hexdigest() if found else ""
        return self._digests[builder, name]

    def _required_first(self, name: NormalizedName) -> list[NormalizedName]:
        found: dict[NormalizedName, None] = {}
        waiting = [(name, False)]
        opened: set[NormalizedName] = set()
        while waiting:
            one, closing = waiting.pop()
            if closing:
                found[one] = None
            elif one not in opened:
                opened.add(one)
                waiting.append((one, True))
                waiting += [(need, False) for need in sorted(self.required(one), reverse=True)]
        return list(found)

    async def wheels(self, names: Iterable[NormalizedName], builder: Builder, /) -> dict[NormalizedName, Path]:
        found: dict[NormalizedName, Path] = {}

        async def one(name: NormalizedName) -> None:
            if (builder, name) in self._failed:
                raise self._because(name, self._failed[builder, name])
            try:
                found[name] = await builder.wheel(await self.source(name, builder))
            except BuildError as error:
                self._failed[builder, name] = error
                raise self._because(name, error) from error

        failure: InterlockError | None = None
        async with anyio.create_task_group() as tasks:

            async def guarded(name: NormalizedName) -> None:
                nonlocal failure
                try:
                    await one(name)
                except InterlockError as error:
                    failure = failure or error

            for name in sorted(self.closure(names)):
                tasks.start_soon(guarded, name)
        if failure is not None:
            raise failure
        return found

    def _because(self, name: NormalizedName, error: InterlockError) -> InterlockError:
        if isinstance(error, SiblingFailed) or error.code == "build-cycle":
            return error
        return SiblingFailed(
            f"The member {name}, which is a build requirement, could not be built: {error.message.splitlines()[0]}",
            hint=error.hint,
            facts={"member": name, "cause": error.code},
        )
