"""What the locked packages offer to those who import: from the store, else from the end of a wheel on an index."""

from __future__ import annotations

from collections.abc import Iterable

import anyio
import anyio.to_thread

from interlock.context import Context
from interlock.core.artifacts.artifact import Artifact
from interlock.core.imports.modules import Modules, modules_of
from interlock.core.lock.model import Lock, LockedPackage
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Registry
from interlock.errors import InterlockError
from interlock.ops.imports.memory import Memory
from interlock.ops.tools import open_toolchain, options_of
from interlock.store.archives import StoredWheel, open_wheel
from interlock.toolchain.toolchain import Toolchain
from interlock.workspace.members import Workspace

__all__ = ["Offered"]

_ENTRY_POINTS = "entry_points.txt"
_COMMANDS = frozenset({"console_scripts", "gui_scripts"})


class Offered:
    """Looks up each package once; those of which nothing can be known are in no answer."""

    def __init__(self, context: Context, workspace: Workspace, lock: Lock, memory: Memory) -> None:
        self._context = context
        self._workspace = workspace
        self._packages: dict[NormalizedName, list[LockedPackage]] = {}
        for package in lock.packages:
            self._packages.setdefault(package.name, []).append(package)
        self._memory = memory
        self._known: dict[NormalizedName, Modules | None] = {}

    def __repr__(self) -> str:
        return f"<Offered by {len(self._packages)}>"

    @property
    def names(self) -> frozenset[NormalizedName]:
        """All packages that are locked."""
        return frozenset(self._packages)

    async def of(self, names: Iterable[NormalizedName]) -> dict[NormalizedName, Modules]:
        """By name, as far as it can be known; no network where everything is known already."""
        wanted = sorted(name for name in set(names) & self.names if name not in self._known)
        await anyio.to_thread.run_sync(self._from_store, wanted)
        missing = [name for name in wanted if self._known.get(name) is None]
        if missing:
            options = options_of(self._workspace, self._workspace.settings)
            async with open_toolchain(self._context, options) as toolchain, anyio.create_task_group() as group:
                for name in missing:
                    group.start_soon(self._from_index, toolchain, name)
        return {name: found for name in sorted(names) if (found := self._known.get(name)) is not None}

    def _from_store(self, names: Iterable[NormalizedName]) -> None:
        for name in names:
            found = [self._stored(package) for package in self._packages[name]]
            self._known[name] = _joined([modules for modules in found if modules is not None])

    def _stored(self, package: LockedPackage) -> Modules | None:
        wheels = [artifact for artifact in package.artifacts if artifact.is_wheel and artifact.sha256]
        for artifact in wheels:
            if artifact.sha256 in self._memory.modules:
                return self._memory.modules[artifact.sha256]
        for artifact in wheels:
            wheel = open_wheel(self._context.means.layout, artifact.sha256)
            if wheel is not None:
                found = self._memory.modules[artifact.sha256] = _of_stored(wheel)
                return found
        return None

    async def _from_index(self, toolchain: Toolchain, name: NormalizedName) -> None:
        found = []
        for package in self._packages[name]:
            artifact = _smallest(package.artifacts)
            if artifact is None or not isinstance(package.source, Registry):
                continue
            try:
                files = await toolchain.client.wheel_files(name, package.source.index, artifact)
            except InterlockError:
                continue
            if files is not None:
                modules = modules_of(files, plugin=any(file.endswith(f".dist-info/{_ENTRY_POINTS}") for file in files))
                self._memory.modules[artifact.sha256] = modules
                found.append(modules)
        self._known[name] = _joined(found)


def _smallest(artifacts: Iterable[Artifact]) -> Artifact | None:
    """The wheel that stands for all: they offer the same modules on every platform, as good as always."""
    wheels = [artifact for artifact in artifacts if artifact.is_wheel and artifact.sha256]
    return min(wheels, key=lambda artifact: (artifact.size or 0, artifact.filename), default=None)


def _of_stored(wheel: StoredWheel) -> Modules:
    commands = [point.name for point in wheel.entry_points]
    return modules_of((file.path for file in wheel.files), commands=commands, plugin=_is_plugin(wheel))


def _is_plugin(wheel: StoredWheel) -> bool:
    """Whether it has entry points other than commands."""
    place = f"{wheel.dist_info}/{_ENTRY_POINTS}"
    if not any(file.path == place for file in wheel.files):
        return False
    lines = (line.strip() for line in wheel.read(place).decode("utf-8", "replace").splitlines())
    return any(line.startswith("[") and line[1:].partition("]")[0].strip() not in _COMMANDS for line in lines)


def _joined(found: list[Modules]) -> Modules | None:
    """What several versions of a package offer together."""
    if len(found) < 2:
        return found[0] if found else None
    return Modules(
        names=tuple(sorted({name for modules in found for name in modules.names})),
        stubs=tuple(sorted({name for modules in found for name in modules.stubs})),
        plugin=any(modules.plugin for modules in found),
        commands=tuple(sorted({name for modules in found for name in modules.commands})),
    )
