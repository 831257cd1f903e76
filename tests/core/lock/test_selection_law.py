"""The law of selections: what a lock gives is what a naive walk over the manifests needs, or it is refused.

``python -m tests.core.lock.test_selection_law FIRST LAST`` says of each seed what is wrong with its workspace, and in
the end how many of them had what.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version

from interlock.core.lock.export_requirements import RequirementsOptions, export_requirements
from interlock.core.lock.model import Lock
from interlock.core.lock.select import select
from interlock.core.resolver.conflicting_dependency import ConflictingDependency
from interlock.core.sources.source import Member
from interlock.errors import EnvironmentFailure, InterlockError, UsageError
from tests.core.lock.naive import Walk, unsolvable
from tests.core.lock.workspaces import (
    ENVIRONMENTS,
    Part,
    features,
    lock_workspace,
    random_workspace,
    selections,
    wanted,
)

REFUSALS = (UsageError, EnvironmentFailure)
"""What is wrong with a selection or an environment; other errors are about the lock."""
_AT_ONCE = 40
_marker = cache(Marker)

Table = Mapping[str, Any]


@pytest.mark.parametrize("first", range(0, 5 * _AT_ONCE, _AT_ONCE))
def test_every_selection_is_what_the_manifests_need_or_is_refused(first: int) -> None:
    found = {seed: wrong for seed in range(first, first + _AT_ONCE) if (wrong := judged(random_workspace(seed)).wrong)}
    assert not found, found


@given(st.integers(0, 2**32))
@example(5907)
@example(5973)
@example(157334)
@example(893082)
@example(738528)
def test_every_selection_of_a_random_workspace_is_what_the_manifests_need_or_is_refused(seed: int) -> None:
    workspace = random_workspace(seed)
    found = judged(workspace)
    for feature in (*features(workspace), *sorted(found.verdicts)):
        event(feature)
    assert found.wrong == []


class Judgement(NamedTuple):
    verdicts: frozenset[str]
    """What the selections were."""
    wrong: list[str]


def judged(workspace: Table) -> Judgement:
    """All that is wrong with the lock of a workspace, or with there being none."""
    try:
        lock = lock_workspace(workspace)
    except ConflictingDependency as error:
        is_right = "packages that ask for members" in features(workspace)
        return Judgement(frozenset(["refused when locking"]), [] if is_right else [error.message])
    if lock is None:
        # Where packages ask for members it is not judged.
        is_right = "packages that ask for members" in features(workspace) or _has_unsolvable(workspace)
        return Judgement(frozenset(["without a lock"]), [] if is_right else ["everything has a solution: no lock"])
    found: list[str] = []
    said: set[str] = set()
    for parts in selections(workspace, len(lock.packages), 6):
        answers = {name: _answer(workspace, lock, parts, values) for name, values in ENVIRONMENTS.items()}
        verdicts = {name: answer.verdict for name, answer in answers.items()}
        wrong = [f"in {name}: {text}" for name, answer in answers.items() for text in answer.wrong]
        wrong += _wrong_export(workspace, lock, parts, verdicts)
        found += [f"{_shown(parts)} {text}" for text in wrong]
        said.update(verdicts.values())
        if len(set(verdicts.values()) - {_STRANGE, _BOTH}) > 1:
            said.add("conflicting in some environments only")
    found += _needless_prereleases(workspace, lock)
    return Judgement(frozenset(said), found)


def _has_unsolvable(workspace: Table) -> bool:
    return any(unsolvable(workspace, values) for values in ENVIRONMENTS.values())


def _needless_prereleases(workspace: Table, lock: Lock) -> Iterator[str]:
    """Pre-releases in a fork where a final release that needs nothing would do for everything that can be selected."""
    for fork in lock.forks or ("",):
        walks = []
        for values in ENVIRONMENTS.values():
            if fork and not _marker(fork).evaluate(dict(values)):
                continue
            for parts in selections(workspace, 0, 0):
                chosen = _chosen(lock, parts, values)
                if chosen is not None:
                    walks.append((chosen, walked(workspace, values, parts, chosen)))
        for name, releases in workspace["packages"].items():
            touched = [(chosen[name], walk) for chosen, walk in walks if name in chosen]
            if not any(Version(version).is_prerelease for versions, _ in touched for version in versions):
                continue
            for final in releases:
                if not Version(final).is_prerelease and all(walk.would_do(name, final) for _, walk in touched):
                    yield f"{name} is a pre-release where {fork or 'anything'}, and {final} would do"


def _chosen(lock: Lock, parts: Sequence[Part], values: Mapping[str, str]) -> dict[str, list[str]] | None:
    """The versions of packages; None for a selection that is refused."""
    try:
        found = select(lock, values, wanted(parts), tags=("py3-none-any",))
    except REFUSALS:
        return None
    return {one.name: [one.version] for one in found if not isinstance(one.source, Member)}


# ---- in one environment ------------------------------------------------------------------------------------------

_CONSISTENT, _CONFLICTING, _STRANGE = "consistent", "conflicting", "on a Python that is not admitted"
_BOTH = "conflicting on a Python that is not admitted"


class _Answer(NamedTuple):
    verdict: str
    wrong: list[str]


def _answer(workspace: Table, lock: Lock, parts: Sequence[Part], values: Mapping[str, str]) -> _Answer:
    """Whether a selection is consistent in an environment, and what is wrong with what the lock says to it."""
    chosen: dict[str, list[str]] = {}
    members: set[str] = set()
    refusal: InterlockError | None = None
    try:
        for one in select(lock, values, wanted(parts), tags=("py3-none-any",)):
            if isinstance(one.source, Member):
                members.add(one.name)
            else:
                chosen.setdefault(one.name, []).append(one.version)
    except InterlockError as error:
        refusal = error
    walk = walked(workspace, values, parts, chosen)
    both, strangers = walk.conflicts(), walk.strangers()
    verdict = (_BOTH if both else _STRANGE) if strangers else _CONFLICTING if both else _CONSISTENT
    if refusal is not None and not isinstance(refusal, REFUSALS):
        return _Answer(verdict, [f"the lock is blamed: {refusal.message}"])
    if both or strangers:
        return _Answer(verdict, [] if refusal is not None else [f"{both or strangers} should be refused"])
    if isinstance(refusal, EnvironmentFailure) and "packages that ask for members" in features(workspace):
        return _Answer(_STRANGE, [])  # which packages there are to ask for a member, only the lock would have told
    if refusal is not None:
        return _Answer(verdict, [f"is refused: {refusal.message}"])
    return _Answer(verdict, list(differences(walk, workspace, members)))


def walked(
    workspace: Table, values: Mapping[str, str], parts: Sequence[Part], chosen: Mapping[str, Sequence[str]]
) -> Walk:
    walk = Walk(workspace, values, chosen)
    for part in parts:
        walk.select(part.member, project=part.project, extras=part.extras, groups=part.groups)
    return walk


def differences(walk: Walk, workspace: Table, members: set[str]) -> Iterator[str]:
    expected = {name for name in walk.members() if workspace["members"][name].get("package", True)}
    if members != expected:
        yield f"members {sorted(members)} instead of {sorted(expected)}"
    yield from walk.judge()


# ---- in all of them ----------------------------------------------------------------------------------------------


def _wrong_export(workspace: Table, lock: Lock, parts: Sequence[Part], verdicts: Mapping[str, str]) -> list[str]:
    """What is wrong with the requirements file of a selection, which is for all environments at once.

    Where a part of it does not run there may be a file for the others or none, if these conflict there.
    """
    options = RequirementsOptions(annotate=False, hashes=False, editable=False)
    conflicting = [name for name, verdict in verdicts.items() if verdict == _CONFLICTING]
    try:
        text = export_requirements(lock, wanted(parts), options)
    except REFUSALS as error:
        return [] if conflicting or _BOTH in verdicts.values() else [f"is not exported: {error.message}"]
    if conflicting:
        return [f"is exported, and conflicts in {conflicting}"]
    wrong = []
    for name, verdict in verdicts.items():
        if verdict == _CONSISTENT:
            members, chosen = exported(text, ENVIRONMENTS[name])
            walk = walked(workspace, ENVIRONMENTS[name], parts, chosen)
            wrong += [f"exports for {name}: {text}" for text in differences(walk, workspace, members)]
    return wrong


def exported(text: str, values: Mapping[str, str]) -> tuple[set[str], dict[str, list[str]]]:
    """The members and packages of a requirements file in one environment."""
    members: set[str] = set()
    chosen: dict[str, list[str]] = {}
    for line in text.splitlines():
        body, _, marker = line.partition(" ; ")
        if marker and not _marker(marker).evaluate(dict(values)):
            continue
        if not body or body.startswith("--"):
            continue
        if body.startswith("."):
            members.add(body.rpartition("/")[2])
        else:
            requirement = Requirement(body)
            (pin,) = requirement.specifier
            chosen.setdefault(requirement.name, []).append(pin.version)
    return members, chosen


def _shown(parts: Sequence[Part]) -> str:
    shown = []
    for part in parts:
        extras = f"[{','.join(part.extras)}]" if part.extras else ""
        groups = "".join(f":{group}" for group in part.groups)
        shown.append(f"{'' if part.project else ':'}{part.member}{extras}{groups}")
    return " ".join(shown)


def _report(first: int, last: int) -> None:
    shares: Counter[str] = Counter()
    for seed in range(first, last):
        workspace = random_workspace(seed)
        try:
            found = judged(workspace)
        except Exception as error:  # any is worth a line, and the next seed
            found = Judgement(frozenset(["crashing"]), [f"{type(error).__name__}: {error}"])
        shares.update([*features(workspace), *found.verdicts, *(["wrong"] if found.wrong else [])])
        if found.wrong:
            sys.stdout.write(f"{seed}: {len(found.wrong)} wrong, {found.wrong[0]}\n")
    for feature, count in shares.most_common():
        sys.stdout.write(f"{count / (last - first):6.1%} {feature}\n")


if __name__ == "__main__":
    _report(*map(int, sys.argv[1:]))
