"""An environment, a store, and wheels that go from one to the other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.core.artifacts.artifact import Artifact
from interlock.core.names import normalize_name
from interlock.core.plan.plan import Installed, Plan, Step, Wanted
from interlock.core.sources.source import Registry
from interlock.envs.environments import VirtualEnvironment, create_environment
from interlock.envs.installed import scan
from interlock.envs.interpreters import Interpreter, query_interpreter
from interlock.events import Event
from interlock.install.transaction import Applied, Options, apply
from interlock.store.archives import StoredWheel, add_wheel, open_wheel
from interlock.store.layout import Layout
from tests.wheels import Built

__all__ = ["Machine"]


class Machine:
    """What a sync would do, without a workspace: installs built wheels into one environment."""

    def __init__(self, environment: VirtualEnvironment, layout: Layout) -> None:
        self.environment = environment
        self.layout = layout
        self.site = Path(environment.purelib)
        self.scripts = Path(environment.scripts)
        self.events: list[Event] = []
        self.wheels: dict[str, Built] = {}
        self.obtained: list[str] = []

    def report(self, event: Event, /) -> None:
        self.events.append(event)

    def wanted(self, built: Built) -> Wanted:
        return Wanted(
            name=normalize_name(built.name),
            version=built.version,
            source=Registry("pypi"),
            artifact=Artifact(filename=built.filename, sha256=built.sha256),
        )

    def look(self, wanted: Wanted) -> StoredWheel | None:
        assert wanted.artifact is not None
        return open_wheel(self.layout, wanted.artifact.sha256)

    async def obtain(self, wanted: Wanted) -> StoredWheel:
        assert wanted.artifact is not None
        self.obtained.append(wanted.name)
        known = open_wheel(self.layout, wanted.artifact.sha256)
        if known is not None:
            return known
        built = self.wheels[wanted.artifact.sha256]
        return add_wheel(self.layout, built.data, filename=built.filename, sha256=wanted.artifact.sha256)

    def plan(self, *built: Built, remove: tuple[str, ...] = (), only: Callable[[Wanted], Wanted] | None = None) -> Plan:
        present = {found.name: found for found in scan(self.environment)}
        steps = []
        for one in built:
            self.wheels[one.sha256] = one
            wanted = self.wanted(one)
            wanted = only(wanted) if only is not None else wanted
            steps.append(Step(wanted=wanted, replaces=present.get(wanted.name)))
        gone = tuple(present[normalize_name(name)] for name in remove)
        return Plan(tuple(steps), gone)

    async def install(self, *built: Built, remove: tuple[str, ...] = (), options: Options | None = None) -> Applied:
        plan = self.plan(*built, remove=remove)
        return await apply(plan, self.environment, self.obtain, options, self, look=self.look)

    def installed(self) -> dict[str, str]:
        return {found.name: found.version for found in scan(self.environment)}

    def found(self, name: str) -> Installed:
        return next(found for found in scan(self.environment) if found.name == name)

    def files(self) -> dict[str, bytes]:
        """Everything in the environment but our notes."""
        root = self.environment.root
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and not path.is_symlink() and ".interlock" not in path.relative_to(root).parts
        }

    def in_site(self) -> set[str]:
        return {path.relative_to(self.site).as_posix() for path in self.site.rglob("*") if not path.is_dir()}


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return query_interpreter(sys.executable, tmp_path_factory.mktemp("remembered"))


@pytest.fixture
def machine(tmp_path: Path, interpreter: Interpreter) -> Machine:
    return Machine(create_environment(tmp_path / "env", interpreter), Layout(tmp_path / "store"))
