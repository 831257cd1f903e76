"""Calling a backend's hooks for one source tree: provisioning, logs, and results turned into values or errors."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import msgspec

from interlock.build.environment import BuildEnvironment
from interlock.build.failures import BackendFailed, BackendUnavailable, BuildTimeout, HookMissing, InvalidBuildResult
from interlock.build.results import Results
from interlock.build.server import HookCall, HookResult, HookServers
from interlock.build.source_tree import SourceTree
from interlock.core.manifests.manifest import BuildSystem

__all__ = ["MISSING", "Hooks"]

_SHOWN_LINES = 20
_TRACE = "Traceback (most recent call last):\n"


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
"""The backend has no such hook; distinct from every value a hook can return."""


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """The means to call hooks, shared by all builds of a command."""

    servers: HookServers
    results: Results
    limiter: anyio.CapacityLimiter
    folder: Path
    """For files that live as long as a call."""
    timeout: float

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """An empty folder on the store's file system, gone afterwards."""
        folder = self.folder / os.urandom(8).hex()
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def call(
        self,
        source: SourceTree,
        system: BuildSystem,
        hook: str,
        args: tuple[object, ...],
        *,
        environment: BuildEnvironment,
        environ: Mapping[str, str],
    ) -> object:
        """Run one hook; its value, or :data:`MISSING`.

        Raises a family of :class:`BuildError`, and :class:`OSError` where the disk that the backend writes to is full.
        """
        async with self.scratch() as scratch:
            log = scratch / "hook.log"
            log.touch()
            call = HookCall(
                hook=hook,
                tree=os.fspath(source.path),
                backend=system.backend,
                backend_path=system.backend_path,
                args=args,
                log=os.fspath(log),
            )
            try:
                async with self.limiter:
                    result = await self.servers.call(environment, call, environ=environ, timeout=self.timeout)
            except OSError as error:
                raise BackendUnavailable(
                    f"The interpreter {environment.python} cannot be started to build {source.label}: {error}."
                ) from error
            if result.kind == "value":
                return result.value
            if result.kind == "missing-hook":
                return MISSING
            if result.full is not None:
                raise _no_room(*result.full, (scratch, source.path))
            raise self._failure(source, system, hook, result, log)

    def _failure(
        self, source: SourceTree, system: BuildSystem, hook: str, result: HookResult, log: Path
    ) -> BackendFailed | BackendUnavailable | BuildTimeout | HookMissing | InvalidBuildResult:
        if result.kind == "garbage":
            return InvalidBuildResult(f"{hook} of {source.label} returned what it may not: {result.message}.")
        if result.kind == "unsupported":
            return HookMissing(f"The backend {system.backend} does not support {hook} for {source.label}.")
        text = log.read_text(encoding="utf-8", errors="replace")
        lines = [line for line in text.splitlines() if line.strip()][-_SHOWN_LINES:]
        kept = self.results.keep_log(log, source.label, hook)
        facts: dict[str, object] = {
            "package": source.label,
            "hook": hook,
            "backend": system.backend,
            "log": os.fspath(kept),
            "lines": lines,
        }
        hint = f"The full log is {kept}"
        shown = "\n".join(["", *lines])
        if result.kind == "timeout":
            return BuildTimeout(
                f"{hook} of {source.label} took longer than {self.timeout:g} seconds and was ended.{shown}",
                hint=hint,
                facts=facts,
            )
        if result.kind == "unavailable":
            return BackendUnavailable(
                f"The build backend `{system.backend}` of {source.label} cannot be imported: {result.message}",
                hint="Is everything the backend needs named in `requires` of [build-system]?",
                facts=facts,
            )
        why = _why(result)
        if result.message:
            shown = "\n".join(["", *_before_the_trace(text, os.fspath(source.path))])
        return BackendFailed(
            f"The build backend of {source.label} failed in {hook}: {why}{shown}", hint=hint, facts=facts
        )


def _no_room(number: int, path: str, places: Sequence[Path]) -> OSError:
    """Of what the backend wrote, or if it does not say what, of the place with the least room of those it writes to."""
    with suppress(OSError):
        path = path or os.fspath(min(places, key=lambda place: shutil.disk_usage(place).free))
    return OSError(number, os.strerror(number), path or os.fspath(places[0]))


def _before_the_trace(text: str, tree: str) -> list[str]:
    """The last lines of a log whose end is an exception that is told already; of its stack what is in the tree."""
    said, trace, stack = text.rpartition(_TRACE)
    if not trace:
        said, stack = text, ""
    lines = [line for line in said.splitlines() if line.strip()][-_SHOWN_LINES:]
    return lines + [line for line in stack.splitlines() if line.lstrip().startswith(f'File "{tree}')]


def _why(result: HookResult) -> str:
    if result.kind == "exited":
        return f"it ended with SystemExit({result.status!r})."
    if result.kind == "died" and result.signal is not None:
        return f"its process was killed by signal {result.signal}."
    if result.kind == "died":
        return f"its process ended with status {result.status} without an answer."
    if result.kind == "lost":
        return f"its interpreter is gone. {result.message}".strip()
    return result.message or result.kind
