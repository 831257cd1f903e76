"""The law of selections: what a lock gives is what a naive walk over the manifests needs, or it is refused.

The nightly profile prints how many of its cases had what, and the seeds are the workspaces' names.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from packaging.requirements import Requirement

from interlock.core.lock.export_requirements import RequirementsOptions, export_requirements
from interlock.core.lock.model import Lock
from interlock.core.lock.select import select
from interlock.core.markers.diagram import evaluate, parse_marker
from interlock.core.sources import Member
from interlock.errors import EnvironmentFailure, InterlockError, UsageError
from tests.core.lock.naive import Walk
from tests.core.lock.workspaces import ENVIRONMENTS, Part, features, lock_workspace, random_workspace, selections, wanted

REFUSALS = (UsageError, EnvironmentFailure)
"""What is wrong with a selection or an environment; other errors are about the lock."""


def complaints(seed: int, shares: Counter[str] | None = None) -> list[str]:
    """All that is wrong with the lock of a random workspace."""
    workspace = random_workspace(seed)
    lock = lock_workspace(workspace)
    if shares is not None:
        shares.update(["workspaces", *features(workspace), *(["with a lock"] if lock is not None else [])])
    found = []
    for parts in selections(workspace, seed, 6) if lock is not None else ():
        assert lock is not None
        judged = {name: _judged(workspace, lock, parts, values) for name, values in ENVIRONMENTS.items()}
        if shares is not None:
            shares.update(verdict for verdict, _ in judged.values())
        wrong = [f"in {name}: {text}" for name, (_, texts) in judged.items() for text in texts]
        verdicts = {name: verdict for name, (verdict, _) in judged.items()}
        wrong += _wrong_export(workspace, lock, parts, verdicts)
        found += [f"{_shown(parts)} {text}" for text in wrong]
    return found


def _judged(workspace: Mapping[str, Any], lock: Lock, parts: Sequence[Part], values: Mapping[str, str]) -> tuple[str, list[str]]:
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
    walk = _walk(workspace, values, parts, chosen)
    both, strangers = walk.conflicts(), walk.strangers()
    verdict = "conflicting" if both else "on a Python that is not admitted" if strangers else "consistent"
    if refusal is not None and not isinstance(refusal, REFUSALS):
        return verdict, [f"the lock is blamed: {refusal.message}"]
    if both or strangers:
        return verdict, [] if refusal is not None else [f"{both or strangers} should be refused"]
    if refusal is not None:
        return verdict, [f"is refused: {refusal.message}"]
    expected = {name for name in walk.members() if workspace["members"][name].get("package", True)}
    wrong = [f"members {sorted(members)} instead of {sorted(expected)}"] if members != expected else []
    return verdict, wrong + walk.judge()


def _walk(workspace: Mapping[str, Any], values: Mapping[str, str], parts: Sequence[Part], chosen: Mapping[str, Sequence[str]]) -> Walk:
    walk = Walk(workspace, values, chosen)
    for part in parts:
        walk.select(part.member, project=part.project, extras=part.extras, groups=part.groups)
    return walk


def _wrong_export(workspace: Mapping[str, Any], lock: Lock, parts: Sequence[Part], verdicts: Mapping[str, str]) -> list[str]:
    """What is wrong with the requirements file of a selection, which is for all environments at once."""
    options = RequirementsOptions(annotate=False, hashes=False, editable=False)
    try:
        text = export_requirements(lock, wanted(parts), options)
    except REFUSALS as error:
        return [] if "conflicting" in verdicts.values() else [f"is not exported: {error.message}"]
    if "conflicting" in verdicts.values():
        return ["is exported, and conflicts"]
    wrong = []
    for name, verdict in verdicts.items():
        if verdict == "consistent":
            members, chosen = _exported(text, ENVIRONMENTS[name])
            walk = _walk(workspace, ENVIRONMENTS[name], parts, chosen)
            expected = {member for member in walk.members() if workspace["members"][member].get("package", True)}
            if members != expected:
                wrong.append(f"exports for {name} members {sorted(members)} instead of {sorted(expected)}")
            wrong += [f"exports for {name}: {complaint}" for complaint in walk.judge()]
    return wrong


def _exported(text: str, values: Mapping[str, str]) -> tuple[set[str], dict[str, list[str]]]:
    """The members and packages of a requirements file in one environment."""
    members: set[str] = set()
    chosen: dict[str, list[str]] = {}
    for line in text.splitlines():
        body, _, marker = line.partition(" ; ")
        if marker and not evaluate(parse_marker(marker), values):
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
        shown.append(f"{'' if part.project else ':'}{part.member}{extras}" + "".join(f":{group}" for group in part.groups))
    return " ".join(shown)
