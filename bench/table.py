"""Every row of the benchmark."""

from __future__ import annotations

from bench.workload import Workload
from bench.workspace import Workspace

__all__ = ["ROWS"]

SIZES = (10, 50, 200, 800)
ESTATE = Workspace(members=38, estate=True)
LARGE = Workspace(members=800)
PEERS = ("interlock", "uv", "poetry", "pip")
COLD_LOCK = frozenset({"cache", "lock"})

ROWS = (
    Workload(
        name="check-800",
        title="lock --check, 800 members, nothing changed",
        workspace=LARGE,
        action="check",
        seed=("lock",),
        quick=True,
        reach=0.5,
        aim=0.2,
    ),
    Workload(
        name="change-800",
        title="lock after one member gains a dependency, 800 members",
        workspace=LARGE,
        action="lock",
        seed=("lock",),
        change="known",
        quick=True,
        reach=1.0,
        aim=0.5,
    ),
    Workload(
        name="newcomer-800",
        title="lock after one member gains a dependency new to the workspace, 800 members",
        workspace=LARGE,
        action="lock",
        seed=("lock",),
        change="newcomer",
    ),
    Workload(
        name="lock-warm",
        title="lock, warm cache, no lock, 38 members",
        workspace=ESTATE,
        action="lock",
        seed=("lock",),
        without=frozenset({"lock"}),
        quick=True,
        reach=4,
        aim=1.0,
    ),
    Workload(
        name="lock-cold",
        title="lock, cold cache, 38 members, 30 ms per response",
        workspace=ESTATE,
        action="lock",
        without=COLD_LOCK,
        delayed=True,
        quick=True,
        reach=2,
        aim=1.0,
    ),
    Workload(
        name="lock-dynamic",
        title="lock, cold cache, 60 members with dynamic versions",
        workspace=Workspace(members=60, dynamic=True),
        action="lock",
        without=COLD_LOCK,
        reach=0.15,
        aim=0.05,
    ),
    Workload(
        name="sync-cold",
        title="sync, cold cache, the estate's wheels",
        workspace=ESTATE,
        action="sync",
        seed=("lock",),
        without=frozenset({"cache", "environment"}),
        reach=1.3,
        aim=0.7,
    ),
    Workload(
        name="sync-warm",
        title="sync, warm cache, empty environment, the estate's wheels",
        workspace=ESTATE,
        action="sync",
        seed=("lock", "sync"),
        without=frozenset({"environment"}),
        quick=True,
        reach=3,
        aim=1.0,
    ),
    Workload(
        name="sync-noop",
        title="sync, nothing to do, the estate's wheels",
        workspace=ESTATE,
        action="sync",
        seed=("lock", "sync"),
        quick=True,
        reach=1.0,
        aim=0.5,
    ),
    Workload(
        name="sync-editable",
        title="sync --all-packages, first time, 200 editable members",
        workspace=Workspace(members=200, third_party=False),
        action="sync",
        seed=("lock",),
        without=frozenset({"cache", "environment"}),
        reach=0.15,
        aim=0.03,
    ),
    Workload(
        name="build-all",
        title="build --all-packages, sdist and wheel, 50 members",
        workspace=Workspace(members=50, third_party=False),
        action="build",
        seed=("lock",),
        without=frozenset({"cache", "dist"}),
        reach=0.15,
        aim=0.05,
    ),
    Workload(
        name="build-again",
        title="build --all-packages again, nothing changed",
        workspace=Workspace(members=50, third_party=False),
        action="build",
        seed=("lock", "build"),
        reach=0.02,
        aim=0.005,
    ),
    Workload(
        name="project-cold",
        title="cold lock of one project with the estate's packages, 30 ms per response",
        workspace=ESTATE,
        action="lock",
        tools=PEERS,
        without=COLD_LOCK,
        project=True,
        delayed=True,
        against="poetry",
        reach=0.1,
        aim=0.04,
    ),
    Workload(
        name="project-near",
        title="the same from an index that answers at once",
        workspace=ESTATE,
        action="lock",
        tools=PEERS,
        without=COLD_LOCK,
        project=True,
        against="poetry",
    ),
    *(
        Workload(
            name=f"{curve}-{size}",
            title=f"{title}, {size} members",
            workspace=Workspace(members=size),
            action="lock",
            seed=seed,
            without=without,
            change="known" if curve == "grow-change" else "",
            curve=curve,
        )
        for curve, title, seed, without in (
            ("grow-cold", "cold lock", (), COLD_LOCK),
            ("grow-warm", "warm lock without a lock", ("lock",), frozenset({"lock"})),
            ("grow-change", "lock after a one-member change", ("lock",), frozenset()),
        )
        for size in SIZES
    ),
)
