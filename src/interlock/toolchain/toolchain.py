"""The toolchain of one command: index client, repositories, builders and interpreter, each made when first needed.

What a tool is made of is loaded with it: most commands need one of the four, and many need none. All are closed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskGroup, TaskStatus

from interlock.core.manifests.manifest import ToolSettings
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index
from interlock.means import Means
from interlock.toolchain.build_hashes import BuildHashes

if TYPE_CHECKING:
    from interlock.build.environment import BuildEnvironment, Provision
    from interlock.build.frontend import Builder
    from interlock.envs.interpreters import Interpreter
    from interlock.git.checkout import Checkouts
    from interlock.index.upstream import Upstream
    from interlock.index.view import View
    from interlock.store.blobs import SecondLevel

__all__ = ["Siblings", "Toolchain", "ToolchainOptions", "Tools"]


class Siblings(Protocol):
    """Members that may be build requirements of other members."""

    async def wheels(self, names: Iterable[NormalizedName], builder: Builder, /) -> dict[NormalizedName, Path]:
        """Wheels of those of the names that are members, and of the members they need; built when they are not yet."""


class ToolchainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a command decides about its tools before it opens them."""

    tool: ToolSettings = ToolSettings()
    """The tool table of the workspace's root."""
    siblings: Siblings | None = None
    """The members of the workspace, as far as builds may require them."""
    build_hashes: BuildHashes = BuildHashes()
    """What build requirements have to be."""
    source_date_epoch: int | None = None
    """The time builds see."""
    build_timeout: float | None = None
    """Seconds for one hook."""
    asked_builds: set[str] = msgspec.field(default_factory=set)
    """The questions about build environments that were asked so far (:mod:`interlock.store.build_answers`)."""
    refresh: bool = False
    """Whether moving references are looked up anew."""


class Toolchain:
    """What verbs work with: the tools of the command, the interpreter that is built for, the indexes that are asked.

    A view: :meth:`on` and :meth:`asking` give others of the same tools, so nothing that is built for one interpreter
    can be taken for another, and no index is asked that was not named when the view was made.
    """

    def __init__(
        self,
        tools: Tools,
        interpreter: Interpreter | None = None,
        shared: BuildEnvironment | None = None,
        pinned: tuple[Index, ...] = (),
    ) -> None:
        self._tools = tools
        self._interpreter = interpreter
        self._shared = shared
        self._pinned = pinned
        self.means = tools.means
        self.layout = tools.means.layout
        self.options = tools.options

    def __repr__(self) -> str:
        python = self._interpreter.version if self._interpreter is not None else "any Python"
        return f"<Toolchain for {python}, {self._tools!r}>"

    def on(self, interpreter: Interpreter, shared: BuildEnvironment | None = None) -> Toolchain:
        """The same tools, building with this interpreter; what is not to be isolated is built in ``shared``."""
        return Toolchain(self._tools, interpreter, shared, self._pinned)

    def asking(self, indexes: Iterable[Index]) -> Toolchain:
        """The same tools, asking more indexes for what is pinned to them."""
        return Toolchain(self._tools, self._interpreter, self._shared, (*self._pinned, *indexes))

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The command's, and those of projects outside of the workspace."""
        return (*self.means.settings.resolving.indexes, *self._pinned)

    @property
    def client(self) -> View:
        return self._tools.client(self._pinned)

    @property
    def checkouts(self) -> Checkouts:
        return self._tools.checkouts

    def arriving(self, sha256: str) -> anyio.Lock:
        """Held while a wheel is fetched: environments, those of builds among them, want the same at the same time."""
        return self._tools.arriving.setdefault(sha256, anyio.Lock())

    async def interpreter(self) -> Interpreter:
        """The interpreter that builds; any that is at hand unless one was asked for."""
        return self._interpreter if self._interpreter is not None else await self._tools.interpreter()

    async def builder(self) -> Builder:
        return await self._tools.builder(await self.interpreter(), self._shared)


_Key = tuple[str, str, str, "BuildEnvironment | None"]


class Tools:
    """Owner of connections and processes; an async context manager.

    ``start`` is where the command was started: an interpreter that nobody asked for is chosen as it would be there.
    """

    def __init__(
        self, means: Means, start: Path, options: ToolchainOptions, provision: Callable[[Toolchain], Provision]
    ) -> None:
        self.means = means
        self._start = start
        self.options = options
        self.arriving: dict[str, anyio.Lock] = {}
        self._provision = provision
        self._stack = AsyncExitStack()
        self._upstream: Upstream | None = None
        self._views: dict[tuple[Index, ...], View] = {}
        self._builders: dict[_Key, Builder] = {}
        self._interpreter: Interpreter | None = None
        self._guard = anyio.Lock()
        self._closing = anyio.Event()
        self._tasks: TaskGroup | None = None

    def __repr__(self) -> str:
        return f"<Tools upstream={self._upstream!r} builders={len(self._builders)}>"

    async def __aenter__(self) -> Tools:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._tasks is not None
        self._closing.set()
        try:
            # What went wrong in the body is its own affair; the group is only told that it is over.
            await self._tasks.__aexit__(None, None, None)
        finally:
            with anyio.CancelScope(shield=True):
                await self._stack.aclose()

    def client(self, pinned: tuple[Index, ...]) -> View:
        """The indexes of the command, and those that are asked only for what is pinned to them."""
        if pinned not in self._views:
            from interlock.toolchain.client import open_upstream, open_view  # noqa: PLC0415 - see the module's docstring

            if self._upstream is None:
                self._upstream = open_upstream(self.means)
                self._stack.push_async_callback(self._upstream.close)
            self._views[pinned] = open_view(self.means, self._upstream, pinned)
        return self._views[pinned]

    @cached_property
    def second(self) -> SecondLevel | None:
        """Where results of builds are shared, if they are."""
        from interlock.toolchain.shared import open_shared  # noqa: PLC0415 - see the module's docstring

        opened = open_shared(self.means)
        if opened is None:
            return None
        self._stack.push_async_callback(opened.cache.close)
        if opened.claims is not None:
            assert self._tasks is not None
            self._tasks.start_soon(opened.claims.live, self._closing)
        return opened.second

    @cached_property
    def checkouts(self) -> Checkouts:
        """The repositories in the store, and what is checked out of them."""
        from interlock.toolchain.repositories import open_checkouts  # noqa: PLC0415 - see the module's docstring

        return open_checkouts(self.means, refresh=self.options.refresh)

    async def interpreter(self) -> Interpreter:
        """Any interpreter that is at hand, for what does not depend on it."""
        if self._interpreter is None:
            from interlock.toolchain.python import (  # noqa: PLC0415 - see the module's docstring
                choose_interpreter,
                pythons_of,
            )

            def choose() -> Interpreter:
                return choose_interpreter(pythons_of(self.means, self._start), start=self._start, root=None)

            self._interpreter = await anyio.to_thread.run_sync(choose)
        return self._interpreter

    async def builder(self, interpreter: Interpreter, shared: BuildEnvironment | None) -> Builder:
        """The builder for an interpreter, whichever of its environments that is the python of."""
        key = (interpreter.base_executable, interpreter.version, next(iter(interpreter.tags), ""), shared)
        async with self._guard:
            if key not in self._builders:
                from interlock.toolchain.builder import make_builder  # noqa: PLC0415 - see the module's docstring

                provision = self._provision(Toolchain(self, interpreter, shared))
                builder = make_builder(self.means, self.options, interpreter, provision, shared, self.second)
                assert self._tasks is not None
                self._builders[key] = await self._tasks.start(self._host, builder)
        return self._builders[key]

    async def _host(self, builder: Builder, *, task_status: TaskStatus[Builder]) -> None:
        """Hold the builder open: what owns tasks has to be entered and left by one and the same task."""
        async with builder:
            task_status.started(builder)
            await self._closing.wait()
