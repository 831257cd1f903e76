"""Every lock that a test resolves is judged: nothing may be wrong with it.

But for packages without a file where they are needed: a version is chosen when some environment of the lock can use it.
"""

from __future__ import annotations

from interlock.core.lock.graph import Key, key_of
from interlock.core.lock.model import Lock
from interlock.core.resolver.facts import Facts, Known
from interlock.core.resolver.problem import Problem
from interlock.core.soundness.check import check_soundness
from interlock.core.soundness.evidence import Evidence, Published

__all__ = ["evidence_of", "unsound"]


def unsound(lock: Lock, problem: Problem, facts: Facts) -> list[str]:
    """What is wrong with a lock of a problem, by what the world says that it was resolved in."""
    return [
        f"{finding.kind}: {finding.message} ({finding.environment})"
        for finding in check_soundness(lock, evidence_of(lock, problem, facts))
        if not finding.is_note and finding.kind != "no-file"
    ]


def evidence_of(lock: Lock, problem: Problem, facts: Facts) -> Evidence:
    return Evidence(
        members=problem.members,
        published=_published(lock, facts),
        conflicts=problem.conflicts,
        environments=problem.environments,
        required_environments=problem.required_environments,
        limits=problem.limits,
        excludes=problem.excludes,
    )


def _published(lock: Lock, facts: Facts) -> dict[Key, Published]:
    found: dict[Key, Published] = {}
    for package in lock.packages:
        universe = facts.universes[package.name]
        position = universe.find(package.version, package.source)
        assert position is not None, package.name
        known = facts.dependencies[package.name, position]
        assert isinstance(known, Known), package.name
        found[key_of(package)] = Published(
            requires=known.requires,
            extras=known.extras,
            requires_python=known.requires_python,
            files=universe.artifacts(position),
        )
    return found
