"""The workspace's policy for bounds between members: ``internal-bounds`` in ``[tool.interlock]``.

::

    [tool.interlock]
    internal-bounds = "compatible"          # exact, compatible, minimum (the default) or none

    [tool.interlock.internal-bounds]        # or a table, at the root
    default = "compatible"
    core = "exact"                          # whoever asks for core
    web = { core = "none" }                 # only web's requirement on core

A member's own ``[tool.interlock]`` may say the same of its own requirements. What names a requirement counts also where
the manifest gives it a range of its own.

The default is the least that keeps a release from being installed with siblings older than those it was built and
tested with. It sets no upper end: who wants one has decided how versions are counted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import anyio

from interlock.build.frontend import Builder
from interlock.core.metadata.edit import outdated
from interlock.core.metadata.static import COMPUTED
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.bounds import POLICIES, Edge, bounds, is_open
from interlock.core.requirements.requirement import Requirement
from interlock.errors import BuildError, InterlockError, ManifestError
from interlock.toolchain.siblings import BuildSiblings
from interlock.workspace.catalog import taken_ranges
from interlock.workspace.members import Member, Workspace

__all__ = ["InternalBounds", "InvalidBounds", "VersionUnknown"]

_KEY = "internal-bounds"
_DEFAULT = "minimum"
_Rules = Mapping[NormalizedName, str]


class InvalidBounds(ManifestError):
    """``internal-bounds`` has a value that cannot be used."""

    code = "invalid-internal-bounds"


class VersionUnknown(BuildError):
    """The version of a member that another one requires cannot be found out."""

    code = "version-unknown"


class InternalBounds:
    """What each member's requirements on other members become."""

    def __init__(self, workspace: Workspace, siblings: BuildSiblings) -> None:
        self._workspace = workspace
        self._siblings = siblings
        self._versions: dict[NormalizedName, str] = {}
        self._asking: dict[NormalizedName, anyio.Lock] = {}
        self._default = _DEFAULT
        self._everywhere: dict[NormalizedName, str] = {}
        self._by_member: dict[NormalizedName, dict[NormalizedName, str]] = {}
        self._defaults: dict[NormalizedName, str] = {}
        self._read_root(workspace.manifest.kept.get(_KEY))
        for member in workspace.members:
            if member.path != ".":
                self._read_member(member)

    def __repr__(self) -> str:
        return f"<InternalBounds default={self._default!r}>"

    def _read_root(self, value: object) -> None:
        if isinstance(value, dict):
            for key, said in value.items():
                if key == "default":
                    self._default = _policy(said, key, "pyproject.toml")
                elif isinstance(said, dict):
                    rules = {self._named(name): _policy(text, name, "pyproject.toml") for name, text in said.items()}
                    self._by_member[self._named(key)] = rules
                else:
                    self._everywhere[self._named(key)] = _policy(said, key, "pyproject.toml")
        elif value is not None:
            self._default = _policy(value, _KEY, "pyproject.toml")

    def _read_member(self, member: Member) -> None:
        value = member.manifest.kept.get(_KEY)
        if isinstance(value, dict):
            rules = self._by_member.setdefault(member.name, {})
            for key, said in value.items():
                if key == "default":
                    self._defaults[member.name] = _policy(said, key, member.file)
                else:
                    rules[self._named(key)] = _policy(said, key, member.file)
        elif value is not None:
            self._defaults[member.name] = _policy(value, _KEY, member.file)

    def _named(self, text: str) -> NormalizedName:
        name = normalize_name(text)
        if name not in self._workspace.by_name:
            raise InvalidBounds(
                f"`{_KEY}` names `{text}`, which is no member of the workspace.",
                hint="Ranges of packages from elsewhere are written in the manifests themselves.",
            )
        return name

    def policy(self, member: NormalizedName, needs: NormalizedName) -> tuple[str, bool]:
        """The policy of one requirement, and whether it was named."""
        named = self._by_member.get(member, {}).get(needs) or self._everywhere.get(needs)
        return (named, True) if named else (self._defaults.get(member, self._default), False)

    async def edges(self, name: NormalizedName, builder: Builder) -> dict[NormalizedName, Edge]:
        """What a member's requirements on members become; empty when they can stay as they are."""
        member = self._workspace.by_name[name]
        requirements = await self._requirements(member, builder)
        found: dict[NormalizedName, Edge] = {}
        for needs in sorted({item.name for item in requirements}):
            policy, forced = self.policy(name, needs)
            if any(item.name == needs and is_open(item, forced=forced) for item in requirements):
                specifier = await self._range(policy, name, needs, builder)
                found[needs] = Edge(specifier=specifier, forced=forced)
        if not outdated(requirements, found) and not self._has_paths(member):
            found = {}
        # What the catalog says is published with the member, as if it were written in its manifest.
        taken = taken_ranges(self._workspace, member)
        return found | {needs: Edge(specifier=text) for needs, text in taken.items()}

    async def _requirements(self, member: Member, builder: Builder) -> list[Requirement]:
        """A member's requirements on other members: those it says, or those its backend computes."""
        manifest = member.manifest
        if self.is_computed(member.name):
            source = await self._siblings.source(member.name, builder)
            asked: Iterable[Requirement] = (await builder.metadata(source)).requires
        else:
            asked = manifest.published()
        return [item for item in asked if item.name in self._workspace.by_name and item.name != member.name]

    def is_computed(self, name: NormalizedName) -> bool:
        """Whether a member's requirements come from its backend."""
        return bool(self._workspace.by_name[name].manifest.dynamic & COMPUTED)

    def _has_paths(self, member: Member) -> bool:
        """Whether the backend may write paths into metadata: Poetry's does for its path dependencies."""
        system = member.manifest.build_system
        return system is not None and system.backend.startswith("poetry.")

    async def _range(self, policy: str, member: NormalizedName, needs: NormalizedName, builder: Builder) -> str:
        # What is no package is never released, so that no range of it means anything.
        if policy == "none" or not self._workspace.by_name[needs].manifest.package:
            return ""
        return bounds(policy, await self._version(member, needs, builder))

    async def _version(self, member: NormalizedName, name: NormalizedName, builder: Builder) -> str:
        """The version of a member that ``member`` requires; a backend that has to tell is asked once."""
        known = self._workspace.by_name[name].manifest.version
        if known is not None:
            return known
        async with self._asking.setdefault(name, anyio.Lock()):
            if name not in self._versions:
                try:
                    source = await self._siblings.source(name, builder)
                    self._versions[name] = (await builder.metadata(source)).version
                except InterlockError as error:
                    raise VersionUnknown(
                        f"The version of {name}, which {member} requires, is not known: {error.message}",
                        hint=f'Without it, `internal-bounds = {{ {name} = "none" }}` leaves the bare name.',
                        facts={"member": member, "needs": name, "cause": error.code},
                    ) from error
            return self._versions[name]


def _policy(value: object, key: str, file: str) -> str:
    if not isinstance(value, str) or value not in POLICIES:
        raise InvalidBounds(
            f"`{_KEY}` in {file} says {value!r} for `{key}`; it can be {', '.join(POLICIES)}.",
            hint=None if key == _KEY else f"`{key}` is a member's name or `default`.",
        )
    return value
