"""Random workspaces as data, as the manifests that say the same, and as the locks that come of them.

A workspace is a dictionary with ``members``, ``packages`` and ``options``. A member has ``requires``, ``extras``,
``groups`` (whose entries are requirements or ``{"include-group": name}``), ``requires-python``, ``group-python`` and
``package``; packages are those of :mod:`tests.core.resolver.world`. Options are ``conflicts`` (sets of ``member``,
``member[extra]`` and ``member:group``), ``constraints``, ``overrides``, ``excludes``, ``resolution`` and
``fork-strategy``.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from packaging.version import Version

from interlock.core.lock.inputs import resolution_inputs
from interlock.core.lock.model import Lock
from interlock.core.manifests.parse import parse_manifest
from interlock.core.members.asks import MemberAsks
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, GroupName, normalize_name
from interlock.core.resolver.problem import Policy, Problem
from interlock.resolution.limits import lower_limits
from interlock.resolution.lowering import lower
from interlock.workspace.members import Member, Workspace
from tests.core.resolver.world import resolve_problem

__all__ = [
    "ENVIRONMENTS",
    "Part",
    "asked",
    "features",
    "lock_workspace",
    "manifests",
    "random_workspace",
    "selections",
    "wanted",
]

Table = Mapping[str, Any]

ENVIRONMENTS: dict[str, dict[str, str]] = {
    f"{system}-{python}": {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "nt" if system == "win32" else "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
        "platform_version": "",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": system,
    }
    for system, python in itertools.product(("linux", "darwin", "win32"), ("3.11.4", "3.12.1", "3.13.2"))
}
"""All that the markers of these workspaces can tell apart; ``darwin`` stands for every system that none of them names.
"""

_PACKAGES = [f"p{number}" for number in range(6)]
_DISPUTED = ["q0", "q1"]
"""What the items of a conflict ask for in different versions; others take any."""
_FINALS = ["1.0", "2.0", "3.0", "3.1"]
_PRERELEASES = ["2.0a1", "3.0rc1", "4.0rc1"]
_SPECIFIERS = [">=1.0", ">=2.0", "<4", "!=3.0", "!=3.1", ">=2.0a1", "<=3.1", ">=1.0,<4"]
_RESTRICTING = ["==2.0", "==3.0", "<2.0", "<3.0", ">=3.0", "~=3.0", ">=4.0rc1", "==2.0a1", "==1.0"]
_MARKERS = [
    "sys_platform == 'linux'",
    "sys_platform != 'linux'",
    "sys_platform == 'win32'",
    "sys_platform != 'win32'",
    "python_version < '3.12'",
    "python_version >= '3.12'",
    "python_version >= '3.13'",
    "python_version >= '3.12' and sys_platform == 'linux'",
    "python_version < '3.13' or sys_platform == 'win32'",
]
_WITHIN = {">=3.12": "python_version >= '3.12'", ">=3.11,<3.13": "python_version < '3.13'"}
_MEMBERS = ["app", "lib", "web", "kit"]
_EXTRAS = ["cpu", "gpu"]
_GROUPS = ["dev", "test", "docs"]
_SOURCES = "\n[tool.interlock.sources]\n"


class Part(NamedTuple):
    """What is selected of one member."""

    member: str
    project: bool
    extras: tuple[str, ...]
    groups: tuple[str, ...]


class _Maker:
    """Makes one workspace from a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._members: dict[str, dict[str, Any]] = {}

    def workspace(self) -> dict[str, Any]:
        for name in _MEMBERS[: self._chance.choice([1, 1, 2, 2, 2, 3, 3, 4])]:
            self._members[name] = self._outline()
        for name in self._members:
            self._fill(name)
        packages = {name: self._releases(position) for position, name in enumerate(_PACKAGES)}
        packages |= {name: {version: {"requires": []} for version in _FINALS} for name in _DISPUTED}
        return {"members": self._members, "packages": packages, "options": self._options()}

    def _rarely(self, one_in: int) -> bool:
        return self._chance.randrange(one_in) == 0

    def _outline(self) -> dict[str, Any]:
        """What a member has, before anything is asked for."""
        groups = _GROUPS[: self._chance.choice([0, 0, 1, 1, 2, 3])]
        member: dict[str, Any] = {
            "requires": [],
            "extras": {extra: [] for extra in _EXTRAS[: self._chance.choice([0, 1, 2, 2])]},
            "groups": {group: [] for group in groups},
            "requires-python": self._chance.choice([*[">=3.11"] * 8, ">=3.12", ">=3.11,<3.13"]),
        }
        narrow = {group: self._chance.choice([">=3.12", ">=3.13"]) for group in groups if self._rarely(6)}
        if narrow:
            member["group-python"] = narrow
        if self._rarely(6):
            member["package"] = False
        return member

    def _fill(self, name: str) -> None:
        member = self._members[name]
        member["requires"] = self._asked(name, 2, own=0.03)
        for extra in member["extras"]:
            member["extras"][extra] = self._asked(name, 2, own=0.4 if extra == _EXTRAS[-1] else 0.1)
        for position, group in enumerate(member["groups"]):
            entries: list[Any] = self._asked(name, 2, own=0.25)
            included = list(member["groups"])[:position]
            if included and self._rarely(3):
                entries.append({"include-group": self._chance.choice(included)})
            member["groups"][group] = entries

    def _asked(self, name: str, most: int, *, own: float) -> list[str]:
        found = [self._of_itself(name)] if self._members[name]["extras"] and self._chance.random() < own else []
        others = [other for other in self._members if other != name]
        for _ in range(self._chance.randint(0, most)):
            if others and self._rarely(3):
                found.append(self._of_member(self._chance.choice(others)))
            elif self._rarely(8):
                found.append(self._chance.choice(_DISPUTED) + self._marker(3))
            else:
                found.append(self._requirement(self._chance.choice(_PACKAGES), tight=20))
        return found

    def _of_itself(self, name: str) -> str:
        return f"{name}[{self._chance.choice(list(self._members[name]['extras']))}]{self._marker(2)}"

    def _of_member(self, name: str) -> str:
        extras = list(self._members[name]["extras"])
        extra = f"[{self._chance.choice(extras)}]" if extras and not self._rarely(3) else ""
        narrow = _WITHIN.get(self._members[name]["requires-python"], "")
        if narrow and not self._rarely(8):
            return f"{name}{extra} ; {narrow}"
        return f"{name}{extra}{self._marker(3)}"

    def _requirement(self, name: str, *, tight: int, extras: bool = True) -> str:
        extra = "[x]" if extras and self._rarely(6) else ""
        if self._rarely(tight):
            specifier = self._chance.choice(_RESTRICTING)
        else:
            specifier = self._chance.choice(_SPECIFIERS) if self._rarely(2) else ""
        return f"{name}{extra}{specifier}{self._marker(3)}"

    def _marker(self, one_in: int) -> str:
        return f" ; {self._chance.choice(_MARKERS)}" if self._rarely(one_in) else ""

    def _releases(self, position: int) -> dict[str, Any]:
        """Mostly packages further down are asked for, so that most workspaces have a lock."""
        later = _PACKAGES[position + 1 :] or _PACKAGES[-1:]
        releases: dict[str, Any] = {}
        versions = self._chance.sample(_FINALS, self._chance.randint(2, 4))
        versions += self._chance.sample(_PRERELEASES, self._chance.randint(0, 2))
        for version in sorted(versions, key=Version):
            names = [self._chance.choice(_PACKAGES if self._rarely(5) else later) for _ in range(2)]
            requires = [self._requirement(name, tight=25) for name in names if self._rarely(2)]
            if self._rarely(60):
                requires.append(self._of_member(self._chance.choice(list(self._members))))
            release: dict[str, Any] = {"requires": requires}
            if self._rarely(3):
                release["extras"] = {"x": [self._requirement(self._chance.choice(later), tight=25)]}
            if self._rarely(12):
                release["requires-python"] = self._chance.choice([">=3.12", ">=3.11,<4", ">=3.13"])
            if self._rarely(25):
                release["yanked"] = True
            releases[version] = release
        return releases

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "resolution": self._chance.choice(["highest", "highest", "highest", "lowest", "lowest-direct"]),
            "fork-strategy": self._chance.choice(["requires-python", "requires-python", "fewest"]),
        }
        conflicts = self._conflicts()
        if conflicts:
            options["conflicts"] = conflicts
        if self._rarely(4):
            name = self._chance.choice(_PACKAGES)
            names = [name] * self._chance.randint(1, 2) + ([self._chance.choice(_PACKAGES)] if self._rarely(2) else [])
            options["constraints"] = [self._requirement(each, tight=3, extras=False) for each in names]
        if self._rarely(4):
            asked = [text[:2] for text in self._of_extras() if text[:2] in _PACKAGES] or _PACKAGES
            options["overrides"] = [self._requirement(self._chance.choice(asked), tight=2, extras=False)]
        if self._rarely(15):
            options["excludes"] = [self._chance.choice(_PACKAGES)]
        return options

    def _of_extras(self) -> list[str]:
        """What the extras of the members ask for, where an override meets references to extras and their markers."""
        return [text for member in self._members.values() for texts in member["extras"].values() for text in texts]

    def _conflicts(self) -> list[list[str]]:
        """Sets of one kind or mixed, most with requirements that do clash."""
        found: list[list[str]] = []
        for _ in range(self._chance.choice([0, 1, 1, 1, 2])):
            parts = self._parts(self._chance.choice(["members", "extras", "extras", "groups", "any", "any"]))
            if len(parts) < 2:
                continue
            items = self._chance.sample(parts, min(len(parts), self._chance.choice([2, 2, 2, 3])))
            found.append(items)
            if not self._rarely(4):
                self._clash(items)
        return found

    def _parts(self, kind: str) -> list[str]:
        found: list[str] = []
        for name, member in self._members.items():
            if kind in {"members", "any"}:
                found.append(name)
            if kind in {"extras", "any"}:
                found += [f"{name}[{extra}]" for extra in member["extras"]]
            if kind in {"groups", "any"}:
                found += [f"{name}:{group}" for group in member["groups"]]
        return found

    def _clash(self, items: Sequence[str]) -> None:
        name = self._chance.choice(_DISPUTED)
        for item, specifier in zip(items, self._chance.sample(["<2.0", "==2.0", "==3.0", ">=3.1"], 3), strict=False):
            member, extra, group = _split(item)
            table = self._members[member]
            asked = table["extras"][extra] if extra else table["groups"][group] if group else table["requires"]
            asked.append(f"{name}{specifier}")


def random_workspace(seed: int) -> dict[str, Any]:
    """The same seed makes the same workspace, so that one that went wrong can be named."""
    return _Maker(seed).workspace()


def _split(item: str) -> tuple[str, str, str]:
    """``member``, ``member[extra]`` or ``member:group`` as member, extra and group."""
    member, _, group = item.partition(":")
    member, _, extra = member.removesuffix("]").partition("[")
    return member, extra, group


# ---- what can be selected ----------------------------------------------------------------------------------------


def selections(workspace: Table, seed: int, count: int) -> list[tuple[Part, ...]]:
    """Everything there is of each member alone, and as many random ones."""
    chance = random.Random(seed)
    members = workspace["members"]
    found: list[tuple[Part, ...]] = []
    for name, member in members.items():
        found.append((Part(name, True, (), ()),))
        found += [(Part(name, True, (extra,), ()),) for extra in member["extras"]]
        found += [(Part(name, False, (), (group,)),) for group in member["groups"]]
    for _ in range(count):
        names = sorted(chance.sample(list(members), chance.randint(1, len(members))))
        parts = tuple(_some(name, members[name], chance) for name in names)
        found.append(tuple(part for part in parts if part.project or part.groups))
    return list(dict.fromkeys(selection for selection in found if selection))


def _some(name: str, member: Table, chance: random.Random) -> Part:
    project = chance.random() < 0.8
    extras = tuple(extra for extra in member["extras"] if project and chance.random() < 0.4)
    groups = tuple(group for group in member["groups"] if chance.random() < 0.4)
    return Part(name, project, extras, groups)


def wanted(parts: Sequence[Part]) -> Selection:
    """A selection as the lock is asked for it."""
    return Selection(
        members=tuple(
            MemberSelection(
                member=normalize_name(part.member),
                project=part.project,
                extras=tuple(ExtraName(extra) for extra in part.extras),
                groups=tuple(GroupName(group) for group in part.groups),
            )
            for part in parts
        )
    )


# ---- manifests and locks -----------------------------------------------------------------------------------------


def manifests(workspace: Table) -> dict[str, str]:
    """The text of every ``pyproject.toml`` by its directory, the virtual root's being ``.``."""
    members, options = workspace["members"], workspace["options"]
    lines = [f"[tool.interlock.workspace]\nmembers = {json.dumps([f'packages/{name}' for name in members])}"]
    settings = ["[tool.interlock]"]
    for key, setting in _SETTINGS.items():
        if key in options:
            settings.append(f"{setting} = {json.dumps(options[key])}")
    if "conflicts" in options:
        sets = [f"[{', '.join(map(_conflict, items))}]" for items in options["conflicts"]]
        settings.append(f"conflicts = [{', '.join(sets)}]")
    sources = _SOURCES + "".join(f"{name} = {{ workspace = true }}\n" for name in members)
    found = {".": "\n".join([*settings, *lines]) + "\n" + sources}
    for name, member in members.items():
        found[f"packages/{name}"] = _manifest(name, member)
    return found


_SETTINGS = {
    "constraints": "constraint-dependencies",
    "overrides": "override-dependencies",
    "excludes": "exclude-dependencies",
    "resolution": "resolution",
    "fork-strategy": "fork-strategy",
}


def _conflict(item: str) -> str:
    member, extra, group = _split(item)
    kind = f', extra = "{extra}"' if extra else f', group = "{group}"' if group else ""
    return f'{{ package = "{member}"{kind} }}'


def _manifest(name: str, member: Table) -> str:
    lines = [
        "[project]",
        f'name = "{name}"',
        'version = "1.0"',
        f'requires-python = "{member["requires-python"]}"',
        f"dependencies = {json.dumps(member['requires'])}",
        "[project.optional-dependencies]",
        *(f"{extra} = {json.dumps(texts)}" for extra, texts in member["extras"].items()),
        "[dependency-groups]",
        *(f"{group} = [{', '.join(map(_entry, entries))}]" for group, entries in member["groups"].items()),
        "[tool.interlock]",
        f"package = {json.dumps(member.get('package', True))}",
    ]
    if "group-python" in member:
        bounds = [f'{group} = {{ requires-python = "{text}" }}' for group, text in member["group-python"].items()]
        lines.append(f"dependency-groups = {{ {', '.join(bounds)} }}")
    return "\n".join(lines) + "\n"


def _entry(entry: str | dict[str, str]) -> str:
    return json.dumps(entry) if isinstance(entry, str) else f'{{ include-group = "{entry["include-group"]}" }}'


def _read(workspace: Table) -> Workspace:
    read = {
        path: parse_manifest(text.encode(), path=path, file=f"{path}/pyproject.toml")
        for path, text in manifests(workspace).items()
    }
    root = read.pop(".")
    members = [
        Member(name=normalize_name(path.rpartition("/")[2]), path=path, manifest=manifest, root=Path("/nowhere"))
        for path, manifest in read.items()
    ]
    return Workspace(root=Path("/nowhere"), manifest=root, members=tuple(sorted(members, key=lambda one: one.name)))


def asked(workspace: Table) -> tuple[MemberAsks, ...]:
    """What the members ask for, sorted by name."""
    return tuple(sorted(lower(_read(workspace)), key=lambda one: one.name))


def lock_workspace(workspace: Table) -> Lock | None:
    """The lock that the manifests lead to; None when there is no solution."""
    whole = _read(workspace)
    settings = whole.manifest.settings
    problem = Problem(
        members=asked(workspace),
        conflicts=settings.conflicts,
        limits=lower_limits(whole, settings),
        excludes=frozenset(settings.excludes),
        policy=Policy(resolution=settings.resolution, fork_strategy=settings.fork_strategy),
    )
    inputs = resolution_inputs(settings)
    outcome = resolve_problem(problem, workspace)
    return None if outcome.lock is None else msgspec.structs.replace(outcome.lock, inputs=inputs)


# ---- what is in them ---------------------------------------------------------------------------------------------


def features(workspace: Table) -> list[str]:
    """What a workspace has of all that can go wrong together."""
    members, options = workspace["members"], workspace["options"]
    found = [key for key in ("constraints", "overrides", "excludes", "conflicts") if key in options]
    asked = {name: [*_all_asked(member)] for name, member in members.items()}
    texts = [(name, text) for name, entries in asked.items() for text in entries if isinstance(text, str)]
    has = {
        "several members": len(members) > 1,
        "extras": any(member["extras"] for member in members.values()),
        "groups": any(member["groups"] for member in members.values()),
        "included groups": any(not isinstance(text, str) for entries in asked.values() for text in entries),
        "groups with a Python of their own": any("group-python" in member for member in members.values()),
        "members of several Pythons": len({member["requires-python"] for member in members.values()}) > 1,
        "members that are no packages": any(member.get("package") is False for member in members.values()),
        "self-references": any(text.startswith(name) for name, text in texts),
        "members of members": any(text.startswith(other) for name, text in texts for other in members if other != name),
        "extras of members": any(text.startswith(f"{other}[") for _, text in texts for other in members),
        "packages that ask for members": any(
            text.startswith(name)
            for releases in workspace["packages"].values()
            for release in releases.values()
            for text in release["requires"]
            for name in members
        ),
        "markers": any(";" in text for _, text in texts),
        "several constraints of one name": _is_double(options.get("constraints", ())),
        "several sets of conflicts": len(options.get("conflicts", ())) > 1,
        **_kinds_of_conflict(options.get("conflicts", ())),
        "lowest versions": options["resolution"] != "highest",
        "yanked releases": any(
            release.get("yanked") for releases in workspace["packages"].values() for release in releases.values()
        ),
    }
    return [*found, *(feature for feature, is_there in has.items() if is_there)]


def _all_asked(member: Table) -> list[Any]:
    return [
        *member["requires"],
        *itertools.chain.from_iterable(member["extras"].values()),
        *itertools.chain.from_iterable(member["groups"].values()),
    ]


def _is_double(texts: Sequence[str]) -> bool:
    names = [text[:2] for text in texts]
    return len(set(names)) < len(names)


def _kinds_of_conflict(conflicts: Sequence[Sequence[str]]) -> dict[str, bool]:
    kinds = [
        {"extras" if "[" in item else "groups" if ":" in item else "members" for item in items} for items in conflicts
    ]
    found = {f"conflicts of {kind} only": any(each == {kind} for each in kinds) for kind in ("members", "extras")}
    found["conflicts of groups only"] = {"groups"} in kinds
    found["conflicts of mixed kinds"] = any(len(each) > 1 for each in kinds)
    return found
