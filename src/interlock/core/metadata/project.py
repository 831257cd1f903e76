"""Core metadata from a ``[project]`` table alone, when the standards allow it (PEP 621, PEP 808)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from packaging.specifiers import InvalidSpecifier
from packaging.version import InvalidVersion

from interlock.core.metadata.metadata import Metadata
from interlock.core.names import ExtraName, NormalizedName, is_name, normalize_extra, normalize_name
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.core.versions.version_list import parse_specifier, parse_version
from interlock.errors import ManifestError

__all__ = ["InvalidProject", "project_metadata"]

# What resolving and installing need; the other fields may be dynamic without a build.
_DECISIVE = frozenset({"version", "dependencies", "optional-dependencies", "requires-python"})
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_OR = re.compile(r"\bor\b")


class InvalidProject(ManifestError):
    """A ``[project]`` table contradicts PEP 621."""

    code = "invalid-project"


def project_metadata(project: Mapping[str, object]) -> Metadata | None:
    """The metadata of a ``[project]`` table, or None when only the build backend knows it.

    A field that is given and dynamic at once (PEP 808) counts as dynamic: the backend may add to it.
    Raises :class:`InvalidProject`.
    """
    dynamic = _strings(project.get("dynamic", []), "dynamic")
    if "name" in dynamic:
        raise InvalidProject("`name` in [project] cannot be dynamic.")
    name = project.get("name")
    if not isinstance(name, str) or not is_name(name):
        raise InvalidProject(f"`name` in [project] is missing or not a valid name: {name!r}.")
    if not _DECISIVE.isdisjoint(dynamic):
        return None
    requires = [_requirement(text, name) for text in _strings(project.get("dependencies", []), "dependencies")]
    extras: dict[ExtraName, None] = {}
    optional = project.get("optional-dependencies", {})
    if not isinstance(optional, Mapping):
        raise InvalidProject("`optional-dependencies` in [project] is not a table.")
    for written, texts in optional.items():
        extra = normalize_extra(written)
        if extra in extras:
            raise InvalidProject(f"The extra `{written}` of {name} is defined twice, its names being normalised.")
        extras[extra] = None
        requires += [_within(_requirement(text, name), extra) for text in _strings(texts, f"the extra {written}")]
    return Metadata(
        name=normalize_name(name),
        version=_version(project.get("version"), normalize_name(name)),
        requires_python=_requires_python(project.get("requires-python", ""), name),
        requires=tuple(requires),
        extras=tuple(extras),
    )


def _strings(value: object, field: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidProject(f"`{field}` in [project] is not an array of strings.")
    return value


def _version(value: object, name: NormalizedName) -> str:
    if value is None:
        raise InvalidProject(
            f"{name} has no version.", hint='Give `version` in [project], or add it to `dynamic = ["version"]`.'
        )
    try:
        return str(parse_version(value)) if isinstance(value, str) else _invalid_version(value, name)
    except InvalidVersion:
        return _invalid_version(value, name)


def _invalid_version(value: object, name: NormalizedName) -> str:
    raise InvalidProject(f"The version of {name} is not valid: {value!r}.")


def _requires_python(value: object, name: str) -> str:
    try:
        if isinstance(value, str):
            parse_specifier(value)
            return value
    except InvalidSpecifier:
        pass
    raise InvalidProject(f"`requires-python` of {name} is not a version specifier: {value!r}.")


def _requirement(text: str, name: str) -> Requirement:
    try:
        return parse_requirement(text)
    except InvalidRequirement as error:
        raise InvalidProject(f"The dependencies of {name}: {error.message}") from error


def _within(requirement: Requirement, extra: ExtraName) -> Requirement:
    """The requirement as METADATA writes it for an extra."""
    condition = f'extra == "{extra}"'
    marker = requirement.marker
    if marker:
        # Parentheses only where precedence asks for them, as backends write it.
        if _OR.search(_QUOTED.sub("", marker)):
            marker = f"({marker})"
        condition = f"{marker} and {condition}"
    return Requirement(
        name=requirement.name,
        specifier=requirement.specifier,
        marker=condition,
        extras=requirement.extras,
        url=requirement.url,
    )
