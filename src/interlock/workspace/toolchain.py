"""The toolchain of one command: index client, builder and interpreter, each made when first needed and closed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import TaskGroup, TaskStatus

from interlock.build.environment import Provision
from interlock.build.frontend import Builder, BuildLimits, BuildOptions
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.names import NormalizedName
from interlock.core.requirements import format_requirement
from interlock.envs.interpreters import Interpreter
from interlock.index.auth import CredentialSources
from interlock.index.client import ClientOptions, IndexClient
from interlock.index.fetcher import FetchOptions
from interlock.index.retry import RetryPolicy
from interlock.index.transport import open_fetcher
from interlock.workspace.build_hashes import BuildHashes
from interlock.workspace.context import Context
from interlock.workspace.keyring import open_keyring
from interlock.workspace.python import choose_interpreter

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
            settings, environ = self.context.settings, self.context.environ
            fetcher = open_fetcher(
                FetchOptions(
                    connect_timeout=min(settings.http_timeout, 10.0),
                    read_timeout=settings.http_timeout,
                    ca_bundle=settings.ca_bundle,
                    client_cert=settings.client_cert,
                    insecure_hosts=settings.insecure_hosts,
                    http_proxy=_proxy(environ, "http_proxy"),
                    https_proxy=_proxy(environ, "https_proxy"),
                    no_proxy=_proxy(environ, "no_proxy"),
                )
            )
            self._client = IndexClient(
                settings.indexes,
                options=ClientOptions(
                    now=self.context.now.timestamp(),
                    offline=settings.offline,
                    strategy=settings.index_strategy,
                    retry=RetryPolicy(retries=settings.http_retries),
                    per_host=settings.concurrent_downloads,
                ),
                fetcher=fetcher,
                layout=self.layout,
                credentials=CredentialSources(
                    named=settings.credentials,
                    netrc=settings.netrc,
                    keyring=open_keyring(settings.keyring_provider, environ),
                ),
                reporter=self.context.reporter,
            )
            self._stack.push_async_callback(self._client.close)
        return self._client

    @property
    def started_client(self) -> IndexClient | None:
        """The client, if anything needed it."""
        return self._client

    def use_interpreter(self, interpreter: Interpreter) -> None:
        """Build with the interpreter of the environment that is being made."""
        self._interpreter = interpreter

    async def interpreter(self) -> Interpreter:
        """The interpreter that builds; any that is at hand unless one was asked for."""
        if self._interpreter is None:
            context = self.context

            def choose() -> Interpreter:
                return choose_interpreter(context, start=context.start, root=None)

            self._interpreter = await anyio.to_thread.run_sync(choose)
        return self._interpreter

    async def builder(self) -> Builder:
        async with self._guard:
            if self._builder is None:
                interpreter = await self.interpreter()
                settings, tool = self.context.settings, self.tool
                builder = Builder(
                    self.layout,
                    provision=self._provision(self),
                    environ=self.context.environ,
                    limits=self._limits(settings.concurrent_builds),
                    options=BuildOptions(
                        interpreter=f"{interpreter.implementation} {interpreter.version} {interpreter.tags[0]}",
                        config_settings=tool.config_settings,
                        config_settings_package=tool.config_settings_package,
                        extra_requires={
                            name: tuple(format_requirement(requirement) for requirement in requirements)
                            for name, requirements in tool.extra_build_dependencies.items()
                        },
                        source_date_epoch=self.source_date_epoch,
                    ),
                    reporter=self.context.reporter,
                )
                assert self._tasks is not None
                self._builder = await self._tasks.start(self._host, builder)
        return self._builder

    def _limits(self, concurrency: int) -> BuildLimits:
        limits = BuildLimits(concurrency=concurrency)
        return limits if self.build_timeout is None else msgspec.structs.replace(limits, timeout=self.build_timeout)

    async def _host(self, builder: Builder, *, task_status: TaskStatus[Builder]) -> None:
        """Hold the builder open: what owns tasks has to be entered and left by one and the same task."""
        async with builder:
            task_status.started(builder)
            await self._closing.wait()


def _proxy(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""
