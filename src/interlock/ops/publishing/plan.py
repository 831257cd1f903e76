"""What is published, in which order, and whether it may be: decided from files alone, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from interlock.core.manifests.parse import read_document
from interlock.core.names import NormalizedName, normalize_name
from interlock.ops.building.build import chosen_members
from interlock.publish.attestations import read_attestations
from interlock.publish.check import check_distribution
from interlock.publish.distribution import Distribution, read_distribution
from interlock.publish.failures import InvalidDistribution, NotPublishable
from interlock.workspace.members import Member, Workspace
from interlock.workspace.selection import SelectionFlags

__all__ = ["Release", "check_releases", "publishable", "read_releases"]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One member's version, to be published."""

    name: NormalizedName
    version: str
    files: tuple[Distribution, ...]
    """The sdist before the wheels."""
    needs: tuple[NormalizedName, ...] = ()
    """Of the others that are published: those that have to be there before."""


def publishable(
    workspace: Workspace, flags: SelectionFlags
) -> tuple[tuple[NormalizedName, ...], dict[NormalizedName, str]]:
    """The selected members that are for publishing, and why others are not.

    Raises :class:`NotPublishable` for one that was asked for by name.
    """
    names, left_out = [], {}
    named = bool(flags.packages) and not flags.all_packages
    for name in chosen_members(workspace, flags):
        member = workspace.by_name[name]
        reason = _private(member)
        if not reason:
            names.append(name)
        elif named:
            raise NotPublishable(
                f"{name} is not for publishing: {member.file} says `{reason}`.",
                hint="Change it there, or leave the member out.",
                facts={"member": name, "reason": reason},
            )
        else:
            left_out[name] = reason
    return tuple(names), left_out


def _private(member: Member) -> str:
    """What in its manifest says that a member stays at home; empty when nothing does."""
    if member.manifest.kept.get("publish") is False:
        return "publish = false"
    document = read_document((member.directory / "pyproject.toml").read_bytes(), member.file)
    project = document.get("project")
    classifiers = project.get("classifiers") if isinstance(project, dict) else None
    for classifier in classifiers if isinstance(classifiers, list) else ():
        if isinstance(classifier, str) and classifier.lower().startswith("private ::"):
            return classifier
    return ""


def read_releases(
    workspace: Workspace, names: Iterable[NormalizedName], folder: Path
) -> tuple[tuple[Release, ...], list[str]]:
    """The newest files of each member, with what is wrong with them; blocking."""
    found, problems = [], []
    by_name = _files(folder)
    for name in names:
        wanted = workspace.by_name[name].manifest.version
        versions = by_name.get(name, {})
        newest = max(versions, default=None)
        version = Version(wanted) if wanted is not None else newest
        if version is None or version not in versions:
            shown = f"{name} {version}" if version is not None else str(name)
            problems.append(f"{shown}: there is neither an sdist nor a wheel of it in {folder}")
            continue
        try:
            files = tuple(read_distribution(path) for path in sorted(versions[version], key=_sdist_first))
        except InvalidDistribution as error:
            problems.append(f"{name} {version}: {error.message}")
            continue
        found.append(Release(name=name, version=str(version), files=files))
    return _ordered(found), problems


def _files(folder: Path) -> dict[NormalizedName, dict[Version, list[Path]]]:
    found: dict[NormalizedName, dict[Version, list[Path]]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            if path.name.endswith(".whl"):
                name, version = parse_wheel_filename(path.name)[:2]
            elif path.name.endswith(".tar.gz"):
                name, version = parse_sdist_filename(path.name)
            else:
                continue
        except (InvalidWheelFilename, InvalidSdistFilename):
            continue
        found.setdefault(normalize_name(name), {}).setdefault(version, []).append(path)
    return found


def _sdist_first(path: Path) -> tuple[bool, str]:
    return path.name.endswith(".whl"), path.name


def check_releases(releases: Iterable[Release], problems: Iterable[str], *, attested: bool) -> None:
    """Raises :class:`NotPublishable` with everything that is wrong with any of the files; with ``attested`` also with
    the attestations that lie beside them. Blocking."""
    found = list(problems)
    for release in releases:
        for file in release.files:
            found += [f"{file.filename}: {text}" for text in check_distribution(file)]
            try:
                if attested:
                    read_attestations(file)
            except InvalidDistribution as error:
                found.append(error.message.rstrip("."))
    if found:
        absent = any("there is neither" in text for text in found)
        raise NotPublishable(
            "Nothing was uploaded, because of:\n" + "\n".join(f"  {text}" for text in found),
            hint="Build what is missing with `interlock build`." if absent else None,
            facts={"problems": found},
        )


def _ordered(releases: list[Release]) -> tuple[Release, ...]:
    """Each with what it needs of the others, as its files say, after all that it needs."""
    names = {release.name for release in releases}
    needs = {release.name: _required(release) & names - {release.name} for release in releases}
    reach = {name: _reachable(name, needs) for name in needs}
    # Members that need each other cannot wait for each other: these edges have no say.
    settled = {name: {need for need in found if name not in reach[need]} for name, found in needs.items()}
    done: dict[NormalizedName, Release] = {}
    left = {release.name: release for release in sorted(releases, key=lambda release: release.name)}
    while left:
        name = next(name for name in left if settled[name] <= done.keys())
        done[name] = msgspec.structs.replace(left.pop(name), needs=tuple(sorted(settled[name])))
    return tuple(done.values())


def _required(release: Release) -> set[NormalizedName]:
    found = set()
    for file in release.files:
        for text in file.metadata.get("requires_dist", ()):
            try:
                found.add(NormalizedName(canonicalize_name(Requirement(text).name)))
            except InvalidRequirement:
                continue
    return found


def _reachable(start: NormalizedName, needs: Mapping[NormalizedName, set[NormalizedName]]) -> set[NormalizedName]:
    found: set[NormalizedName] = set()
    todo = list(needs[start])
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(needs[name])
    return found
