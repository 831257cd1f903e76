"""Locks to test with: short constructors and hypothesis strategies."""

from __future__ import annotations

from hypothesis import strategies as st

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage, ResolutionInputs
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.sources.source import Git, Registry, Source

__all__ = ["LINUX", "WINDOWS", "chosen", "edge", "item", "lock_of", "locks", "member", "package", "wheel"]

LINUX = {
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "platform_release": "6.1.0",
    "platform_version": "#1 SMP",
    "python_version": "3.12",
    "python_full_version": "3.12.4",
    "implementation_name": "cpython",
    "implementation_version": "3.12.4",
    "platform_python_implementation": "CPython",
}
WINDOWS = LINUX | {
    "os_name": "nt",
    "sys_platform": "win32",
    "platform_system": "Windows",
    "platform_machine": "AMD64",
}


def edge(text: str, marker: str = "", *, version: str = "", source: Source | None = None) -> Edge:
    """``name`` or ``name[extra,extra]``."""
    name, _, extras = text.rstrip("]").partition("[")
    return Edge(
        name=NormalizedName(name),
        version=version,
        source=source,
        extras=tuple(ExtraName(extra) for extra in extras.split(",") if extra),
        marker=marker,
    )


def _edges(values: tuple[str | Edge, ...] | list[str | Edge]) -> tuple[Edge, ...]:
    return tuple(value if isinstance(value, Edge) else edge(value) for value in values)


def wheel(name: str, version: str, tags: str = "py3-none-any", build: str = "") -> Artifact:
    stem = f"{name.replace('-', '_')}-{version}{'-' + build if build else ''}-{tags}"
    return Artifact(filename=f"{stem}.whl", sha256="a1" * 32, size=1000, location=f"files/{stem}.whl")


def package(
    name: str,
    version: str = "1.0",
    *needs: str | Edge,
    extras: dict[str, list[str | Edge]] | None = None,
    artifacts: tuple[Artifact, ...] | None = None,
    source: Source | None = None,
    markers: tuple[str, ...] = (),
    requires_python: str = "",
) -> LockedPackage:
    return LockedPackage(
        name=NormalizedName(name),
        version=version,
        source=source or Registry(index="pypi"),
        dependencies=_edges(needs),
        extras={ExtraName(key): _edges(value) for key, value in (extras or {}).items()},
        artifacts=(wheel(name, version),) if artifacts is None else artifacts,
        markers=markers,
        requires_python=requires_python,
    )


def member(
    name: str,
    *needs: str | Edge,
    extras: dict[str, list[str | Edge]] | None = None,
    groups: dict[str, list[str | Edge]] | None = None,
    requires_python: str = ">=3.11",
    is_package: bool = True,
    path: str = "",
) -> LockedMember:
    return LockedMember(
        name=NormalizedName(name),
        path=path or f"packages/{name}",
        inputs={"dependencies": "0123456789abcdef"},
        requires_python=requires_python,
        package=is_package,
        dependencies=_edges(needs),
        extras={ExtraName(key): _edges(value) for key, value in (extras or {}).items()},
        groups={GroupName(key): _edges(value) for key, value in (groups or {}).items()},
    )


def item(member: str, *, extra: str | None = None, group: str | None = None) -> ConflictItem:
    return ConflictItem(
        NormalizedName(member), ExtraName(extra) if extra else None, GroupName(group) if group else None
    )


def lock_of(
    *parts: LockedMember | LockedPackage,
    conflicts: tuple[tuple[ConflictItem, ...], ...] = (),
    inputs: ResolutionInputs | None = None,
    requires_python: str = ">=3.11",
) -> Lock:
    return Lock(
        requires_python=requires_python,
        inputs=inputs or ResolutionInputs(indexes=("pypi",), conflicts=conflicts),
        members=tuple(sorted((part for part in parts if isinstance(part, LockedMember)), key=lambda part: part.name)),
        packages=tuple(
            sorted(
                (part for part in parts if isinstance(part, LockedPackage)), key=lambda part: (part.name, part.version)
            )
        ),
    )


def chosen(*members: str, skip: tuple[str, ...] = ()) -> Selection:
    """``name``, ``name[extra]``, ``name:group``, ``name[extra]:group`` or ``:name:group`` for only the group."""
    selections = []
    for text in members:
        project = not text.startswith(":")
        head, _, group = text.lstrip(":").partition(":")
        name, _, extras = head.rstrip("]").partition("[")
        selections.append(
            MemberSelection(
                member=NormalizedName(name),
                project=project,
                extras=tuple(ExtraName(extra) for extra in extras.split(",") if extra),
                groups=tuple(GroupName(part) for part in group.split(",") if part),
            )
        )
    return Selection(members=tuple(selections), skip=frozenset(NormalizedName(name) for name in skip))


_MARKERS = st.sampled_from(
    ["", "", "", "sys_platform == 'linux'", "sys_platform == 'win32'", "python_full_version < '3.12'"]
)
_NAMES = ["alpha", "beta", "delta", "gamma", "kappa", "omega", "sigma", "theta", "zeta"]
_EXTRAS = ["x", "y"]
_SOURCES: list[Source] = [Registry("pypi"), Git(url="https://host.test/é.git", commit="a" * 40), Registry("own")]


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    """Locks with one version per name, edges anywhere (cycles and self-references too), extras, groups and markers."""
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=2, unique=True))
    count = draw(st.integers(1, len(names)))

    def edges() -> tuple[Edge, ...]:
        made = draw(
            st.lists(
                st.builds(
                    Edge,
                    name=st.sampled_from(names).map(NormalizedName),
                    extras=st.lists(st.sampled_from(_EXTRAS), unique=True, max_size=2).map(
                        lambda values: tuple(ExtraName(value) for value in sorted(values))
                    ),
                    marker=_MARKERS,
                ),
                max_size=3,
                unique=True,
            )
        )
        return tuple(sorted(made, key=lambda value: (value.name, value.extras, value.marker)))

    def tables() -> dict[ExtraName, tuple[Edge, ...]]:
        return {ExtraName(key): edges() for key in draw(st.lists(st.sampled_from(_EXTRAS), unique=True).map(sorted))}

    members = [
        LockedMember(
            name=NormalizedName(name),
            path=f"packages/{name}",
            inputs=draw(st.dictionaries(st.sampled_from(["dependencies", "name", "sources.a"]), st.just("00ff" * 4))),
            requires_python=">=3.11",
            package=draw(st.booleans()),
            dependencies=edges(),
            extras=tables(),
            groups={GroupName("dev"): edges()},
        )
        for name in names[:count]
    ]
    packages = [
        LockedPackage(
            name=NormalizedName(name),
            version="1.0",
            source=source,
            markers=draw(st.sampled_from([(), ("sys_platform == 'linux'",)])),
            dependencies=edges(),
            extras=tables(),
            artifacts=(wheel(name, "1.0"), wheel(name, "1.0", "py3-none-win32"))
            if isinstance(source, Registry) and draw(st.booleans())
            else (),
        )
        for name in names[count:]
        for source in [draw(st.sampled_from(_SOURCES))]
    ]
    inputs = ResolutionInputs(
        indexes=("pypi", "own"),
        conflicts=draw(st.sampled_from([(), ((item("alpha", extra="x"), item("alpha", extra="y")),)])),
        constraints=draw(st.sampled_from([(), ("a<2", "b<3")])),
        prerelease=draw(st.sampled_from(["if-necessary", "allow"])),
        prerelease_package=draw(st.sampled_from([{}, {NormalizedName("a"): "disallow"}])),
        exclude_newer_package=draw(st.sampled_from([{}, {NormalizedName("a"): "", NormalizedName("b"): "2025"}])),
    )
    return Lock(
        requires_python=draw(st.sampled_from(["", ">=3.11"])),
        inputs=inputs,
        forks=draw(st.sampled_from([(), ("sys_platform == 'linux'", "sys_platform != 'linux'")])),
        members=tuple(sorted(members, key=lambda part: part.name)),
        packages=tuple(sorted(packages, key=lambda part: part.name)),
    )
