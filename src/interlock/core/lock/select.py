"""What a lock means in one environment: which packages, and which file of each.

Selecting walks from the selected members along the edges whose markers hold; nothing is resolved again. The file is the
wheel whose tag ranks first on the interpreter, then the highest build number (binary distribution format, PEP 427),
else the sdist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.tags import parse_wheel_filename, rank
from interlock.core.lock.conflicts import ConflictingSelection, activity
from interlock.core.lock.graph import Graph, Target, root_edges
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage, ResolutionInputs
from interlock.core.markers.diagram import Marker, evaluate, parse_marker, requires_python_marker
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, NormalizedName
from interlock.core.plan.plan import Wanted
from interlock.core.settings.name_set import NameSet
from interlock.core.sources.source import Directory, Git, Member
from interlock.errors import EnvironmentFailure, InstallError, LockError

__all__ = [
    "AmbiguousSelection",
    "EnvironmentNotLocked",
    "NoUsableArtifact",
    "PythonNotAdmitted",
    "Reached",
    "holding",
    "select",
    "walk",
]


class AmbiguousSelection(LockError):
    """The markers of a lock let in two versions of one package: a bug of the resolver, or an edited lock."""

    code = "ambiguous-selection"


class NoUsableArtifact(InstallError):
    code = "no-usable-artifact"


class PythonNotAdmitted(EnvironmentFailure):
    code = "python-not-admitted"


class EnvironmentNotLocked(EnvironmentFailure):
    code = "environment-not-locked"


class Reached:
    """The packages, members and extras that a walk came by."""

    __slots__ = ("extras", "members", "packages")

    def __init__(self) -> None:
        self.members: dict[NormalizedName, LockedMember] = {}
        self.packages: dict[NormalizedName, list[LockedPackage]] = {}
        self.extras: dict[NormalizedName, set[ExtraName]] = {}

    def __repr__(self) -> str:
        return f"Reached({len(self.members)} members, {len(self.packages)} packages)"


def select(
    lock: Lock, environment: Mapping[str, str], selection: Selection, *, tags: tuple[str, ...]
) -> tuple[Wanted, ...]:
    """Choose what an environment should hold, sorted by name.

    ``tags`` are the interpreter's, best first. Members come as editable without a file; the caller decides otherwise.
    """
    _refuse_environment(lock, environment)
    graph = Graph(lock)
    reached = walk(graph, environment, selection)
    # What was asked for by name is told before what it reaches.
    for part in selection.members:
        _refuse_tables(graph.members[part.member], part, environment)
    for member in _with_selected(graph, reached, selection):
        _refuse_python(member, environment)
    files = _Files({tag: position for position, tag in enumerate(tags)}, lock.inputs)
    wanted = [
        Wanted(
            name=name,
            version="",
            source=Member(name=name),
            editable=True,
            extras=tuple(sorted(reached.extras[name])),
        )
        for name, member in reached.members.items()
        if member.package and name not in selection.skip
    ]
    for name, packages in reached.packages.items():
        if name in reached.members:
            raise _twice(name, packages[0])
        if len(packages) > 1:
            raise _ambiguous(name, packages)
        if name not in selection.skip:
            wanted.append(_wanted(packages[0], files, tuple(sorted(reached.extras[name]))))
    return tuple(sorted(wanted, key=lambda item: item.name))


def walk(graph: Graph, environment: Mapping[str, str], selection: Selection, *, union: bool = False) -> Reached:
    """Follow the edges that hold in the environment.

    ``union`` is for what only looks: all sides of what conflicts, and no refusal.
    Raises :class:`~interlock.core.lock.conflicts.ConflictingSelection`.
    """
    active = activity(graph, selection)
    if not union:
        active.refuse(environment=environment)
    settled = active.union() if union else active.strict()
    return _walk(graph, selection, holding(settled, environment))


def holding(settled: Callable[[str], Marker], environment: Mapping[str, str]) -> Callable[[str], bool]:
    """Whether an edge's condition holds in an environment, memoised by text."""
    held: dict[str, bool] = {"": True}

    def holds(text: str) -> bool:
        found = held.get(text)
        if found is None:
            found = held[text] = evaluate(settled(text), environment, frozenset())
        return found

    return holds


def _walk(graph: Graph, selection: Selection, holds: Callable[[str], bool]) -> Reached:
    reached = Reached()
    seen: dict[int, set[ExtraName]] = {}
    stack: list[tuple[Edge, ...]] = []
    for part in selection.members:
        member = graph.member(part.member)
        stack.extend(root_edges(member, part))
        if part.project:
            _arrive(reached, member, seen).update(part.extras)
    only = graph.only
    while stack:
        for edge in stack.pop():
            if not holds(edge.marker):
                continue
            target = only.get(edge.name) or graph.target(edge)
            extras = seen.get(id(target))
            if extras is None:
                extras = _arrive(reached, target, seen)
                stack.append(target.dependencies)
            for extra in edge.extras:
                if extra not in extras:
                    extras.add(extra)
                    stack.append(target.extras.get(extra, ()))
    return reached


def _arrive(reached: Reached, target: Target, seen: dict[int, set[ExtraName]]) -> set[ExtraName]:
    if isinstance(target, LockedMember):
        reached.members[target.name] = target
    else:
        reached.packages.setdefault(target.name, []).append(target)
    extras = seen[id(target)] = reached.extras.setdefault(target.name, set())
    return extras


def _with_selected(graph: Graph, reached: Reached, selection: Selection) -> Iterable[LockedMember]:
    names = {part.member for part in selection.members}.union(reached.members)
    return [graph.members[name] for name in sorted(names)]


def _refuse_environment(lock: Lock, environment: Mapping[str, str]) -> None:
    markers = lock.inputs.environments
    if markers and not any(evaluate(parse_marker(marker), environment, frozenset()) for marker in markers):
        raise EnvironmentNotLocked(
            f"The lock is limited to environments that match {' or '.join(f'`{marker}`' for marker in markers)}; "
            f"this is Python {environment.get('python_full_version', '')} on {environment.get('sys_platform', '')} "
            f"{environment.get('platform_machine', '')}.",
            hint="Add the environment to the `environments` setting and run `interlock lock`.",
            facts={"environments": list(markers)},
        )


def _refuse_python(member: LockedMember, environment: Mapping[str, str]) -> None:
    wanted = member.requires_python
    if wanted and not evaluate(requires_python_marker(wanted), environment, frozenset()):
        python = environment.get("python_full_version", "")
        raise PythonNotAdmitted(
            f"{member.name} requires Python {wanted}, but this environment has Python {python}.",
            hint="Use an interpreter in that range, for example with `--python`, or select other members.",
            facts={"member": member.name, "requires-python": wanted, "python": python},
        )


def _refuse_tables(member: LockedMember, part: MemberSelection, environment: Mapping[str, str]) -> None:
    for slot in part.slots:
        wanted = member.table_pythons.get(slot.table, "")
        if wanted and not evaluate(requires_python_marker(wanted), environment, frozenset()):
            python = environment.get("python_full_version", "")
            kind, name = slot.kind, slot.extra or slot.group
            raise PythonNotAdmitted(
                f"The {kind} `{name}` of {member.name or 'the workspace root'} is locked for Python {wanted}, but this"
                f" environment has Python {python}.",
                hint=f"Use an interpreter in that range, for example with `--python`, or leave the {kind} out.",
                facts={"member": member.name, kind: name, "requires-python": wanted, "python": python},
            )


def _twice(name: NormalizedName, package: LockedPackage) -> ConflictingSelection:
    return ConflictingSelection(
        f"{name} would be installed twice: as a member of the workspace, and as {name} {package.version} for what was"
        " locked without looking at its source.",
        hint=f"Leave the member out, or what needs it from the index, or lock without --no-sources for {name}.",
        facts={"package": name, "version": package.version},
    )


def _ambiguous(name: NormalizedName, packages: list[LockedPackage]) -> AmbiguousSelection:
    versions = ", ".join(sorted(package.version or "a source tree" for package in packages))
    return AmbiguousSelection(
        f"The lock gives more than one {name} for this environment: {versions}.",
        hint="Run `interlock lock` to write it anew; if that does not help, this is a bug to report.",
        facts={"package": name, "versions": [package.version for package in packages]},
    )


class _Files:
    """The rules by which a file is chosen."""

    __slots__ = ("no_binary", "no_build", "order")

    def __init__(self, order: Mapping[str, int], inputs: ResolutionInputs) -> None:
        self.order = order
        self.no_build = NameSet.from_texts(inputs.no_build)
        self.no_binary = NameSet.from_texts(inputs.no_binary)

    def __repr__(self) -> str:
        return f"_Files(no_build={self.no_build.texts}, no_binary={self.no_binary.texts})"

    def allows_build(self, name: NormalizedName) -> bool:
        return not self.no_build.rules(name, against=self.no_binary)

    def allows_wheel(self, name: NormalizedName) -> bool:
        return not self.no_binary.rules(name, against=self.no_build)


def _wanted(package: LockedPackage, files: _Files, extras: tuple[ExtraName, ...]) -> Wanted:
    source = package.source
    if isinstance(source, (Git, Directory)):
        if not files.allows_build(package.name):
            raise _unusable(package, files, "it has to be built, which `no-build` forbids")
        editable = isinstance(source, Directory) and source.editable
        return Wanted(name=package.name, version=package.version, source=source, editable=editable, extras=extras)
    artifact = _choose(package, files)
    return Wanted(name=package.name, version=package.version, source=source, artifact=artifact, extras=extras)


def _choose(package: LockedPackage, files: _Files) -> Artifact:
    best: tuple[int, tuple[int, str], str] | None = None
    chosen: Artifact | None = None
    sdist: Artifact | None = None
    wheels = files.allows_wheel(package.name)
    for artifact in package.artifacts:
        if not artifact.is_wheel:
            if sdist is None or artifact.filename.endswith(".tar.gz"):
                sdist = artifact
            continue
        if not wheels:
            continue
        wheel = parse_wheel_filename(artifact.filename)
        place = None if wheel is None else rank(wheel, files.order)
        if wheel is None or place is None:
            continue
        build = wheel.build or (-1, "")
        candidate = (-place, build, artifact.filename)
        if best is None or candidate > best:
            best, chosen = candidate, artifact
    if chosen is not None:
        return chosen
    if sdist is not None and files.allows_build(package.name):
        return sdist
    if sdist is not None:
        raise _unusable(package, files, "only its source could be used, and `no-build` forbids building it")
    if not wheels:
        raise _unusable(package, files, "`no-binary` forbids its wheels and there is no source distribution")
    raise _unusable(package, files, "no wheel fits this interpreter and platform, and there is no source distribution")


def _unusable(package: LockedPackage, files: _Files, reason: str) -> NoUsableArtifact:
    platforms: set[str] = set()
    for artifact in package.artifacts:
        if artifact.is_wheel:
            interpreter, abi, platform = artifact.filename.removesuffix(".whl").split("-")[-3:]
            platforms.add(f"{interpreter}-{abi}-{platform}")
    found = sorted(platforms)
    listed = f" Its wheels are for {', '.join(found)}." if found else ""
    best = next(iter(files.order), "")
    this = f" The interpreter's first tag is {best}." if best and found else ""
    return NoUsableArtifact(
        f"{package.name} {package.version} cannot be installed here: {reason}.{listed}{this}",
        hint="Add this environment to `required-environments` and run `interlock lock`, so that a version with a "
        "usable file is chosen; or use another interpreter.",
        facts={"package": package.name, "version": package.version, "tags": found},
    )
