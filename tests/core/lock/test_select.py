"""What a lock means in one environment."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.codec import LockCorrupt
from interlock.core.lock.conflicts import ConflictingSelection
from interlock.core.lock.graph import UnknownInLock
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage, ResolutionInputs
from interlock.core.lock.reach import closure, members_reaching, reach
from interlock.core.lock.select import (
    AmbiguousSelection,
    EnvironmentNotLocked,
    NoUsableArtifact,
    PythonNotAdmitted,
    select,
)
from interlock.core.markers.diagram import evaluate, format_marker
from interlock.core.members.selection import Selection
from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Directory, Git, Registry
from tests.core.lock.locks import LINUX, WINDOWS, chosen, edge, item, lock_of, locks, member, package, wheel
from tests.work import calls

TAGS = (
    "cp312-cp312-manylinux_2_28_x86_64",
    "cp312-cp312-manylinux_2_17_x86_64",
    "cp312-abi3-manylinux_2_17_x86_64",
    "cp312-none-any",
    "py3-none-any",
)
SDIST = Artifact(filename="a-1.0.tar.gz", sha256="b2" * 32)


def pick(lock: Lock, selection: Selection, environment: dict[str, str] = LINUX) -> dict[str, Wanted]:
    return {wanted.name: wanted for wanted in select(lock, environment, selection, tags=TAGS)}


def naive(lock: Lock, environment: dict[str, str], member: str) -> set[str]:
    """The closure by repeated passes over everything, for locks without conflicts and with one entry per name."""
    parts: dict[str, LockedMember | LockedPackage] = {part.name: part for part in lock.members}
    parts.update({part.name: part for part in lock.packages})
    found: set[tuple[str, str]] = {(member, "")}
    while True:
        grown = set(found)
        for name, extra in found:
            edges: tuple[Edge, ...] = parts[name].dependencies
            if extra:
                edges = {str(key): value for key, value in parts[name].extras.items()}.get(extra, ())
            for one in edges:
                holds = {
                    "": True,
                    "sys_platform == 'linux'": environment["sys_platform"] == "linux",
                    "sys_platform == 'win32'": environment["sys_platform"] == "win32",
                    "python_full_version < '3.12'": False,
                }[one.marker]
                if holds:
                    grown.add((one.name, ""))
                    grown.update((one.name, extra) for extra in one.extras)
        if grown == found:
            return {name for name, _ in found}
        found = grown


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(locks())
def test_the_selection_is_the_closure(lock: Lock) -> None:
    lock = Lock(
        members=lock.members,
        packages=tuple(
            package(part.name, "1.0", *part.dependencies, extras={k: list(v) for k, v in part.extras.items()})
            for part in lock.packages
        ),
    )
    virtual = {part.name for part in lock.members if not part.package}
    for environment in (LINUX, WINDOWS):
        name = lock.members[0].name
        expected = naive(lock, environment, name)
        assert set(pick(lock, chosen(name), environment)) == expected - virtual
        markers = reach(lock, chosen(name))
        held = {key[0] for key, marker in markers.items() if evaluate(marker, environment)}
        assert held == expected
        assert expected <= closure(lock, name)


def test_extras_accumulate_and_members_are_included() -> None:
    lock = lock_of(
        member("app", "lib[fast]", "a[x]", groups={"dev": ["a[y]", "tool"]}),
        member("lib", extras={"fast": ["speed"], "slow": ["sloth"]}),
        package("a", extras={"x": ["one"], "y": ["two"]}),
        *(package(name) for name in ("one", "two", "speed", "sloth", "tool")),
    )
    assert list(pick(lock, chosen("app"))) == ["a", "app", "lib", "one", "speed"]
    found = pick(lock, chosen("app:dev"))
    assert list(found) == ["a", "app", "lib", "one", "speed", "tool", "two"]
    assert found["a"].extras == ("x", "y")
    assert found["lib"].editable
    assert found["lib"].artifact is None


def test_only_a_group_leaves_the_project_out() -> None:
    lock = lock_of(member("app", "a", groups={"dev": ["b"]}), package("a"), package("b"))
    assert list(pick(lock, chosen(":app:dev"))) == ["b"]


def test_what_is_skipped_still_brings_its_dependencies() -> None:
    lock = lock_of(member("app", "a"), member("hub", "app", is_package=False), package("a", "1.0", "b"), package("b"))
    assert list(pick(lock, chosen("hub"))) == ["a", "app", "b"]
    assert list(pick(lock, chosen("hub", skip=("app", "a")))) == ["b"]


def test_unknown_members_extras_and_groups_are_named() -> None:
    lock = lock_of(member("app", extras={"x": []}))
    for selection, text in (("nope", "`nope`"), ("app[y]", "extra `y`"), ("app:dev", "group `dev`")):
        with pytest.raises(UnknownInLock, match=text):
            pick(lock, chosen(selection))


def test_forks_choose_by_marker() -> None:
    lock = lock_of(
        member(
            "app",
            edge("a", "sys_platform == 'linux'", version="2.0"),
            edge("a", "sys_platform != 'linux'", version="1.0"),
        ),
        package("a", "1.0"),
        package("a", "2.0"),
    )
    assert pick(lock, chosen("app"))["a"].version == "2.0"
    assert pick(lock, chosen("app"), WINDOWS)["a"].version == "1.0"


def test_forks_by_source_are_told_apart() -> None:
    cpu, gpu = Registry("cpu"), Registry("gpu")
    lock = lock_of(
        member(
            "app",
            edge("a", "sys_platform == 'linux'", version="1.0", source=gpu),
            edge("a", "sys_platform != 'linux'", version="1.0", source=cpu),
        ),
        package("a", "1.0", source=cpu),
        package("a", "1.0", source=gpu),
    )
    assert pick(lock, chosen("app"))["a"].source == gpu
    assert pick(lock, chosen("app"), WINDOWS)["a"].source == cpu


def test_two_versions_at_once_are_refused() -> None:
    lock = lock_of(
        member("app", edge("a", version="1.0"), edge("a", version="2.0")), package("a", "1.0"), package("a", "2.0")
    )
    with pytest.raises(AmbiguousSelection, match=r"1\.0, 2\.0"):
        pick(lock, chosen("app"))


def test_an_edge_into_the_void_is_a_corrupt_lock() -> None:
    with pytest.raises(LockCorrupt, match="no entry"):
        pick(lock_of(member("app", "ghost")), chosen("app"))


def conflicting() -> Lock:
    return lock_of(
        member(
            "app",
            "lib",
            extras={
                "cpu": [edge("torch", "extra == 'app[cpu]'", version="1.0")],
                "gpu": [edge("torch", "extra == 'app[gpu]'", version="2.0")],
            },
        ),
        member("lib", extras={"old": ["b"]}),
        member("user", "app[gpu]"),
        package("torch", "1.0"),
        package("torch", "2.0"),
        package("b"),
        conflicts=((item("app", extra="cpu"), item("app", extra="gpu")),),
    )


def test_conflicting_extras_choose_their_version() -> None:
    assert pick(conflicting(), chosen("app[cpu]"))["torch"].version == "1.0"
    assert pick(conflicting(), chosen("app[gpu]"))["torch"].version == "2.0"
    assert "torch" not in pick(conflicting(), chosen("app"))


def test_an_edge_switches_a_conflicting_extra_on() -> None:
    assert pick(conflicting(), chosen("user"))["torch"].version == "2.0"


@pytest.mark.parametrize("selection", [("app[cpu,gpu]",), ("app[cpu]", "user")])
def test_conflicting_selections_are_refused_by_name(selection: tuple[str, ...]) -> None:
    with pytest.raises(ConflictingSelection, match="extra `cpu` of app and the extra `gpu` of app"):
        pick(conflicting(), chosen(*selection))
    with pytest.raises(ConflictingSelection):
        reach(conflicting(), chosen(*selection))


def test_conflicting_members_are_refused() -> None:
    lock = lock_of(member("app"), member("web"), conflicts=((item("app"), item("web")),))
    with pytest.raises(ConflictingSelection, match="member app and the member web") as caught:
        pick(lock, chosen("app", "web"))
    assert caught.value.facts["selected"] == ["app", "web"]
    assert list(pick(lock, chosen("app"))) == ["app"]


def test_the_best_tag_wins_then_the_build_number() -> None:
    files = (
        SDIST,
        wheel("a", "1.0"),
        wheel("a", "1.0", "cp312-cp312-manylinux_2_17_x86_64"),
        wheel("a", "1.0", "cp312-cp312-manylinux_2_17_x86_64", build="2"),
        wheel("a", "1.0", "cp312-cp312-manylinux_2_17_x86_64", build="10"),
        wheel("a", "1.0", "cp313-cp313-manylinux_2_28_x86_64"),
    )
    lock = lock_of(member("app", "a"), package("a", artifacts=files))
    artifact = pick(lock, chosen("app"))["a"].artifact
    assert artifact is not None
    assert artifact.filename == "a-1.0-10-cp312-cp312-manylinux_2_17_x86_64.whl"


def test_unknown_wheel_names_are_passed_over() -> None:
    strange = Artifact(filename="a-1.0-py3-none-any-x-y-z.whl")
    lock = lock_of(member("app", "a"), package("a", artifacts=(strange, SDIST)))
    assert pick(lock, chosen("app"))["a"].artifact == SDIST


def test_no_build_and_no_binary() -> None:
    both = lock_of(member("app", "a"), package("a", artifacts=(SDIST, wheel("a", "1.0"))))
    only_sdist = lock_of(member("app", "a"), package("a", artifacts=(SDIST,)))
    only_wheel = lock_of(member("app", "a"), package("a"))

    def file(lock: Lock, no_build: tuple[str, ...] = (), no_binary: tuple[str, ...] = ()) -> str:
        inputs = msgspec.structs.replace(lock.inputs, no_build=no_build, no_binary=no_binary)
        wanted = select(msgspec.structs.replace(lock, inputs=inputs), LINUX, chosen("app"), tags=TAGS)
        return next(one.artifact.filename for one in wanted if one.artifact)

    assert file(both, no_binary=("a",)) == SDIST.filename
    assert file(both, no_binary=(":all:",)) == SDIST.filename
    assert file(both, no_binary=(":all:",), no_build=("a",)).endswith(".whl")
    assert file(only_sdist, no_build=(":all:",), no_binary=("a",)) == SDIST.filename
    with pytest.raises(NoUsableArtifact, match="forbids building"):
        file(only_sdist, no_build=(":all:",))
    with pytest.raises(NoUsableArtifact, match="no source distribution"):
        file(only_wheel, no_binary=("a",))


def test_no_usable_file_lists_the_tags() -> None:
    lock = lock_of(member("app", "a"), package("a", artifacts=(wheel("a", "1.0", "cp312-cp312-win_amd64"),)))
    with pytest.raises(NoUsableArtifact, match="cp312-cp312-win_amd64") as caught:
        pick(lock, chosen("app"))
    assert caught.value.hint


def test_source_trees_need_no_file() -> None:
    lock = lock_of(
        member("app", "a", "b"),
        package("a", "", source=Directory(path="vendor/a", editable=True), artifacts=()),
        package("b", "2.0", source=Git(url="https://host.test/b", commit="c" * 40), artifacts=()),
    )
    found = pick(lock, chosen("app"))
    assert found["a"].editable
    assert not found["b"].editable


def test_a_member_that_does_not_support_the_python_is_named() -> None:
    lock = lock_of(member("app", "lib"), member("lib", requires_python=">=3.13"), member("other"))
    with pytest.raises(PythonNotAdmitted, match=r"lib requires Python >=3\.13.*3\.12\.4"):
        pick(lock, chosen("app"))
    assert list(pick(lock, chosen("other"))) == ["other"]


def test_an_environment_outside_the_lock_is_refused() -> None:
    lock = lock_of(member("app"), inputs=ResolutionInputs(environments=("sys_platform == 'win32'",)))
    with pytest.raises(EnvironmentNotLocked, match="win32"):
        pick(lock, chosen("app"))
    assert list(pick(lock, chosen("app"), WINDOWS)) == ["app"]


def markers_of(lock: Lock, selection: Selection) -> dict[str, str]:
    return {key[0]: format_marker(marker) for key, marker in reach(lock, selection).items()}


def test_reach_is_or_over_paths_of_and_of_markers() -> None:
    lock = lock_of(
        member("app", edge("a", "sys_platform == 'linux'"), edge("b", "sys_platform == 'win32'"), "d"),
        package("a", "1.0", "c"),
        package("b", "1.0", edge("c", "platform_machine == 'AMD64'"), "d"),
        package("c", "1.0", "a[x]", extras={}),
        package("d", "1.0", edge("e", "python_full_version >= '3.8'")),
        package("e"),
    )
    assert markers_of(lock, chosen("app")) == {
        "app": "",
        "a": "sys_platform == 'linux' or (sys_platform == 'win32' and platform_machine == 'AMD64')",
        "b": "sys_platform == 'win32'",
        "c": "sys_platform == 'linux' or (sys_platform == 'win32' and platform_machine == 'AMD64')",
        "d": "",
        "e": "",
    }


def test_reach_keeps_to_each_members_python() -> None:
    lock = lock_of(
        member("app", "a", "lib", requires_python=">=3.10"),
        member("lib", "b", requires_python=">=3.12"),
        package("a"),
        package("b"),
        requires_python=">=3.10",
    )
    found = markers_of(lock, chosen("app", "lib"))
    assert found == {"app": "", "a": "", "lib": "python_full_version >= '3.12'", "b": "python_full_version >= '3.12'"}
    assert markers_of(lock, chosen("lib")) == {"lib": "", "b": ""}


def test_members_reaching() -> None:
    lock = lock_of(
        member("app", "lib", groups={"dev": ["tool"]}), member("lib", "a"), member("web"), package("a"), package("tool")
    )
    found = {key[0]: names for key, names in members_reaching(lock).items()}
    assert found == {"a": ("app", "lib"), "app": ("app",), "lib": ("app", "lib"), "tool": ("app",), "web": ("web",)}


def workspace_of(count: int) -> Lock:
    """Members that share 225 packages, each with wheels for many platforms."""
    platforms = ["macosx_11_0_arm64", "win_amd64", "manylinux_2_17_x86_64", "musllinux_1_2_x86_64"]
    packages = [
        package(
            f"p{number:03}",
            "1.0",
            *(f"p{other:03}" for other in range(max(0, number - 4), number)),
            artifacts=tuple(
                wheel(f"p{number:03}", "1.0", f"cp3{minor}-cp3{minor}-{platform}")
                for platform in platforms
                for minor in (11, 12, 13)
            ),
        )
        for number in range(225)
    ]
    members = [
        member(f"m{number:03}", *(edge(f"p{(number * 7 + step * 31) % 225:03}") for step in range(8)))
        for number in range(count)
    ]
    return lock_of(*members, *packages)


def test_selecting_800_members_looks_at_each_edge_and_file_a_few_times() -> None:
    """About 10 calls for each of 7,000 edges and 2,700 files; twice the members are not twice the work."""
    tags = ("cp312-cp312-manylinux_2_17_x86_64", "py3-none-any")

    def work(count: int) -> int:
        lock = workspace_of(count)
        everything = chosen(*(part.name for part in lock.members))
        assert len(select(lock, LINUX, everything, tags=tags)) == count + 225
        return calls(lambda: select(lock, LINUX, everything, tags=tags))

    whole = work(800)
    assert whole < 10 * 10_000
    assert whole < 2.2 * work(400)
