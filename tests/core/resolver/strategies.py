"""Small random worlds, with requirements whose markers come from different parents."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from interlock.core.markers.environment import standard_environment

__all__ = ["ENVIRONMENTS", "shuffled", "single_worlds", "universal_worlds"]

ENVIRONMENTS = {
    f"{platform}-{python}": standard_environment(platform, python).as_dict()
    for platform in ("linux-x86_64", "macos-arm64", "windows-amd64")
    for python in ("3.11.4", "3.12.4")
}
"""All that the markers of these worlds can tell apart."""
_EVERYWHERE = "sys_platform == 'linux' or sys_platform == 'darwin' or sys_platform == 'win32'"
_NAMES = [f"p{number}" for number in range(6)]
_VERSIONS = ["1.0", "2.0", "3.0", "4.0"]
_SPECIFIERS = ["", "==", "<", ">=", "!=", "<=", ">"]
_MARKERS = [
    "sys_platform == 'linux'",
    "sys_platform != 'linux'",
    "sys_platform == 'win32'",
    "sys_platform != 'win32'",
    "sys_platform == 'darwin'",
    "python_version < '3.12'",
    "python_version >= '3.12'",
    "python_version >= '3.12' and sys_platform == 'linux'",
    "python_version < '3.12' or sys_platform == 'win32'",
]


@st.composite
def _requirements(draw: st.DrawFn, *, markers: bool, extras: bool = True, most: int = 3) -> list[str]:
    found = []
    for _ in range(draw(st.integers(0, most))):
        name = draw(st.sampled_from(_NAMES))
        extra = "[x]" if extras and draw(st.integers(0, 5)) == 0 else ""
        operator = draw(st.sampled_from(_SPECIFIERS))
        specifier = operator and operator + draw(st.sampled_from(_VERSIONS))
        marker = f" ; {draw(st.sampled_from(_MARKERS))}" if markers and draw(st.booleans()) else ""
        found.append(f"{name}{extra}{specifier}{marker}")
    return found


@st.composite
def _packages(draw: st.DrawFn, *, markers: bool) -> dict[str, Any]:
    packages: dict[str, Any] = {}
    for name in _NAMES:
        releases: dict[str, Any] = {}
        for version in _VERSIONS[: draw(st.integers(1, len(_VERSIONS)))]:
            release: dict[str, Any] = {"requires": draw(_requirements(markers=markers))}
            if draw(st.integers(0, 3)) == 0:
                release["extras"] = {"x": draw(_requirements(markers=markers, most=2))}
            if markers and draw(st.integers(0, 5)) == 0:
                release["requires-python"] = draw(st.sampled_from([">=3.12", ">=3.11,<4", ">=3.13"]))
            releases[version] = release
        packages[name] = releases
    return packages


@st.composite
def single_worlds(draw: st.DrawFn) -> dict[str, Any]:
    """No markers: one environment is like another."""
    root = {"requires": draw(_requirements(markers=False, most=4).filter(bool))}
    return {"members": {"root": root}, "packages": draw(_packages(markers=False))}


@st.composite
def universal_worlds(draw: st.DrawFn) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name in ["app", "lib", "web"][: draw(st.integers(1, 3))]:
        member: dict[str, Any] = {
            "requires": draw(_requirements(markers=True)),
            "requires-python": draw(st.sampled_from([">=3.11,<3.13", ">=3.11,<3.13", ">=3.12,<3.13"])),
        }
        if draw(st.booleans()):
            member["extras"] = {"e": draw(_requirements(markers=True, most=2))}
        if draw(st.booleans()):
            member["groups"] = {"g": draw(_requirements(markers=True, most=2))}
        members[name] = member
    strategy = draw(st.sampled_from(["requires-python", "requires-python", "fewest"]))
    mode = draw(st.sampled_from(["highest", "highest", "lowest", "lowest-direct"]))
    options = {"environments": [_EVERYWHERE], "fork-strategy": strategy, "resolution": mode}
    return {"members": members, "packages": draw(_packages(markers=True)), "options": options}


@st.composite
def shuffled(draw: st.DrawFn, world: dict[str, Any]) -> dict[str, Any]:
    """The same world said in another order."""

    def mixed(table: dict[str, Any]) -> dict[str, Any]:
        return {key: table[key] for key in draw(st.permutations(list(table)))}

    def member(table: dict[str, Any]) -> dict[str, Any]:
        lists: dict[str, Any] = {"requires": draw(st.permutations(table["requires"]))}
        for key in ("extras", "groups"):
            if key in table:
                lists[key] = mixed({name: draw(st.permutations(texts)) for name, texts in table[key].items()})
        return {**table, **lists}

    members = {name: member(table) for name, table in mixed(world["members"]).items()}
    packages = {name: mixed(releases) for name, releases in mixed(world["packages"]).items()}
    return {**world, "members": members, "packages": packages}
