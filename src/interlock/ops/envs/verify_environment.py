"""``interlock env verify``: whether the files of an environment are what was installed."""

from __future__ import annotations

from collections.abc import Iterable

import anyio
import anyio.to_thread
import msgspec

from interlock.envs.environments import VirtualEnvironment
from interlock.install.data import destination
from interlock.install.origin import find_origin
from interlock.install.verify import Damage, Distribution, Verifier, distributions
from interlock.store.archives import StoredWheel
from interlock.store.layout import Bucket, Layout
from interlock.store.prune import iter_wheels

__all__ = ["Damaged", "Verified", "judge", "verify_environment", "wheels_for"]


class Damaged(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution that is no longer what was installed."""

    distribution: Distribution
    files: tuple[Damage, ...]

    @property
    def name(self) -> str:
        return self.distribution.installed.name


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in an environment."""

    damaged: tuple[Damaged, ...]
    """By name."""
    checked: tuple[Distribution, ...]
    unchecked: tuple[Distribution, ...]
    """Those of other tools that keep no RECORD, of which nothing can be said."""
    verifier: Verifier


async def verify_environment(environment: VirtualEnvironment, layout: Layout, *, jobs: int) -> Verified:
    """Look at every file of everything that is installed."""
    found = await anyio.to_thread.run_sync(distributions, environment)
    verifier = Verifier(environment, found, str(layout.bucket(Bucket.WHEELS)))
    checked = tuple(one for one in found if one.rows is not None or one.ours)
    wheels = await anyio.to_thread.run_sync(wheels_for, layout, checked)
    damaged: dict[int, Damaged] = {}
    limit = anyio.CapacityLimiter(max(1, jobs))

    async def one(number: int, distribution: Distribution) -> None:
        files = await anyio.to_thread.run_sync(
            judge, distribution, environment, wheels, verifier, limiter=limit, abandon_on_cancel=True
        )
        if files:
            damaged[number] = Damaged(distribution=distribution, files=files)

    async with anyio.create_task_group() as group:
        for number, distribution in enumerate(checked):
            group.start_soon(one, number, distribution)
    return Verified(
        damaged=tuple(damaged[number] for number in sorted(damaged)),
        checked=checked,
        unchecked=tuple(one for one in found if one not in checked),
        verifier=verifier,
    )


def judge(
    one: Distribution, environment: VirtualEnvironment, wheels: Iterable[StoredWheel], verifier: Verifier
) -> tuple[Damage, ...]:
    """What is wrong with a distribution. A RECORD that has lost lines is told by the wheel that it came from."""
    found = verifier.damages(one)
    if found or not one.ours:
        return found
    origin = find_origin(one, wheels, destination(environment), verifier)
    if origin is None or origin.recorded:
        return ()
    return (Damage(verifier.shown(f"{one.info}/RECORD"), "does not list all that was installed"),)


def wheels_for(layout: Layout, found: Iterable[Distribution]) -> tuple[StoredWheel, ...]:
    """The wheels of the store that some distributions may have come from; blocking."""
    folders = {one.installed.dist_info for one in found if one.ours}
    return tuple(wheel for wheel in iter_wheels(layout) if wheel.dist_info in folders) if folders else ()
