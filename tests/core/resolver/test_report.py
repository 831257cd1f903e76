"""What a failed resolution says: who clashes, how it comes to that, and what would help."""

from __future__ import annotations

from typing import Any

import pytest

from interlock.core.resolver.contradiction import contradict, smallest
from interlock.core.resolver.facts import Facts, Universe
from interlock.core.resolver.failure import no_solution
from interlock.core.resolver.incompatibility import Incompatibility, RootCause
from interlock.core.resolver.indexes import Indexes
from interlock.core.resolver.outcome import Needs, Unsolvable
from interlock.core.resolver.report import explain
from interlock.core.resolver.resolver import Resolver
from tests.core.resolver.world import Outcome, problem_of, resolve


def _failed(world: dict[str, Any]) -> Any:
    outcome: Outcome = resolve(world)
    assert outcome.error is not None, outcome
    return outcome.error


def test_exactly_the_two_members_that_clash_are_named() -> None:
    members: dict[str, Any] = {
        f"member-{number:03}": {"requires": ["common>=1", "framework"], "path": f"packages/m{number:03}"}
        for number in range(300)
    }
    members["member-017"]["requires"] = ["common>=1", "numbers<2"]
    members["member-203"]["requires"] = ["framework", "plots>=3"]
    packages: dict[str, Any] = {
        "common": {"1.0": {}, "2.0": {"requires": ["numbers"]}},
        "framework": {f"{n}.0": {"requires": ["common", "numbers"]} for n in range(1, 9)},
        "plots": {f"3.{n}": {"requires": ["numbers>=2", "common"]} for n in range(12)},
        "numbers": {"1.0": {}, "1.9": {}, "2.0": {}, "2.1": {}},
    }
    error = _failed({"members": members, "packages": packages})
    assert error.message.splitlines() == [
        "`member-017` and `member-203` cannot both have what they require: no version of `numbers` is both `<2` and"
        " `>=2`.",
        "  member-017 requires numbers<2 (packages/m017/pyproject.toml)",
        "  member-203 requires plots>=3 (packages/m203/pyproject.toml)",
        "    every version of plots requires numbers>=2",
    ]
    assert [entry["member"] for entry in error.facts["requirements"]] == ["member-017", "member-203"]


def test_the_same_is_there_as_data() -> None:
    error = _failed(
        {
            "members": {"app": {"requires": ["a"]}, "lib": {"extras": {"x": ["b<2"]}}},
            "packages": {"a": {"1.0": {"requires": ["b>=2"]}}, "b": {"1.0": {}, "2.0": {"yanked": True}}},
        }
    )
    assert error.code == "no-solution"
    assert error.facts["where"] == ""
    assert error.facts["missing"] == []
    assert error.facts["constraints"] == []
    assert error.facts["dependencies"] == [
        {"package": "a", "versions": ["1.0"], "requirement": "b>=2", "kind": "requirement", "at": ""}
    ]
    assert error.facts["hints"] == [error.hint]


def test_what_does_not_matter_is_left_out() -> None:
    world = {
        "root": {"requires": ["a", "b", "c", "d>=2"]},
        "packages": {
            "a": {"1.0": {"requires": ["c"]}},
            "b": {"1.0": {"requires": ["c<9"]}},
            "c": {"1.0": {"requires": ["d"]}, "2.0": {"requires": ["d<9"]}},
            "d": {"1.0": {}},
        },
    }
    error = _failed(world)
    assert error.message == "`root` requires `d>=2` (pyproject.toml), and the only version of `d` is 1.0."


def test_many_versions_that_want_many_things_take_one_line() -> None:
    world = {
        "root": {"requires": ["a", "b"]},
        "packages": {
            "a": {f"{n}.0": {"requires": [f"c=={n}"]} for n in range(1, 9)},
            "b": {"1.0": {"requires": ["c>9"]}},
            "c": {f"{n}": {} for n in range(1, 12)},
        },
    }
    assert _failed(world).message.splitlines()[:3] == [
        "The requirements of `root` exclude each other: they want different versions of `c`.",
        "  root requires a (pyproject.toml)",
        "    every version of a requires, version by version, c==8 and 7 others like it",
    ]


@pytest.mark.parametrize(
    ("release", "options", "hint"),
    [
        ({"yanked": True}, {}, "Only an exact requirement uses a yanked version: `a==1.0`."),
        (
            {"time": "2026-02-01T00:00:00Z"},
            {"cutoff": "2026-01-01T00:00:00Z"},
            "A later exclude-newer, or an exclude-newer-package entry for `a`, would admit 1.0 and what came with it.",
        ),
        (
            {"requires-python": ">=3.13"},
            {},
            "`requires-python = \">=3.13\"` in root would admit a 1.0; so would a marker `python_version >= '3.13'` on"
            " the requirement.",
        ),
        ({"unusable": "no metadata"}, {}, "Change that requirement."),
    ],
)
def test_hints_say_what_would_help(release: dict[str, Any], options: dict[str, Any], hint: str) -> None:
    world = {"root": {"requires": ["a"]}, "packages": {"a": {"1.0": release}}, "options": options}
    assert _failed(world).hint == hint


def test_a_name_like_a_known_one_is_suggested() -> None:
    world = {"root": {"requires": ["requests", "reqests"]}, "packages": {"requests": {"2.0": {}}}}
    assert _failed(world).hint == "Is `requests` meant instead of `reqests`?"


def test_the_indexes_that_were_asked_are_named() -> None:
    facts = Facts()
    world = {"root": {"requires": ["a"]}}
    resolver = Resolver(problem_of(world), facts)
    outcome = resolver.advance()
    while isinstance(outcome, Needs):
        for name in outcome.universes:
            facts.universes[name] = _nothing(name)
        outcome = resolver.advance()
    assert isinstance(outcome, Unsolvable)
    error = no_solution(explain(resolver, outcome, Indexes(asked=("corp", "pypi"))))
    assert error.message == "`root` requires `a` (pyproject.toml), and no index has a package `a` (asked: corp, pypi)."


def _nothing(name: Any) -> Any:
    return Universe(name, [], missing="not found")


def test_a_contradiction_is_shown_by_trying() -> None:
    """Three packages, two versions each, no two alike: no propagation sees it."""
    full = [0b11, 0b111, 0b111, 0b111, 0b111]
    needed = [Incompatibility([(package, 1)], RootCause()) for package in (1, 2, 3)]
    alike = [
        Incompatibility([(one, bit), (other, bit)], RootCause())
        for one, other in ((1, 2), (1, 3), (2, 3))
        for bit in (0b10, 0b100)
    ]
    assert contradict([*needed, *alike], full)
    assert not contradict([*needed, *alike[:-1]], full)
    assert contradict([Incompatibility([], RootCause())], full)
    unneeded = [Incompatibility([(4, 0b10)], RootCause())]
    kept = smallest([unneeded, *[[leaf] for leaf in alike]], needed, full)
    assert kept == [[leaf] for leaf in alike]


def _hint(world: dict[str, Any], indexes: Indexes) -> str:
    outcome = resolve(world)
    assert outcome.unsolvable is not None
    return no_solution(explain(outcome.resolver, outcome.unsolvable, indexes)).hint or ""


def test_indexes_that_were_not_asked_are_named() -> None:
    missing = {"root": {"requires": ["a"]}, "packages": {}}
    assert "Explicit indexes were not asked (own)" in _hint(missing, Indexes(asked=("pypi",), explicit=("own",)))
    old = {"root": {"requires": ["a>=2"]}, "packages": {"a": {"1.0": {}}}}
    hint = _hint(old, Indexes(asked=("pypi", "other")))
    assert hint.startswith("`a` is taken from the first index that has it; those behind it were not asked")
    assert "not asked" not in _hint(old, Indexes(asked=("pypi", "other"), first_only=False))
