"""The toolchain of one command: index client, builders and interpreter, each made when first needed and closed once.

What a tool is made of is loaded with it: most commands need one of the three, and many need none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
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
from interlock.toolchain.build_hashes import BuildHashes
from interlock.workspace.context import Context

if TYPE_CHECKING:
    from interlock.build.environment import BuildEnvironment, Provision
    from interlock.build.frontend import Builder
    from interlock.envs.interpreters import Interpreter
    from interlock.index.view import View

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
    refresh: bool = False
    """Whether moving references are looked up anew."""


class Toolchain:
    """What verbs work with: the tools of the command, and the interpreter that is built for.

    A view: :meth:`on` gives another one of the same tools for another interpreter, so nothing that is built for one can
    be taken for another.
    """

    def __init__(
        self, tools: Tools, interpreter: Interpreter | None = None, shared: BuildEnvironment | None = None
    ) -> None:
        self._tools = tools
        self._interpreter = interpreter
        self._shared = shared
        self.layout = tools.context.layout
        self.options = tools.options

    def __repr__(self) -> str:
        python = self._interpreter.version if self._interpreter is not None else "any Python"
        return f"<Toolchain for {python}, {self._tools!r}>"

    def on(self, interpreter: Interpreter, shared: BuildEnvironment | None = None) -> Toolchain:
        """The same tools, building with this interpreter; what is not to be isolated is built in ``shared``."""
        return Toolchain(self._tools, interpreter, shared)

    @property
    def context(self) -> Context:
        """The command's, with the indexes of projects outside of the workspace that were admitted."""
        return self._tools.context

    @property
    def client(self) -> View:
        return self._tools.client

    def admit(self, indexes: Iterable[Index]) -> None:
        """Let the client ask more indexes, for what is pinned to them."""
        self._tools.admit(indexes)

    def arriving(self, sha256: str) -> anyio.Lock:
        """Held while a wheel is fetched: environments, those of builds among them, want the same at the same time."""
        return self._tools.arriving.setdefault(sha256, anyio.Lock())

    async def interpreter(self) -> Interpreter:
        """The interpreter that builds; any that is at hand unless one was asked for."""
        if self._interpreter is None:
            self._interpreter = await self._tools.interpreter()
        return self._interpreter

    async def builder(self) -> Builder:
        return await self._tools.builder(await self.interpreter(), self._shared)


_Key = tuple[str, str, str, "BuildEnvironment | None"]


class Tools:
    """Owner of connections and processes; an async context manager."""

    def __init__(
        self, context: Context, options: ToolchainOptions, provision: Callable[[Toolchain], Provision]
    ) -> None:
        self.context = context
        self.options = options
        self.arriving: dict[str, anyio.Lock] = {}
        self._provision = provision
        self._stack = AsyncExitStack()
        self._client: View | None = None
        self._builders: dict[_Key, Builder] = {}
        self._interpreter: Interpreter | None = None
        self._guard = anyio.Lock()
        self._closing = anyio.Event()
        self._tasks: TaskGroup | None = None

    def __repr__(self) -> str:
        return f"<Tools client={self._client!r} builders={len(self._builders)}>"

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

    @property
    def client(self) -> View:
        if self._client is None:
            from interlock.toolchain.client import open_upstream, open_view  # noqa: PLC0415 - see the module's docstring

            upstream = open_upstream(self.context)
            self._stack.push_async_callback(upstream.close)
            self._client = open_view(self.context, upstream)
        return self._client

    def admit(self, indexes: Iterable[Index]) -> None:
        """Let the client ask more indexes, for what is pinned to them."""
        more = tuple(indexes)
        if more:
            settings = self.context.settings
            settings = msgspec.structs.replace(settings, indexes=(*settings.indexes, *more))
            self.context = msgspec.structs.replace(self.context, settings=settings)
            if self._client is not None:
                self._client.admit(more)

    async def interpreter(self) -> Interpreter:
        """Any interpreter that is at hand, for what does not depend on it."""
        if self._interpreter is None:
            from interlock.toolchain.python import choose_interpreter  # noqa: PLC0415 - see the module's docstring

            context = self.context

            def choose() -> Interpreter:
                return choose_interpreter(context, start=context.start, root=None)

            self._interpreter = await anyio.to_thread.run_sync(choose)
        return self._interpreter

    async def builder(self, interpreter: Interpreter, shared: BuildEnvironment | None) -> Builder:
        """The builder for an interpreter, whichever of its environments that is the python of."""
        key = (interpreter.base_executable, interpreter.version, next(iter(interpreter.tags), ""), shared)
        async with self._guard:
            if key not in self._builders:
                from interlock.toolchain.builder import make_builder  # noqa: PLC0415 - see the module's docstring

                provision = self._provision(Toolchain(self, interpreter, shared))
                builder = make_builder(self.context, self.options, interpreter, provision, shared)
                assert self._tasks is not None
                self._builders[key] = await self._tasks.start(self._host, builder)
        return self._builders[key]

    async def _host(self, builder: Builder, *, task_status: TaskStatus[Builder]) -> None:
        """Hold the builder open: what owns tasks has to be entered and left by one and the same task."""
        async with builder:
            task_status.started(builder)
            await self._closing.wait()
