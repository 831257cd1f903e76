"""The build frontend: source trees to metadata, wheels, editable wheels and source archives (PEP 517, PEP 660).

Everything a backend says is stored under the digest of what went in, so the same tree is built once; hooks run in
servers (``server.py``) that are shared by all trees with the same build requirements.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import anyio
import anyio.lowlevel
import anyio.to_thread
import msgspec

from interlock.build.declared import Declared, read_declared
from interlock.build.digest import build_digest
from interlock.build.environment import BuildEnvironment, Provision, hook_environ
from interlock.build.failures import BackendFailed, BackendUnavailable, HookMissing
from interlock.build.hooks import MISSING, Hooks
from interlock.build.inputs import Inputs, decisive_variables, read_inputs
from interlock.build.needs import Needs
from interlock.build.options import BuildLimits, BuildOptions
from interlock.build.produced import (
    check_identity,
    check_requirements,
    check_sdist,
    check_wheel,
    fits,
    prepared_metadata,
)
from interlock.build.results import BuildResult, Results
from interlock.build.revision import Revisions
from interlock.build.server import HookServers
from interlock.build.sharing import Asked, SharedResults, build_alone
from interlock.build.source_tree import SourceTree
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName
from interlock.events import SILENT, Advanced, Phase, Reporter
from interlock.store.blobs import SecondLevel
from interlock.store.layout import Layout
from interlock.store.replace import copy_file

__all__ = ["Builder", "Kind"]

Kind = Literal["metadata", "wheel", "editable", "sdist"]
ConfigSettings = Mapping[str, str | list[str]]


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    """One build, all its inputs settled."""

    kind: Kind
    source: SourceTree
    declared: Declared
    requires: tuple[str, ...]
    settings: ConfigSettings
    variables: dict[str, str]
    digest: str
    """Empty when the result must not be stored."""


class Builder:
    """Builds source trees; an async context manager, because it owns processes."""

    def __init__(
        self,
        layout: Layout,
        *,
        provision: Provision,
        environ: Mapping[str, str],
        limits: BuildLimits | None = None,
        options: BuildOptions | None = None,
        reporter: Reporter = SILENT,
        second: SecondLevel | None = None,
    ) -> None:
        """``second``: where others' results may be, and what is built here is given to."""
        self._layout = layout
        self._provision = provision
        # The process's own is decoded anew by every look.
        self._environ = dict(environ)
        self._limits = limits or BuildLimits()
        self._options = options or BuildOptions()
        self._reporter = reporter
        self._results = Results(layout)
        self._shared = (
            None if second is None else SharedResults(self._results, layout, second, self._limits.concurrency)
        )
        self._revisions = Revisions(self._environ)
        self._decisive = decisive_variables(self._environ)
        self._trees: dict[Path, anyio.Lock] = {}
        self._needs = Needs()
        self._jobs: dict[str, anyio.Lock] = {}
        self._settled: dict[tuple[Kind, SourceTree], _Job] = {}
        self._stack = AsyncExitStack()
        self._hooks: Hooks | None = None
        self.calls = 0
        """Hooks called so far; what came from the store is not counted."""

    async def __aenter__(self) -> Self:
        # Digests can be told where nothing can be stored.
        folder = self._layout.temporary_directory(anywhere=True)
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        servers = HookServers(folder, most=self._limits.servers, fork=self._limits.fork)
        await self._stack.enter_async_context(servers)
        self._hooks = Hooks(
            servers=servers,
            results=self._results,
            limiter=anyio.CapacityLimiter(self._limits.concurrency),
            folder=folder,
            timeout=self._limits.timeout,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hooks = None
        await self._stack.aclose()

    def is_isolated(self, name: str | None) -> bool:
        return name not in self._options.not_isolated

    async def metadata(self, source: SourceTree, *, config_settings: ConfigSettings | None = None) -> Metadata:
        """The core metadata a wheel of this tree would have; static where the standards allow, else asked for once."""
        declared = read_declared(source)
        if declared.static is not None:
            check_identity(declared.static, source, declared, f"pyproject.toml of {source.label}")
            return declared.static
        result, _ = await self._run("metadata", source, declared, config_settings)
        assert result.metadata is not None
        return result.metadata

    async def digest(self, kind: Kind, source: SourceTree) -> str:
        """The digest of all that a build would depend on; empty when it cannot be known. Nothing is built."""
        return (await self._job(kind, source, read_declared(source), None)).digest

    async def digests(self, wanted: Sequence[tuple[Kind, SourceTree]]) -> list[str]:
        """The same for many. The small ones are read one after the other: to hand each to a thread takes longer."""

        def read() -> list[tuple[Declared, Inputs | None]]:
            found = []
            for kind, source in wanted:
                declared = read_declared(source)
                narrow = _is_narrow(kind, declared)
                found.append((declared, self._read(source, declared, narrow=True) if narrow else None))
            return found

        digests = [""] * len(wanted)

        async def one(number: int, declared: Declared, inputs: Inputs | None) -> None:
            kind, source = wanted[number]
            # Should the tree change before it is built, the look at it afterwards shows.
            job = self._settled[kind, source] = await self._job(kind, source, declared, None, inputs)
            digests[number] = job.digest

        looked = await anyio.to_thread.run_sync(read)
        async with anyio.create_task_group() as group:
            for number, (declared, inputs) in enumerate(looked):
                if inputs is not None:
                    await one(number, declared, inputs)
                else:
                    group.start_soon(one, number, declared, inputs)
        return digests

    def _read(self, source: SourceTree, declared: Declared, *, narrow: bool) -> Inputs:
        return read_inputs(self._layout, source, declared, self._environ, narrow)

    def is_of(self, path: Path, digest: str) -> bool:
        """Whether a file in the store is stored as what inputs of this digest give."""
        return bool(digest) and path == self._results.path(digest, BuildResult(filename=path.name))

    async def wheel(
        self, source: SourceTree, *, out: Path | None = None, config_settings: ConfigSettings | None = None
    ) -> Path:
        """Build a wheel; its path in the store, or in ``out`` when that is given."""
        return await self._file("wheel", source, out, config_settings)

    async def editable(
        self, source: SourceTree, *, out: Path | None = None, config_settings: ConfigSettings | None = None
    ) -> Path:
        """Build a wheel that makes this very tree importable (PEP 660)."""
        return await self._file("editable", source, out, config_settings)

    async def sdist(
        self, source: SourceTree, *, out: Path | None = None, config_settings: ConfigSettings | None = None
    ) -> Path:
        """Build a source archive."""
        return await self._file("sdist", source, out, config_settings)

    async def prepare(self, kind: Kind, source: SourceTree) -> None:
        """Have the environment that building takes, without building."""
        await self._prepared(await self._job(kind, source, read_declared(source), None), kind)

    async def _file(self, kind: Kind, source: SourceTree, out: Path | None, settings: ConfigSettings | None) -> Path:
        job = self._settled.pop((kind, source), None) if settings is None else None
        result, path = await self._run(kind, source, job or read_declared(source), settings)
        assert path is not None
        if out is None:
            return path
        return await anyio.to_thread.run_sync(copy_file, path, out / result.filename)

    async def _run(
        self, kind: Kind, source: SourceTree, known: _Job | Declared, settings: ConfigSettings | None
    ) -> tuple[BuildResult, Path | None]:
        self._needs.enter(_step(source))
        job = known if isinstance(known, _Job) else await self._job(kind, source, known, settings)
        if not job.digest:
            return await self._build(job)
        asked = Asked(
            digest=job.digest,
            lock=self._jobs.setdefault(job.digest, anyio.Lock()),
            stored=partial(self._stored, job.digest),
            fits=partial(fits, job.kind, job.source, job.declared),
            build=partial(self._build, job),
            is_needed=self._needs.is_under_way,
        )
        # An editable wheel is of this machine alone.
        shared = self._shared if job.kind != "editable" else None
        return await (build_alone(asked) if shared is None else shared.get(asked))

    def _stored(self, digest: str) -> tuple[BuildResult, Path | None] | None:
        found = self._results.load(digest)
        if found is None:
            return None
        return found, self._results.path(digest, found) if found.filename else None

    async def _job(
        self,
        kind: Kind,
        source: SourceTree,
        declared: Declared,
        settings: ConfigSettings | None,
        inputs: Inputs | None = None,
    ) -> _Job:
        options = self._options
        name = declared.name or NormalizedName("")
        merged = {**options.config_settings, **options.config_settings_package.get(name, {}), **(settings or {})}
        variables = options.variables.get(name, {})
        requires = (*declared.system.requires, *options.extra_requires.get(name, ()))
        if inputs is None and _is_narrow(kind, declared):
            # One small file, mostly.
            inputs = self._read(source, declared, narrow=True)
        elif inputs is None:
            inputs = await anyio.to_thread.run_sync(partial(self._read, narrow=False), source, declared)
        revision = await self._revisions.state(source.path) if inputs.reads_revision else ""
        digest = ""
        if revision is not None and self.is_isolated(name):
            digest = build_digest(
                kind,
                inputs.content,
                {
                    "system": declared.system,
                    "requires": requires,
                    "settings": merged,
                    "interpreter": options.interpreter,
                    "revision": revision,
                    "name": [source.name, source.version],
                    "epoch": options.source_date_epoch,
                    "ingredients": source.ingredients,
                    "keys": inputs.keys,
                    # An editable wheel holds the path of its tree.
                    "place": os.fspath(source.path) if kind == "editable" else "",
                },
                sorted(self._decisive | inputs.variables | set(variables.items())),
            )
        return _Job(
            kind=kind,
            source=source,
            declared=declared,
            requires=requires,
            settings=merged,
            variables=variables,
            digest=digest,
        )

    async def _build(self, job: _Job) -> tuple[BuildResult, Path | None]:
        self._layout.prepare()
        step = _step(job.source)
        phase: Phase = "metadata" if job.kind == "metadata" else "build"
        self._reporter.report(Advanced(phase, step, done=False))
        # Backends write into their tree (egg-info, build/): one at a time in each.
        with self._needs.under_way(step):
            async with self._trees.setdefault(job.source.path, anyio.Lock()):
                built = await self._call_hooks(job)
        self._reporter.report(Advanced(phase, step))
        return built

    async def _call_hooks(self, job: _Job) -> tuple[BuildResult, Path | None]:
        await anyio.lowlevel.checkpoint_if_cancelled()
        hooks = self._hooks
        assert hooks is not None, "Builder is used outside of `async with`"
        kind = "wheel" if job.kind == "metadata" else job.kind
        environment = await self._prepared(job, kind)
        async with hooks.scratch() as folder:
            if job.kind == "metadata":
                hook = "prepare_metadata_for_build_wheel"
                value = await self._hook(job, hook, (os.fspath(folder), dict(job.settings)), environment)
                if value is not MISSING:
                    metadata = prepared_metadata(folder, value, job.source.label)
                    check_identity(metadata, job.source, job.declared, f"The metadata of {job.source.label}")
                    shutil.rmtree(folder)
                    folder.mkdir()
                    return self._keep(await self._lasting(job), BuildResult(metadata=metadata), folder)
            result = await self._produce(job, kind, folder, environment)
            return self._keep(await self._lasting(job), result, folder)

    async def _prepared(self, job: _Job, kind: str) -> BuildEnvironment:
        """The environment to build in, with what the backend asks for besides."""
        environment = await self._environment(job, job.requires)
        hook = f"get_requires_for_build_{kind}"
        wanted = await self._hook(job, hook, (dict(job.settings),), environment)
        more = () if wanted is MISSING else check_requirements(wanted, job.source.label, hook)
        return await self._environment(job, (*job.requires, *more)) if more else environment

    async def _produce(self, job: _Job, kind: str, folder: Path, environment: BuildEnvironment) -> BuildResult:
        hook = f"build_{kind}"
        args: tuple[object, ...] = (os.fspath(folder), dict(job.settings))
        value = await self._hook(job, hook, args if kind == "sdist" else (*args, None), environment)
        if value is MISSING:
            hint = f"Build {job.source.label} as an ordinary wheel, or use a backend that has {hook}."
            if kind == "editable" and job.declared.system.backend.startswith("setuptools."):
                hint = "Ask for `setuptools>=64` in `requires` of [build-system]; older versions have no such hook."
            raise HookMissing(
                f"The backend {job.declared.system.backend} of {job.source.label} has no {hook}.", hint=hint
            )
        if kind == "sdist":
            name = await anyio.to_thread.run_sync(check_sdist, folder, value, job.source, job.declared)
            return BuildResult(filename=name)
        filename, metadata = await anyio.to_thread.run_sync(check_wheel, folder, value, job.source.label, hook)
        check_identity(metadata, job.source, job.declared, filename)
        return BuildResult(filename=filename, metadata=metadata)

    async def _lasting(self, job: _Job) -> _Job:
        """The job, without its digest when the tree is no longer what it was: edited meanwhile, or by its backend."""
        if not job.digest or job.source.identity:
            return job
        again = await self._job(job.kind, job.source, job.declared, job.settings)
        return job if again.digest == job.digest else msgspec.structs.replace(job, digest="")

    def _keep(self, job: _Job, result: BuildResult, folder: Path) -> tuple[BuildResult, Path | None]:
        digest = job.digest
        if not digest:
            if not result.filename:
                return result, None
            # Nobody can ask for it by its inputs, but equal outcomes still are one entry.
            with (folder / result.filename).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        for stray in folder.iterdir():
            if stray.name != result.filename:
                shutil.rmtree(stray) if stray.is_dir() else stray.unlink()
        self._results.save(digest, result, folder)
        return result, self._results.path(digest, result) if result.filename else None

    async def _environment(self, job: _Job, requires: tuple[str, ...]) -> BuildEnvironment:
        shared = self._options.shared
        if shared is not None and not self.is_isolated(job.declared.name):
            return shared
        wanted = tuple(dict.fromkeys(requires))
        return await self._provision(wanted, purpose=f"build of {job.source.label}")

    async def _hook(self, job: _Job, hook: str, args: tuple[object, ...], environment: BuildEnvironment) -> object:
        # A cancelled command closes the servers at once; a build that just came back from a thread hears of it here.
        await anyio.lowlevel.checkpoint_if_cancelled()
        hooks = self._hooks
        assert hooks is not None
        self.calls += 1
        environ = hook_environ(
            self._environ, environment, variables=job.variables, source_date_epoch=self._options.source_date_epoch
        )

        async def call() -> object:
            system = job.declared.system
            return await hooks.call(job.source, system, hook, args, environment=environment, environ=environ)

        try:
            return await call()
        except (BackendFailed, BackendUnavailable) as failure:
            if not environment.isolated or not await self._provision.mend(environment, str(failure)):
                raise
            await hooks.servers.forget(environment)
            return await call()


def _is_narrow(kind: Kind, declared: Declared) -> bool:
    """Whether only what describes the project goes in: an editable wheel leads to the tree instead of holding it."""
    return kind == "editable" and declared.static is not None


def _step(source: SourceTree) -> str:
    return f"{source.label} {source.version}" if source.version else source.label
