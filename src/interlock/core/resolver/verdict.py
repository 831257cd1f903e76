"""Whether a candidate can be used in a fork: in all of it, in a part, or not at all.

Asked in this order, and the first that does not say "in all of it" is the answer: whether it was yanked, whether it has
files that policy leaves, on which Pythons these run, whether every required environment has one, and on which platforms
they can be installed at all. A part is a split; "not at all" becomes an incompatibility and is never asked again.

Platforms weigh less than Pythons: a fork that has no file for some platform is split for a required environment or a
local version, and otherwise taken as it is, because hardly any package has files for all platforms that one could name.
"""

from __future__ import annotations

from enum import Enum

from interlock.core.markers.diagram import TRUE, Marker, without_extras
from interlock.core.names import NormalizedName
from interlock.core.resolver.dependencies import ROOT
from interlock.core.resolver.incompatibility import PackageKey, Reason
from interlock.core.resolver.outcome import Needs
from interlock.core.resolver.shared import Shared
from interlock.core.resolver.split import Split, halves

__all__ = ["Verdict", "hear", "judge"]


class Verdict(Enum):
    """What is no reason to rule a candidate out."""

    USABLE = "usable"
    """All over the fork."""
    ELSEWHERE = "elsewhere"
    """It has files, but for no environment of this fork."""


def judge(
    shared: Shared, env: Marker, key: PackageKey, position: int, mask: int, *, locked: bool
) -> Verdict | Split | Reason:
    """A split when it can be used in a part of the fork only, a reason when it can never be."""
    name = key.name
    admission = shared.candidates.admission(name, position)
    if admission is not TRUE:
        # Elsewhere it is as if it did not exist.
        where = without_extras(admission & shared.parts.region(key))
        if not env.implies(where):
            return "yanked" if env.is_disjoint(where) else Split(halves(env, where))
    usability = shared.candidates.usability(name, position)
    if not usability.has_files:
        return "platform"
    if env.is_disjoint(usability.python):
        return "python"
    if not env.implies(usability.python):
        return Split(halves(env, usability.python)) if shared.fork_python else "python"
    if env.implies(usability.platform):
        return Verdict.USABLE
    for required in shared.required.environments:
        # Judged for the whole lock, like everything about platforms: wheels for some Pythons of it are enough.
        if (env & required).is_false or not usability.platform.is_disjoint(shared.world & required):
            continue
        # The rest comes first: what it chooses is wished for here, and not the other way round.
        return "platform" if env.implies(required) else Split(halves(env, ~required))
    if env.is_disjoint(usability.platform):
        # No file for any environment of this fork: taken only when no other version has one either, because a fork is
        # often made for the sake of Pythons and platforms that nobody uses. A locked fork keeps what it had to take.
        if shared.world.is_disjoint(usability.platform):
            return "platform"
        return Verdict.USABLE if locked and env.implies(shared.required.locked) else Verdict.ELSEWHERE
    # What was locked here is taken as it is; nothing else is weighed against it.
    return Verdict.USABLE if locked else _local_choice(shared, env, name, position, mask)


def hear(shared: Shared, env: Marker, key: PackageKey, position: int) -> Needs | bool:
    """Let the metadata of a candidate that was chosen count: whether it may still be used all over the fork.

    What its metadata rules out may have been all that its files were for.
    """
    facts, name = shared.facts, key.name
    if key == ROOT or facts.universes[name].segment(position).listing is None:
        return True
    if (name, position) not in facts.dependencies:
        return Needs(dependencies=((name, position),))
    shared.candidates.learn(name, position)
    newer = shared.candidates.pythons.unheard(name, position, env)
    if newer is not None:
        if (name, newer) not in facts.dependencies:
            return Needs(dependencies=((name, newer),))
        shared.candidates.learn(name, newer)
    usability = shared.candidates.usability(name, position)
    return env.implies(usability.python) and not shared.world.is_disjoint(usability.platform)


def _local_choice(shared: Shared, env: Marker, name: NormalizedName, position: int, mask: int) -> Verdict | Split:
    """A local version (``2.5+cu124``) often covers some platforms only, and the plain one covers the others."""
    base = shared.candidates.without_local(name, position, mask)
    if base is None:
        return Verdict.USABLE
    platform = shared.candidates.usability(name, position).platform
    if (env & ~platform & shared.candidates.usability(name, base).platform).is_false:
        return Verdict.USABLE
    return Split(halves(env, platform))
