"""The toolchain of one command: index client, builder and interpreter, each made when first needed and closed once.

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
from anyio.abc import TaskGroup, TaskStatus

from interlock.core.manifests.manifest import ToolSettings
from interlock.core.names import NormalizedName
from interlock.workspace.build_hashes import BuildHashes
from interlock.workspace.context import Context

if TYPE_CHECKING:
    from interlock.build.environment import Provision
    from interlock.build.frontend import Builder
    from interlock.envs.interpreters import Interpreter
    from interlock.index.client import IndexClient

__all__ = ["Siblings", "Toolchain"]


class Siblings(Protocol):
    """Members that may be build requirements of other members."""

    async def wheels(self, names: Iterable[NormalizedName], builder: Builder, /) -> dict[NormalizedName, Path]:
        """Wheels of those of the names that are members, and of the members they need; built when they are not yet."""


class Toolchain:
    """What verbs work with; an async context manager, because it owns connections and processes."""

    def __init__(
        self, context: Context, provision: Callable[[Toolchain], Provision], *, tool: ToolSettings | None = None
    ) -> None:
        self.context = context
        self._provision = provision
        self.layout = context.layout
        self.tool = tool or ToolSettings()
        self.refresh = False
        """Whether moving references are looked up anew."""
        self.siblings: Siblings | None = None
        """The members of the workspace, as far as builds may require them."""
        self.source_date_epoch: int | None = None
        """The time builds shall see; set before the builder is first asked for, like the next one."""
        self.build_timeout: float | None = None
        self.build_hashes = BuildHashes()
        """What build requirements have to be."""
        self._arriving: dict[str, anyio.Lock] = {}
        self._stack = AsyncExitStack()
        self._client: IndexClient | None = None
        self._builder: Builder | None = None
        self._interpreter: Interpreter | None = None
        self._guard = anyio.Lock()
        self._closing = anyio.Event()
        self._tasks: TaskGroup | None = None

    def __repr__(self) -> str:
        return f"<Toolchain client={self._client!r}>"

    async def __aenter__(self) -> Toolchain:
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
    def client(self) -> IndexClient:
        if self._client is None:
            from interlock.workspace.client import open_client  # noqa: PLC0415 - see the module's docstring

            self._client = open_client(self.context)
            self._stack.push_async_callback(self._client.close)
        return self._client

    @property
    def started_client(self) -> IndexClient | None:
        """The client, if anything needed it."""
        return self._client

    def arriving(self, sha256: str) -> anyio.Lock:
        """Held while a wheel is fetched: environments, those of builds among them, want the same at the same time."""
        return self._arriving.setdefault(sha256, anyio.Lock())

    def use_interpreter(self, interpreter: Interpreter) -> None:
        """Build with the interpreter of the environment that is being made."""
        self._interpreter = interpreter

    async def interpreter(self) -> Interpreter:
        """The interpreter that builds; any that is at hand unless one was asked for."""
        if self._interpreter is None:
            from interlock.workspace.python import choose_interpreter  # noqa: PLC0415 - see the module's docstring

            context = self.context

            def choose() -> Interpreter:
                return choose_interpreter(context, start=context.start, root=None)

            self._interpreter = await anyio.to_thread.run_sync(choose)
        return self._interpreter

    async def builder(self) -> Builder:
        async with self._guard:
            if self._builder is None:
                from interlock.workspace.builder import make_builder  # noqa: PLC0415 - see the module's docstring

                builder = make_builder(
                    self.context,
                    self.tool,
                    await self.interpreter(),
                    self._provision(self),
                    source_date_epoch=self.source_date_epoch,
                    timeout=self.build_timeout,
                )
                assert self._tasks is not None
                self._builder = await self._tasks.start(self._host, builder)
        return self._builder

    async def _host(self, builder: Builder, *, task_status: TaskStatus[Builder]) -> None:
        """Hold the builder open: what owns tasks has to be entered and left by one and the same task."""
        async with builder:
            task_status.started(builder)
            await self._closing.wait()
