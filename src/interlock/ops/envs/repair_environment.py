"""``interlock env repair``: what is broken in an environment, installed again from the store, without any network.

What a distribution was is told by three witnesses, its RECORD, the files that are there and the store; two of them
that agree are believed. What no two agree on is left alone and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.build.results import Results
from interlock.context import Context
from interlock.core.artifacts.artifact import Artifact
from interlock.core.plan.plan import Plan, Step, Wanted
from interlock.core.sources.source import Member, Registry, Source
from interlock.envs.environments import VirtualEnvironment
from interlock.envs.installed import DIGEST_FILE
from interlock.errors import InterlockError
from interlock.install.data import destination
from interlock.install.origin import Origin, find_origin
from interlock.install.record import digest_text, direct_url, hash_text
from interlock.install.swap import has_leftovers
from interlock.install.transaction import Options, apply
from interlock.install.verify import Distribution, Verifier, distributions
from interlock.means import Means
from interlock.ops.envs.verify_environment import Damaged, Verified, judge, verify_environment, wheels_for
from interlock.store.archives import StoredWheel, add_wheel, drop_wheel
from interlock.store.layout import Bucket
from interlock.store.locks import hold
from interlock.store.usage import using
from interlock.store.verify import file_problem, is_intact
from interlock.toolchain.externally_managed import ExternallyManaged
from interlock.workspace.guards import environment_guard
from interlock.workspace.here import workspace_or_none
from interlock.workspace.lockfile import load_lock_if_any

__all__ = ["Left", "Repaired", "repair_environment"]

_ORIGIN = "direct_url.json"


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be repaired, and why."""

    damaged: Damaged
    why: str
    """A sentence without a final stop."""


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """What was broken, and what became of it."""

    repaired: tuple[Damaged, ...]
    left: tuple[Left, ...]
    checked: int
    unchecked: tuple[Distribution, ...]


class _Unrepairable(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _Again(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution that can be installed again as it was."""

    damaged: Damaged
    wheel: StoredWheel
    origin: str
    digest: str
    requested: bool


async def repair_environment(context: Context, environment: VirtualEnvironment) -> Repaired:
    """Repair what can be. Raises what installing raises, and then nothing was changed."""
    managed = environment.installation and environment.interpreter.externally_managed
    if managed and not context.means.settings.break_system_packages:
        raise ExternallyManaged(environment)
    jobs = context.means.settings.concurrent_installs
    async with (
        using(context.means.layout),
        hold(environment_guard(environment.root), passing=True),
        hold(environment.lock),
    ):
        verified = await verify_environment(environment, context.means.layout, jobs=jobs)
        if not verified.damaged and not has_leftovers(environment):
            return _report(verified, (), ())
        work = _Repair(context, environment, verified)
        again, left = await anyio.to_thread.run_sync(work.prepare)
        await _install(context.means, environment, again)
        remaining = await anyio.to_thread.run_sync(work.look_again, again)
    done = [one.damaged for one in again if one.damaged.name not in remaining]
    late = [Left(damaged=one.damaged, why=remaining[one.damaged.name]) for one in again if one.damaged not in done]
    return _report(verified, done, [*left, *late])


def _report(verified: Verified, done: Iterable[Damaged], left: Iterable[Left]) -> Repaired:
    # What was only installed again for the sake of a neighbour was not broken.
    return Repaired(
        repaired=tuple(one for one in done if one.files),
        left=tuple(sorted(left, key=lambda one: one.damaged.name)),
        checked=len(verified.checked),
        unchecked=verified.unchecked,
    )


async def _install(means: Means, environment: VirtualEnvironment, again: Sequence[_Again]) -> None:
    steps = []
    wheels = {}
    for one in again:
        installed, wheel = one.damaged.distribution.installed, one.wheel
        wanted = Wanted(
            name=installed.name,
            version=wheel.version,
            source=Registry(index=""),
            editable=installed.editable,
            digest=one.digest,
        )
        wheels[wanted.name] = wheel
        steps.append(Step(wanted=wanted, replaces=installed, reason="reinstall"))

    async def obtain(wanted: Wanted) -> StoredWheel:
        return wheels[wanted.name]

    listed = [path for one in again for path in one.damaged.distribution.rows or ()]
    settings = means.settings
    options = Options(
        link_mode=settings.link_mode or "auto",
        compile=any(path.endswith(".pyc") for path in listed),
        jobs=settings.concurrent_installs,
        requested=frozenset(one.damaged.distribution.installed.name for one in again if one.requested),
        origins={one.damaged.distribution.installed.name: one.origin for one in again if one.origin},
    )
    await apply(Plan(install=tuple(steps)), environment, obtain, options, means.reporter)


class _Repair:
    """Finds out what each distribution was; blocking."""

    def __init__(self, context: Context, environment: VirtualEnvironment, verified: Verified) -> None:
        self._context = context
        self._layout = context.means.layout
        self._environment = environment
        self._verified = verified
        self._wheels = wheels_for(context.means.layout, verified.checked)
        self._results = Results(context.means.layout)
        self._to = destination(environment)

    def __repr__(self) -> str:
        return f"<_Repair {self._environment.root}>"

    def prepare(self) -> tuple[list[_Again], list[Left]]:
        """What to install again, by name, and what not. Broken RECORDs are taken away: they may list others' files."""
        again: dict[str, _Again] = {}
        left: list[Left] = []
        waiting = list(self._verified.damaged)
        seen = {damaged.distribution.info for damaged in waiting}
        while waiting:
            damaged = waiting.pop()
            try:
                one, origin = self._again(damaged)
            except _Unrepairable as failure:
                left.append(Left(damaged=damaged, why=failure.why))
                continue
            again[damaged.name] = one
            waiting += self._neighbours(origin, seen)
        for one in again.values():
            record = Path(one.damaged.distribution.info, "RECORD")
            if _is_among(record, one.damaged, self._environment):
                record.unlink(missing_ok=True)
        return [again[name] for name in sorted(again)], [one for one in left if one.damaged.files]

    def _neighbours(self, origin: Origin, seen: set[str]) -> list[Damaged]:
        """Those whose files would be replaced: of all that have a file, the last in order wins, as ever."""
        infos = self._verified.verifier.others_of(origin.rows) - seen
        seen |= infos
        return [Damaged(distribution=one, files=()) for one in self._verified.checked if one.info in infos]

    def look_again(self, again: Sequence[_Again]) -> dict[str, str]:
        """What is still not right, by name."""
        names = {one.damaged.name for one in again}
        found = distributions(self._environment)
        verifier = Verifier(self._environment, found, str(self._layout.bucket(Bucket.WHEELS)))
        wrong = {}
        for one in found:
            files = judge(one, self._environment, self._wheels, verifier) if one.installed.name in names else ()
            if files:
                wrong[str(one.installed.name)] = f"{files[0].path} {files[0].problem} after it was installed again"
        return wrong

    def _again(self, damaged: Damaged) -> tuple[_Again, Origin]:
        one = damaged.distribution
        if not one.ours:
            tool = one.installed.installer or "another tool"
            raise _Unrepairable(f"it was installed by {tool}, which has to install it again")
        for file in damaged.files:
            place = Path(self._environment.root, file.path)
            if place.is_dir() and not place.is_symlink():
                raise _Unrepairable(f"a folder is in the place of {file.path}, and what is in it is not ours to remove")
        origin = find_origin(one, self._wheels, self._to, self._verified.verifier)
        if origin is None:
            raise _Unrepairable("the store does not have the wheel that it came from")
        wheel = self._whole(origin.wheel)
        if wheel is None:
            raise _Unrepairable("the store's copy of its wheel was damaged too, and was dropped")
        doubtful = origin.doubtful or _is_among(Path(one.info, "RECORD"), damaged, self._environment)
        again = _Again(
            damaged=damaged,
            wheel=wheel,
            origin=self._note(one, _ORIGIN, self._origins(one), doubtful=doubtful),
            digest=_digest_in(self._note(one, DIGEST_FILE, self._digests(), doubtful=doubtful)),
            requested=f"{one.info}/REQUESTED" in (one.rows or ())
            or (doubtful and Path(one.info, "REQUESTED").exists()),
        )
        return again, origin

    def _note(self, one: Distribution, name: str, others: Iterable[str], *, doubtful: bool) -> str:
        """The text of a file beside METADATA; empty when there is none."""
        path = f"{one.info}/{name}"
        row = one.rows.get(path) if one.rows is not None else None
        there = _text(path)
        if row is None:
            return there or "" if doubtful else ""
        if there is not None and row.digest == hash_text(there.encode()):
            return there
        candidates = list(others)
        for text in candidates:
            if row.digest == hash_text(text.encode()):
                return text
        if there in candidates:
            return there
        raise _Unrepairable(f"nothing tells what its {name} was")

    def _origins(self, one: Distribution) -> Iterable[str]:
        """What the workspace and its lock would have written about where it came from."""
        try:
            workspace = workspace_or_none(self._context.place.start, self._layout)
            lock = load_lock_if_any(workspace.root) if workspace is not None else None
        except InterlockError:
            return []
        if workspace is None:
            return []
        name = one.installed.name
        meant: list[tuple[Source, Artifact | None]] = []
        if name in workspace.by_name:
            meant.append((Member(name=name), None))
        for package in lock.packages if lock is not None else ():
            if package.name == name:
                meant += [(package.source, artifact) for artifact in (*package.artifacts, None)]
        members = {member.name: member.path for member in workspace.members}
        return [
            direct_url(
                Wanted(name=name, version="", source=source, artifact=artifact, editable=editable),
                root=str(workspace.root),
                members=members,
            )
            for source, artifact in meant
            for editable in (True, False)
        ]

    def _digests(self) -> Iterable[str]:
        """What was built here: the digest of a tree is the key of its build."""
        return [digest_text(key).decode() for key, _ in self._results.files()]

    def _whole(self, wheel: StoredWheel) -> StoredWheel | None:
        """The wheel if its copy in the store is as it was, or can be made of what was built here. Else it is dropped:
        nobody should install from it."""
        if is_intact(wheel):
            return wheel
        drop_wheel(self._layout, wheel.sha256)
        for _, path in self._results.files():
            if path.name == wheel.filename and not file_problem(path, wheel.sha256):
                return add_wheel(self._layout, path, filename=wheel.filename, sha256=wheel.sha256)
        return None


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def _digest_in(text: str) -> str:
    return msgspec.json.decode(text, type=dict[str, str]).get("digest", "") if text else ""


def _is_among(path: Path, damaged: Damaged, environment: VirtualEnvironment) -> bool:
    return any(Path(environment.root, file.path) == path for file in damaged.files)
