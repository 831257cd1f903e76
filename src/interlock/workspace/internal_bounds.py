"""The workspace's policy for bounds between members: ``internal-bounds`` in ``[tool.interlock]``.

::

    [tool.interlock]
    internal-bounds = "compatible"          # exact, compatible, minimum or none (the default)

    [tool.interlock.internal-bounds]        # or a table, at the root
    default = "compatible"
    core = "exact"                          # whoever asks for core
    web = { core = "none" }                 # only web's requirement on core

A member's own ``[tool.interlock]`` may say the same of its own requirements. What names a requirement counts also where
the manifest gives it a range of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from interlock.build.frontend import Builder
from interlock.core.editing.bounds import POLICIES, Edge, bounds
from interlock.core.names import NormalizedName, normalize_name
from interlock.errors import ManifestError
from interlock.workspace.members import Member, Workspace
from interlock.workspace.siblings import BuildSiblings

__all__ = ["InternalBounds", "InvalidBounds"]

_KEY = "internal-bounds"
_Rules = Mapping[NormalizedName, str]


class InvalidBounds(ManifestError):
    """``internal-bounds`` has a value that cannot be used."""

    code = "invalid-internal-bounds"


class InternalBounds:
    """What each member's requirements on other members become."""

    def __init__(self, workspace: Workspace, siblings: BuildSiblings) -> None:
        self._workspace = workspace
        self._siblings = siblings
        self._versions: dict[NormalizedName, str] = {}
        self._default = "none"
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
        """What a member's requirements on members become; empty when the manifest says it all."""
        member = self._workspace.by_name[name]
        found: dict[NormalizedName, Edge] = {}
        for needs in sorted(self._candidates(member)):
            policy, forced = self.policy(name, needs)
            if policy == "none":
                # A bare name, but never a path of this machine.
                found[needs] = Edge(specifier="", forced=forced)
            else:
                found[needs] = Edge(specifier=bounds(policy, await self._version(needs, builder)), forced=forced)
        if all(not edge.specifier and not edge.forced for edge in found.values()) and not self._has_paths(member):
            return {}
        return found

    def _candidates(self, member: Member) -> Iterable[NormalizedName]:
        """Members that this one may require: those it says, or any when its backend decides."""
        manifest = member.manifest
        if manifest.dynamic & {"dependencies", "optional-dependencies"} or manifest.name is None:
            return self._workspace.by_name.keys() - {member.name}
        asked = {item.name for item in manifest.dependencies}
        asked |= {item.name for items in manifest.extras.values() for item in items}
        return (asked & self._workspace.by_name.keys()) - {member.name}

    def _has_paths(self, member: Member) -> bool:
        """Whether the backend may write paths into metadata: Poetry's does for its path dependencies."""
        manifest = member.manifest
        backend = manifest.build_system.backend if manifest.build_system is not None else ""
        urls = any(item.url for items in (manifest.dependencies, *manifest.extras.values()) for item in items)
        return backend.startswith("poetry.") or bool(manifest.dynamic & {"dependencies"}) or urls

    async def _version(self, name: NormalizedName, builder: Builder) -> str:
        if name not in self._versions:
            known = self._workspace.by_name[name].manifest.version
            if known is None:
                known = (await builder.metadata(await self._siblings.source(name, builder))).version
            self._versions[name] = known
        return self._versions[name]


def _policy(value: object, key: str, file: str) -> str:
    if not isinstance(value, str) or value not in POLICIES:
        raise InvalidBounds(
            f"`{_KEY}` in {file} says {value!r} for `{key}`; it can be {', '.join(POLICIES)}.",
            hint=None if key == _KEY else f"`{key}` is a member's name or `default`.",
        )
    return value
