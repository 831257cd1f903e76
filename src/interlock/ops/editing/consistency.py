"""``interlock env check``: whether what is installed goes together, by its own metadata; whoever installed it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import anyio.to_thread
import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion

from interlock.core.markers.diagram import evaluate, parse_marker
from interlock.core.markers.readable import why_unreadable
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.text import parse_metadata
from interlock.core.names import NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.versions.version_list import parse_version
from interlock.envs.environments import VirtualEnvironment
from interlock.envs.installed import scan
from interlock.errors import ManifestError

__all__ = ["Inconsistency", "Trouble", "check_environment"]

Trouble = Literal["missing", "unfit", "python", "metadata"]


class Inconsistency(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    """The installed package that has the trouble."""
    version: str
    kind: Trouble
    requirement: str = ""
    found: str = ""
    """The version that is there, or the version of Python."""

    def __str__(self) -> str:
        owner = f"{self.name} {self.version}".strip()
        if self.kind == "missing":
            return f"{owner} needs {self.requirement}, which is not installed."
        if self.kind == "unfit":
            return f"{owner} needs {self.requirement}, and {self.found} is installed."
        if self.kind == "python":
            return f"{owner} needs Python {self.requirement}, and this is {self.found}."
        return f"{owner} has metadata that cannot be read."


async def check_environment(environment: VirtualEnvironment) -> tuple[Inconsistency, ...]:
    """Every trouble, by the name of the package."""
    return await anyio.to_thread.run_sync(_check, environment)


def _check(environment: VirtualEnvironment) -> tuple[Inconsistency, ...]:
    installed = {item.name: item for item in scan(environment)}
    versions = {name: item.version for name, item in installed.items()}
    python = environment.interpreter.version
    found = []
    for name, item in sorted(installed.items()):
        try:
            metadata = _metadata(environment, item.dist_info)
        except ManifestError:
            found.append(Inconsistency(name=name, version=item.version, kind="metadata"))
            continue
        if metadata is None:
            continue
        asked = metadata.requires_python
        if asked and not SpecifierSet(asked).contains(python, prereleases=True):
            found.append(Inconsistency(name=name, version=item.version, kind="python", requirement=asked, found=python))
        if any(why_unreadable(requirement.marker) for requirement in metadata.requires):
            found.append(Inconsistency(name=name, version=item.version, kind="metadata"))
            continue
        for requirement in metadata.requires:
            problem = _judge(requirement, versions, environment.interpreter.markers)
            if problem is not None:
                found.append(
                    Inconsistency(
                        name=name,
                        version=item.version,
                        kind=problem,
                        requirement=format_requirement(msgspec.structs.replace(requirement, marker="")),
                        found=versions.get(requirement.name, ""),
                    )
                )
    return tuple(found)


def _judge(
    requirement: Requirement, versions: Mapping[NormalizedName, str], markers: Mapping[str, str]
) -> Trouble | None:
    """What is wrong with a requirement; None when nothing is. What an extra needs counts for nobody."""
    if requirement.marker and not evaluate(parse_marker(requirement.marker), markers):
        return None
    version = versions.get(requirement.name)
    if version is None:
        return "missing"
    try:
        fits = SpecifierSet(requirement.specifier).contains(parse_version(version), prereleases=True)
    except InvalidVersion:  # from before there were rules for versions
        fits = not requirement.specifier
    return None if fits else "unfit"


def _metadata(environment: VirtualEnvironment, folder: str) -> Metadata | None:
    for place in dict.fromkeys((environment.purelib, environment.platlib)):
        path = Path(place, folder, "METADATA")
        if path.is_file():
            return parse_metadata(path.read_bytes())
    return None
