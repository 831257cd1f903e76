"""Digests of everything a resolution depends on, so that a lock can say whether it is still fresh.

A digest stands for a meaning: the order of requirements, comments, versions of members and spellings of a name do not
change it. Digests are 16 hexadecimal digits of a SHA-256 over canonical JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from interlock.core.lock.model import ResolutionInputs
from interlock.core.manifests.manifest import IncludeGroup, Manifest, SourceRule, ToolSettings
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.settings.name_set import NameSet
from interlock.core.sources.source import Index

__all__ = ["digest", "member_inputs", "own_inputs", "resolution_inputs"]

_ENCODER = msgspec.json.Encoder(order="sorted")


def digest(value: object) -> str:
    """16 hexadecimal digits for a value; sets of things have to be given sorted."""
    return hashlib.sha256(_ENCODER.encode(value)).hexdigest()[:16]


def own_inputs(manifest: Manifest) -> dict[str, str]:
    """The digests that follow from one manifest alone, by key; a key is absent when there is nothing to say."""
    found: dict[str, str] = {}
    if manifest.requires_python:
        found["requires-python"] = digest(sorted(manifest.requires_python.split(",")))
    if manifest.dependencies:
        found["dependencies"] = digest(_lines(manifest.dependencies))
    for extra, requirements in manifest.extras.items():
        found[f"optional-dependencies.{extra}"] = digest(_lines(requirements))
    for group, entries in manifest.groups.items():
        bound = manifest.group_requires_python.get(group, "")
        found[f"dependency-groups.{group}"] = digest([_lines(entries), bound])
    for group, problem in manifest.group_problems.items():
        found[f"dependency-groups.{group}"] = digest(problem)
    for name, rules in manifest.sources.items():
        found[f"sources.{name}"] = _rules(rules)
    if not manifest.package:
        found["package"] = digest(False)
    if manifest.decisive_dynamic:
        found["dynamic"] = digest(sorted(manifest.decisive_dynamic))
    return found


def member_inputs(own: dict[str, str], manifest: Manifest, root: Manifest) -> dict[str, str]:
    """A member's own digests, with those of the sources that it takes from the root."""
    if manifest is root or not root.sources:
        return own
    mentioned = {asked.name for asked in manifest.every()}
    inherited = [name for name in mentioned if name in root.sources and name not in manifest.sources]
    return own | {f"sources.{name}": _inherited(root.sources[name]) for name in inherited} if inherited else own


def resolution_inputs(
    settings: ToolSettings,
    indexes: Iterable[Index] = (),
    *,
    sources: Mapping[NormalizedName, tuple[SourceRule, ...]] | None = None,
    exclude_newer: str = "",
    exclude_newer_span: str = "",
) -> ResolutionInputs:
    """The settings that shaped a resolution.

    ``indexes`` in order of priority; ``sources`` are the root's, which constraints and overrides follow; the cutoff is
    a timestamp, or a window that has one for each day.
    """
    sources = sources or {}
    return ResolutionInputs(
        indexes=tuple(index.name for index in indexes),
        environments=tuple(sorted(settings.environments)),
        required_environments=tuple(sorted(settings.required_environments)),
        conflicts=tuple(sorted(settings.conflicts, key=lambda items: [item.order for item in items])),
        constraints=_limits(settings.constraints, sources),
        overrides=_limits(settings.overrides, sources),
        scoped_overrides=tuple(
            sorted(
                f"{item.package}{item.specifier}: {', '.join(_limits(item.requirements, sources))}"
                for item in settings.scoped_overrides
            )
        ),
        excludes=tuple(sorted(set(settings.excludes))),
        prerelease=settings.prerelease,
        prerelease_package=dict(sorted(settings.prerelease_package.items())),
        resolution=settings.resolution,
        fork_strategy=settings.fork_strategy,
        index_strategy=settings.index_strategy,
        exclude_newer=exclude_newer,
        exclude_newer_span=exclude_newer_span,
        exclude_newer_package=dict(sorted(settings.exclude_newer_package.items())),
        # A name counts beside all of them too: it is an exception from the other list.
        no_build=NameSet.of(settings.no_build_packages, every=settings.no_build).texts,
        no_binary=NameSet.of(settings.no_binary_packages, every=settings.no_binary).texts,
        no_sources=settings.sourceless.texts,
        dependency_metadata=_static_metadata(settings),
    )


_RULES: dict[int, tuple[tuple[SourceRule, ...], str]] = {}


def _inherited(rules: tuple[SourceRule, ...]) -> str:
    """The digest of the root's rules for a name: asked for once per member, so remembered by identity."""
    known = _RULES.get(id(rules))
    if known is None or known[0] is not rules:
        known = _RULES[id(rules)] = (rules, _rules(rules))
    return known[1]


def _rules(rules: tuple[SourceRule, ...]) -> str:
    return digest(sorted(_ENCODER.encode(rule).decode() for rule in rules))


def _lines(entries: Iterable[Requirement | IncludeGroup]) -> tuple[str, ...]:
    return tuple(
        sorted(
            {f"@{entry.group}" if isinstance(entry, IncludeGroup) else format_requirement(entry) for entry in entries}
        )
    )


def _limits(
    requirements: Iterable[Requirement], sources: Mapping[NormalizedName, tuple[SourceRule, ...]]
) -> tuple[str, ...]:
    """Like :func:`_lines`, with a digest of the sources where there are some."""
    return tuple(
        sorted(
            {
                format_requirement(item) + (f" [{_rules(sources[item.name])}]" if sources.get(item.name) else "")
                for item in requirements
            }
        )
    )


def _static_metadata(settings: ToolSettings) -> str:
    entries = sorted(_ENCODER.encode(entry).decode() for entry in settings.dependency_metadata)
    return digest(entries) if entries else ""
