"""A world to resolve in without any I/O: members, packages and options from plain dictionaries.

A package is ``{version: release}``; a release is a dictionary with ``requires``, ``extras``, ``requires-python``,
``page-requires-python`` (what the index says of it, where that is something else), ``wheels`` (tags; default
``py3-none-any``), ``sdist``, ``yanked`` (true, ``partly`` or why), ``time`` and ``unusable`` (why its metadata cannot
be had). ``name@index`` is what another index has of a package; such an index answers only those who pin it. The option
``status`` says what an index holds of projects (PEP 792).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from packaging.version import Version

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing, encode_artifacts
from interlock.core.lock.codec import encode_lock
from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.members.asks import Ask, Limits, MemberAsks, Origin, ScopedAsks
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import ExtraName, GroupName, NormalizedName, normalize_name
from interlock.core.relock.assemble import assemble
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.conflicting_dependency import ConflictingDependency, in_failure
from interlock.core.resolver.facts import Facts, Known, Universe, Unusable, learned
from interlock.core.resolver.failure import NoSolution, no_solution
from interlock.core.resolver.notices import notices
from interlock.core.resolver.old_picks import old_picks
from interlock.core.resolver.outcome import Needs, Solved, Unsolvable
from interlock.core.resolver.placed import placed
from interlock.core.resolver.problem import DirectPackage, Policy, Preference, Problem
from interlock.core.resolver.report import explain
from interlock.core.resolver.required import Required
from interlock.core.resolver.resolver import Resolver
from interlock.core.settings.name_set import NameSet
from interlock.core.sources.source import Directory, Git, Member, Registry, Source, Url
from interlock.core.versions.version_list import VersionList
from tests.core.resolver.soundness import unsound

__all__ = ["INDEX", "Outcome", "problem_of", "resolve", "resolve_problem", "solved"]

INDEX = "pypi"
"""The index that answers by default."""

Table = Mapping[str, Any]


class Outcome:
    """What came of a resolution."""

    def __init__(
        self, resolver: Resolver, outcome: Solved | Unsolvable, problem: Problem, old: Lock | None = None
    ) -> None:
        self.resolver = resolver
        self.problem = problem
        self.lock: Lock | None = None
        self.error: NoSolution | None = None
        self.unsolvable = outcome if isinstance(outcome, Unsolvable) else None
        self.refusal: ConflictingDependency | None = None
        self._forks = outcome.forks if isinstance(outcome, Solved) else ()
        if isinstance(outcome, Solved):
            inputs = ResolutionInputs(
                environments=problem.environments,
                conflicts=problem.conflicts,
                required_environments=problem.required_environments,
            )
            self.lock = assemble(resolver, outcome.forks, inputs=inputs, old=old)
        else:
            self.error = no_solution(explain(resolver, outcome), _place)
            self.refusal = in_failure(resolver, outcome)

    def __repr__(self) -> str:
        return f"<Outcome {self.versions() if self.lock is not None else self.error}>"

    @property
    def decisions(self) -> int:
        return self.resolver.decisions

    @property
    def data(self) -> bytes:
        assert self.lock is not None, self.error
        return encode_lock(self.lock)

    def said(self, before: Lock | None = None) -> list[str]:
        """What is odd about the solution, beside a lock there was before."""
        packages = before.packages if before is not None else ()
        pinned = frozenset((package.name, package.version) for package in packages)
        found = (*notices(self.resolver, self._forks), *old_picks(self.resolver, self._forks, pinned))
        return sorted(f"{notice.code}: {placed(notice.text, _place)}" for notice in found)

    def versions(self) -> dict[str, list[str]]:
        """Every locked version by name."""
        assert self.lock is not None, self.error
        found: dict[str, list[str]] = {}
        for package in self.lock.packages:
            found.setdefault(package.name, []).append(package.version)
        return found


def solved(world: Table) -> Lock:
    """The lock of a world that has a solution."""
    outcome = resolve(world)
    assert outcome.lock is not None, outcome.error
    return outcome.lock


def resolve(world: Table, locked: Lock | None = None, upgrade: Sequence[str] = ()) -> Outcome:
    """Solve a world, starting from a lock when there is one."""
    return resolve_problem(problem_of(world, locked, upgrade), world, old=locked)


def resolve_problem(problem: Problem, world: Table, facts: Facts | None = None, old: Lock | None = None) -> Outcome:
    """``facts`` are what is known beforehand."""
    is_whole = facts is None
    facts = facts or Facts()
    resolver = Resolver(problem, facts)
    registry = _Registry(world)
    while True:
        outcome = resolver.advance()
        if not isinstance(outcome, Needs):
            found = Outcome(resolver, outcome, problem, old)
            wrong = unsound(found.lock, problem, facts) if found.lock is not None and is_whole else []
            assert not wrong, "\n".join(wrong)
            return found
        assert outcome.universes or outcome.dependencies, "asked for nothing"
        for name in outcome.universes:
            assert name not in facts.universes, f"{name} asked for twice"
            facts.universes[name] = registry.universe(name, facts, resolver.shared.required)
        for name, position in outcome.dependencies:
            assert (name, position) not in facts.dependencies, f"{name} asked for twice"
            facts.dependencies[name, position] = registry.known(facts.universes[name], position)


# ---- the problem -------------------------------------------------------------------------------------------------


def problem_of(world: Table, locked: Lock | None = None, upgrade: Sequence[str] = ()) -> Problem:
    options = world.get("options", {})
    members = {"root": world["root"]} if "root" in world else world["members"]
    names = frozenset(normalize_name(name) for name in members)
    direct = tuple(
        DirectPackage(source=_source(table), asks=_asks(normalize_name(name), table, names, world))
        for name, tables in world.get("direct", {}).items()
        for table in (tables if isinstance(tables, list) else [tables])
    )
    preferences: dict[NormalizedName, tuple[Preference, ...]] = {}
    for name, version in options.get("locked", {}).items():
        preferences[normalize_name(name)] = (Preference(version, Registry(INDEX)),)
    for package in locked.packages if locked is not None else ():
        if package.name not in upgrade:
            wish = Preference(package.version, package.source, package.markers)
            preferences[package.name] = (*preferences.get(package.name, ()), wish)
    return Problem(
        members=tuple(
            _asks(normalize_name(name), table, names, world)
            for name, table in sorted(members.items(), key=lambda item: normalize_name(item[0]))
        ),
        direct=direct,
        environments=tuple(options.get("environments", ())),
        required_environments=tuple(options.get("required-environments", ())),
        conflicts=tuple(tuple(_conflict(item) for item in items) for items in options.get("conflicts", ())),
        limits=Limits(
            constraints=_limits(options.get("constraints", ()), "constraint", options),
            overrides=_limits(options.get("overrides", ()), "override", options),
            scoped=tuple(_scoped(item, options) for item in options.get("scoped-overrides", ())),
        ),
        wishes=tuple(parse_requirement(text) for text in options.get("wishes", ())),
        excludes=frozenset(normalize_name(name) for name in options.get("excludes", ())),
        policy=Policy(
            prerelease=options.get("prerelease", "if-necessary"),
            resolution=options.get("resolution", "highest"),
            fork_strategy=options.get("fork-strategy", "requires-python"),
            prerelease_packages={normalize_name(n): text for n, text in options.get("prerelease-package", {}).items()},
            cutoff=options.get("cutoff", ""),
            cutoff_packages={normalize_name(n): text for n, text in options.get("cutoff-package", {}).items()},
            no_build=NameSet.from_texts(options.get("no-build", ())),
            no_binary=NameSet.from_texts(options.get("no-binary", ())),
        ),
        preferences=preferences,
        forks=tuple(options.get("forks", locked.forks if locked is not None else ())),
    )


def _limits(texts: Sequence[str], table: str, options: Table) -> tuple[Ask, ...]:
    """What the root says of everybody's requirements, with the sources among the options."""
    sources = {normalize_name(key): _source(value) for key, value in options.get("sources", {}).items()}
    origin = Origin(member=NormalizedName(""), table=table)
    requirements = [parse_requirement(text) for text in texts]
    return tuple(Ask(requirement=item, source=sources.get(item.name), origin=origin) for item in requirements)


def _scoped(item: Table, options: Table) -> ScopedAsks:
    return ScopedAsks(
        package=normalize_name(item["package"]),
        specifier=item.get("version", ""),
        asks=_limits(item["requires"], "override", options),
    )


def _asks(name: NormalizedName, table: Table, members: frozenset[NormalizedName], world: Table) -> MemberAsks:
    path = table.get("path", "." if name == "root" else f"packages/{name}")
    sources = {normalize_name(key): _source(value) for key, value in table.get("sources", {}).items()}
    for key, tables in world.get("direct", {}).items():
        if not isinstance(tables, list):
            sources.setdefault(normalize_name(key), _source(tables))

    def asks(texts: Sequence[str], where: str) -> tuple[Ask, ...]:
        found = []
        for text in texts:
            requirement = parse_requirement(text)
            known = requirement.name in members
            source = Member(requirement.name) if known else sources.get(requirement.name)
            found.append(
                Ask(
                    requirement=requirement,
                    source=source,
                    origin=Origin(member=name, table=where, text=text, path=path),
                )
            )
        return tuple(found)

    return MemberAsks(
        name=name,
        path=path,
        version=table.get("version", "0.1.0"),
        requires_python=table.get("requires-python", ">=3.11"),
        dependencies=asks(table.get("requires", ()), "dependencies"),
        extras={ExtraName(key): asks(texts, f"extra:{key}") for key, texts in table.get("extras", {}).items()},
        groups={GroupName(key): asks(texts, f"group:{key}") for key, texts in table.get("groups", {}).items()},
        group_requires_python={GroupName(k): text for k, text in table.get("group-requires-python", {}).items()},
    )


def _source(table: Table) -> Source:
    if "index" in table:
        return Registry(table["index"])
    if "url" in table:
        return Url(table["url"])
    if "git" in table:
        return Git(
            url=table["git"], reference=table.get("reference", ""), commit=table.get("commit", "c0ffee" + "0" * 34)
        )
    return Directory(table["directory"])


def _conflict(text: str) -> ConflictItem:
    """``member``, ``member[extra]`` or ``member:group``."""
    if text.endswith("]"):
        member, _, extra = text[:-1].partition("[")
        return ConflictItem(normalize_name(member), ExtraName(extra))
    member, _, group = text.partition(":")
    return ConflictItem(normalize_name(member), None, GroupName(group) if group else None)


def _place(origin: Origin) -> str:
    return "pyproject.toml" if origin.path in {"", "."} else f"{origin.path}/pyproject.toml"


# ---- the registry ------------------------------------------------------------------------------------------------


class _Registry:
    def __init__(self, world: Table) -> None:
        self._packages: dict[tuple[str, str], dict[str, Table]] = {}
        self._direct = {normalize_name(name): tables for name, tables in world.get("direct", {}).items()}
        self._missing = world.get("options", {}).get("missing", "not found")
        self._status = world.get("options", {}).get("status", {})
        for key, releases in world.get("packages", {}).items():
            name, _, index = key.partition("@")
            parsed = {str(Version(version)): release for version, release in releases.items()}
            self._packages[normalize_name(name), index or INDEX] = parsed

    def universe(self, name: NormalizedName, facts: Facts, required: Required) -> Universe:
        segments: list[tuple[Source, VersionList, Listing | None, Artifact | None]] = []
        has_default = not required.belongs_elsewhere(name)
        others = sorted(index for known, index in self._packages if known == name and index != INDEX)
        indexes = [*([INDEX] if has_default else []), *others]
        for index in indexes:
            releases = self._packages.get((name, index))
            if releases is not None:
                listing = _listing(name, index, releases, self._status.get(name, ""))
                segments.append((Registry(index), VersionList(listing.versions), listing, None))
        tables = self._direct.get(name, ())
        trees = tables if isinstance(tables, list) else [tables] if tables else []
        segments += [(_source(table), VersionList((table.get("version", ""),)), None, None) for table in trees]
        universe = Universe(name, segments, missing="" if segments else self._missing, has_default=has_default)
        for segment, table in zip(universe.segments[len(segments) - len(trees) :], trees, strict=True):
            facts.dependencies[name, segment.offset] = _known(table)
        return universe

    def known(self, universe: Universe, position: int) -> Known | Unusable:
        segment = universe.segment(position)
        assert isinstance(segment.source, Registry)
        release = self._packages[universe.name, segment.source.index][universe.version(position)]
        return Unusable(release["unusable"]) if "unusable" in release else _known(release)


def _known(release: Table) -> Known | Unusable:
    requires: list[Requirement] = [parse_requirement(text) for text in release.get("requires", ())]
    for extra, texts in release.get("extras", {}).items():
        for text in texts:
            body, _, marker = text.partition(";")
            both = f"({marker.strip()}) and extra == '{extra}'" if marker.strip() else f"extra == '{extra}'"
            requires.append(parse_requirement(f"{body.strip()} ; {both}"))
    return learned(
        Metadata(
            name=NormalizedName("any"),
            version="1",
            requires=tuple(requires),
            extras=tuple(ExtraName(extra) for extra in release.get("extras", {})),
            requires_python=release.get("requires-python", ""),
        )
    )


def _listing(name: NormalizedName, index: str, releases: Mapping[str, Table], status: str) -> Listing:
    versions = sorted(releases, key=Version)
    files = [_artifacts(name, version, releases[version]) for version in versions]
    return Listing(
        name=name,
        index=index,
        versions=tuple(versions),
        files=tuple(_described(found, releases[version]) for version, found in zip(versions, files, strict=True)),
        status=status,
        prereleases=tuple(i for i, version in enumerate(versions) if Version(version).is_prerelease),
        yanked=tuple(i for i, found in enumerate(files) if found and all(artifact.yanked for artifact in found)),
        first_upload=tuple(min((artifact.upload_time for artifact in found), default="") for found in files),
    )


def _described(found: tuple[Artifact, ...], release: Table) -> memoryview:
    """The files as their page has them, with the reason why they were yanked."""
    reason = release.get("yanked", False)
    if not isinstance(reason, str) or reason == "partly":
        return encode_artifacts(found)
    return memoryview(
        bytes(encode_artifacts(found)).replace(b'"yanked":true', b'"yanked":' + json.dumps(reason).encode())
    )


def _artifacts(name: str, version: str, release: Table) -> tuple[Artifact, ...]:
    stem = f"{name.replace('-', '_')}-{version}"
    names = [f"{stem}-{tags}.whl" for tags in release.get("wheels", ["py3-none-any"])]
    if release.get("sdist"):
        names.append(f"{stem}.tar.gz")
    yanked = release.get("yanked", False)
    return tuple(
        Artifact(
            filename=filename,
            sha256=hashlib.sha256(filename.encode()).hexdigest(),
            size=len(filename),
            upload_time=release.get("time", ""),
            location=f"files/{filename}",
            requires_python=release.get("page-requires-python", release.get("requires-python", "")),
            # "partly": all but the last file.
            yanked=bool(yanked) and not (yanked == "partly" and filename == names[-1]),
        )
        for filename in names
    )
