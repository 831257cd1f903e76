"""Locks that are wrong in one way each, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.model import Edge, Lock
from interlock.core.members.asks import Ask, Limits, Origin
from interlock.core.names import NormalizedName
from interlock.core.requirements.parse import parse_requirement
from interlock.core.resolver.facts import Facts
from interlock.core.soundness.asked import admits
from interlock.core.soundness.check import check_soundness
from interlock.core.soundness.evidence import Evidence
from interlock.core.soundness.finding import Finding
from interlock.core.sources.source import Directory
from tests.core.lock.locks import package
from tests.core.resolver.soundness import evidence_of
from tests.core.resolver.world import problem_of, resolve_problem

WORLD: dict[str, Any] = {
    "members": {
        "app": {
            "requires": ["lib", "a>=1", "b[x] ; sys_platform == 'linux'"],
            "extras": {"cpu": ["t<2"], "gpu": ["t>=2"]},
            "groups": {"dev": ["app[cpu]", "c"]},
        },
        "lib": {"requires": ["d ; python_version >= '3.12'"]},
    },
    "packages": {
        "a": {"1.0": {"requires": ["c"]}, "2.0": {"requires": ["c"]}},
        "b": {"1.0": {"extras": {"x": ["d"]}}},
        "c": {"1.0": {}, "2.0": {}},
        "d": {"1.0": {"requires-python": ">=3.11"}, "2.0": {"wheels": ["cp312-cp312-win_amd64"]}},
        "t": {"1.0": {}, "2.0": {}},
    },
    "options": {"conflicts": [["app[cpu]", "app[gpu]"]], "locked": {"d": "1.0"}},
}


def _of_root(text: str) -> Ask:
    return Ask(requirement=parse_requirement(text), origin=Origin(member=NormalizedName("root")))


def _solved() -> tuple[Lock, Evidence]:
    problem, facts = problem_of(WORLD), Facts()
    outcome = resolve_problem(problem, WORLD, facts)
    assert outcome.lock is not None, outcome.error
    return outcome.lock, evidence_of(outcome.lock, problem, facts)


def _package(lock: Lock, name: str, **changes: Any) -> Lock:
    found = [msgspec.structs.replace(one, **changes) if one.name == name else one for one in lock.packages]
    return msgspec.structs.replace(lock, packages=tuple(found))


def _member(lock: Lock, name: str, change: Callable[[tuple[Edge, ...]], tuple[Edge, ...]]) -> Lock:
    found = [
        msgspec.structs.replace(one, dependencies=change(one.dependencies)) if one.name == name else one
        for one in lock.members
    ]
    return msgspec.structs.replace(lock, members=tuple(found))


def _without(name: str) -> Callable[[tuple[Edge, ...]], tuple[Edge, ...]]:
    return lambda edges: tuple(edge for edge in edges if edge.name != name)


def _with_marker(name: str, marker: str) -> Callable[[tuple[Edge, ...]], tuple[Edge, ...]]:
    return lambda edges: tuple(
        msgspec.structs.replace(edge, marker=marker) if edge.name == name else edge for edge in edges
    )


def _said(found: tuple[Finding, ...]) -> set[tuple[str, str, str, str]]:
    return {(one.kind, one.package, one.by, one.environment) for one in found if one.kind != "no-file-somewhere"}


def test_a_sound_lock_has_nothing_wrong() -> None:
    lock, evidence = _solved()
    assert _said(check_soundness(lock, evidence)) == set()


CHANGES: dict[str, tuple[Callable[[Lock], Lock], tuple[str, str, str, str]]] = {
    "an edge is gone": (lambda lock: _member(lock, "app", _without("a")), ("missing", "a", "app", "")),
    "an edge holds in too few places": (
        lambda lock: _member(lock, "app", _with_marker("a", "sys_platform == 'linux'")),
        ("missing", "a", "app", "sys_platform != 'linux'"),
    ),
    "an edge holds in too many places": (
        lambda lock: _member(lock, "lib", _with_marker("d", "")),
        ("unasked", "d", "lib", "python_full_version < '3.12'"),
    ),
    "a version is another one": (lambda lock: _package(lock, "a", version="0.5"), ("unknown", "a", "", "")),
    "an extra is off": (
        lambda lock: _member(
            lock, "app", lambda edges: tuple(msgspec.structs.replace(edge, extras=()) for edge in edges)
        ),
        ("extra-missing", "b", "app", "sys_platform == 'linux'"),
    ),
    "what a package needs is gone": (lambda lock: _package(lock, "a", dependencies=()), ("missing", "c", "a 2.0", "")),
    "what an extra needs is gone": (
        lambda lock: _package(lock, "b", extras={}),
        ("missing", "d", "b[x] 1.0", "sys_platform == 'linux'"),
    ),
    "it has no file": (lambda lock: _package(lock, "a", artifacts=()), ("no-file", "a", "", "")),
    "an edge is there that nothing asks for": (
        lambda lock: _member(lock, "lib", lambda edges: (*edges, Edge(name=NormalizedName("a")))),
        ("unasked", "a", "lib", ""),
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_is_wrong_is_found(case: str) -> None:
    change, expected = CHANGES[case]
    lock, evidence = _solved()
    assert expected in _said(check_soundness(change(lock), evidence))


def test_both_sides_of_a_conflict_in_one_environment_are_ambiguous() -> None:
    lock, evidence = _solved()
    together = msgspec.structs.replace(evidence, conflicts=())
    assert {one.kind for one in check_soundness(lock, together)} >= {"ambiguous"}


@pytest.mark.parametrize(
    ("changes", "kind", "package"),
    [
        ({"limits": Limits(constraints=(_of_root("a<2"),))}, "constraint", "a"),
        ({"excludes": frozenset({NormalizedName("c")})}, "excluded", "c"),
        ({"limits": Limits(overrides=(_of_root("a<2"),))}, "unsatisfied", "a"),
        ({"environments": ("sys_platform == 'win32'",)}, "unreached", "b"),
        ({"members": ()}, "unknown", "app"),
    ],
)
def test_settings_count(changes: dict[str, Any], kind: str, package: str) -> None:
    lock, evidence = _solved()
    found = check_soundness(lock, msgspec.structs.replace(evidence, **changes))
    assert (kind, package) in {(one.kind, one.package) for one in found}


FILE = Artifact(filename="a-2.0-py3-none-any.whl")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"files": (msgspec.structs.replace(FILE, yanked=True),)}, "yanked"),
        ({"files": (msgspec.structs.replace(FILE, requires_python=">=3.13"),)}, "python"),
        ({"files": (msgspec.structs.replace(FILE, sha256="ab" * 32),)}, "digest"),
        ({"files": ()}, "file-missing"),
        ({"requires": None}, "unknown"),
        ({"requires_python": ">=3.13"}, "python"),
        ({"requires": (parse_requirement("c<1"),)}, "unsatisfied"),
        ({"requires": ()}, "unasked"),
    ],
)
def test_what_the_index_says_now_counts(changes: dict[str, Any], kind: str) -> None:
    lock, evidence = _solved()
    (key,) = [key for key in evidence.published if key[0] == "a"]
    published = {**evidence.published, key: msgspec.structs.replace(evidence.published[key], **changes)}
    now = msgspec.structs.replace(evidence, published=published)
    found = {one.kind for one in check_soundness(lock, now) if one.package in {"a", "c"}}
    assert kind in found


def test_problems_name_the_members_that_reach_a_package() -> None:
    lock, evidence = _solved()
    (finding,) = [
        one for one in check_soundness(_package(lock, "a", dependencies=()), evidence) if one.kind == "missing"
    ]
    assert finding.members == ("app",)
    assert finding.requirement == "c"
    assert "a 2.0 asks for c" in finding.message


def test_a_package_that_is_needed_beside_the_member_of_its_name_is_told() -> None:
    lock, evidence = _solved()
    one = package("lib", "1.0")
    unneeded = msgspec.structs.replace(lock, packages=(*lock.packages, one))
    said = {(found.kind, found.package, found.version) for found in check_soundness(unneeded, evidence)}
    assert ("unreached", "lib", "1.0") in said
    assert "beside-member" not in {kind for kind, *_ in said}
    needed = _member(unneeded, "app", lambda edges: (*edges, Edge(name=one.name, version="1.0", source=one.source)))
    said = {(found.kind, found.package, found.version) for found in check_soundness(needed, evidence)}
    assert ("beside-member", "lib", "1.0") in said
    assert ("unreached", "lib", "1.0") not in said


def test_a_file_that_the_index_does_not_tell_of_is_held_against_nobody() -> None:
    lock, evidence = _solved()
    silent = {key: msgspec.structs.replace(one, files=None) for key, one in evidence.published.items()}
    assert _said(check_soundness(lock, msgspec.structs.replace(evidence, published=silent))) == set()


@pytest.mark.parametrize(("specifier", "version"), [("", "1"), (">=1", ""), ("not a specifier", "1")])
def test_what_says_nothing_about_versions_admits_all(specifier: str, version: str) -> None:
    assert admits(specifier, version)


_NEAR: dict[str, Any] = {
    "members": {"app": {"requires": ["lib[fast]", "a[x]"]}, "lib": {"extras": {"fast": ["c"]}}},
    "packages": {"a": {"1.0": {"extras": {"x": ["c"]}}}, "c": {"1.0": {}}},
}


def test_an_extra_of_a_member_that_is_left_out_is_missed() -> None:
    problem, facts = problem_of(_NEAR), Facts()
    lock = resolve_problem(problem, _NEAR, facts).lock
    assert lock is not None
    bare = _member(lock, "app", lambda edges: tuple(msgspec.structs.replace(edge, extras=()) for edge in edges))
    found = _said(check_soundness(bare, evidence_of(lock, problem, facts)))
    assert {("extra-missing", "lib", "app", ""), ("extra-missing", "a", "app", "")} <= found
    # Of a version that nobody has published nothing is known.
    other = _package(bare, "a", version="9.0")
    assert ("extra-missing", "a", "app", "") not in _said(check_soundness(other, evidence_of(lock, problem, facts)))


def test_a_member_in_the_place_of_what_is_wanted_from_elsewhere_is_told() -> None:
    problem, facts = problem_of(_NEAR), Facts()
    lock = resolve_problem(problem, _NEAR, facts).lock
    assert lock is not None
    (app, lib) = problem.members
    asks = tuple(
        msgspec.structs.replace(one, source=Directory("vendored/lib")) if one.requirement.name == "lib" else one
        for one in app.dependencies
    )
    wanted = msgspec.structs.replace(problem, members=(msgspec.structs.replace(app, dependencies=asks), lib))
    assert ("source", "lib", "app", "") in _said(check_soundness(lock, evidence_of(lock, wanted, facts)))
