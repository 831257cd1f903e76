"""``interlock run``: a program, module, script or task in the environment of the lock."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.editing.script_metadata import ScriptMetadata, parse_script
from interlock.core.manifests.manifest import Manifest
from interlock.core.manifests.problems import suggest
from interlock.core.manifests.tasks import Step, expand
from interlock.core.names import normalize_name
from interlock.envs.environments import VirtualEnvironment, load_environment
from interlock.errors import EnvironmentFailure, UsageError
from interlock.events import Reporter, Warned
from interlock.ops.envs.environments import environment_path, with_environment
from interlock.ops.running.child import Children, which
from interlock.ops.running.env_file import with_env_files
from interlock.ops.running.overlay import overlaid
from interlock.ops.running.runnable import SCRIPTS, is_runnable, looks_runnable, pythonw
from interlock.ops.running.scripts import metadata_of, script_environment
from interlock.ops.syncing.sync import sync
from interlock.ops.syncing.sync_options import SyncOptions
from interlock.workspace.discovery import discover
from interlock.workspace.here import workspace_or_none
from interlock.workspace.members import Workspace
from interlock.workspace.tasks import tasks_of

__all__ = [
    "CommandNotFound",
    "RunOptions",
    "RunOutcome",
    "Runtime",
    "child_environ",
    "command_line",
    "entered",
    "run",
    "step_line",
]


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    command: tuple[str, ...]
    """Program and arguments, or a module's name and arguments with ``module``."""
    module: bool = False
    sync: SyncOptions = SyncOptions(exact=False)
    no_sync: bool = False
    env_files: tuple[str, ...] = ()
    with_packages: tuple[str, ...] = ()
    """Requirements to have for this one run, beside what the lock says."""
    isolated: bool = False
    """In an environment of its own that is gone afterwards."""
    script: bool = False
    """What is to be run is a script, with or without metadata."""
    program: bytes | None = None
    """What standard input held, where that is the program (``-``)."""


class RunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    exit_code: int
    """The child's, or 128 plus the number of the signal that ended it."""
    interrupted: bool = False
    """Whether what ended it was a signal to us."""


class CommandNotFound(UsageError):
    code = "command-not-found"
    exit_code = 1


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """Where programs run."""

    python: str
    scripts: tuple[str, ...]
    """Folders of programs, the first one counts most."""
    root: str = ""
    """Of the virtual environment, empty for one that is nobody's."""
    wrapped: bool = False
    """Whether Python programs of the folders have to be run by :attr:`python`, being written for another."""
    inherited: tuple[int, ...] = ()
    """Descriptors that programs have to inherit, so that the runtime is there as long as they are."""


async def run(context: Context, options: RunOptions) -> RunOutcome:
    """Sync unless told not to, then run the program with the environment in front of ``PATH``.

    The exit code is the program's; signals that reach us are passed on to it.
    """
    script = None if options.module else await anyio.to_thread.run_sync(lambda: _script(context, options))
    if script is not None:
        return await _run_script(context, options, *script)
    workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    manifest = _manifest(workspace, options)
    name, *arguments = options.command
    tasks = {} if options.module else tasks_of(workspace, manifest)
    steps = expand(name, tasks, tuple(arguments)) if name in tasks else ()
    async with entered(context, options) as runtime:
        environ = child_environ(context, runtime, options.env_files)
        if not steps:
            line = command_line(context, runtime, options, manifest, environ)
            return await _alone(runtime, line, environ, context.place.directory, options.program)
        base = workspace.root / (manifest.path if name in tasks_of(workspace, manifest, own=True) else ".")
        async with Children(runtime.inherited) as children:
            for step in steps:
                cwd = base / step.cwd if step.cwd else base
                code = await children.run(step_line(runtime, step, environ, cwd), {**environ, **step.env}, cwd)
                if code:
                    return _outcome(code, children)
    return RunOutcome(exit_code=0)


async def _alone(
    runtime: Runtime, line: list[str], environ: dict[str, str], cwd: Path, given: bytes | None
) -> RunOutcome:
    async with Children(runtime.inherited) as children:
        return _outcome(await children.run(line, environ, cwd, given), children)


def _outcome(code: int, children: Children) -> RunOutcome:
    return RunOutcome(exit_code=code, interrupted=children.ended_with(code))


@asynccontextmanager
async def entered(context: Context, options: RunOptions) -> AsyncIterator[Runtime]:
    """The environment to run in, made or synced as asked; temporary parts are gone at the end."""
    temporary: Path | None = None
    try:
        if options.isolated:
            temporary = Path(await anyio.to_thread.run_sync(lambda: tempfile.mkdtemp(prefix="interlock-run-")))
            context = with_environment(context, temporary / "env")
            options = msgspec.structs.replace(options, sync=msgspec.structs.replace(options.sync, exact=True))
        path = await _environment(context, options)
        environment = await anyio.to_thread.run_sync(lambda: load_environment(path, context.means.interpreters))
        if environment is None:
            raise EnvironmentFailure(f"There is no environment at {path}.", hint="Make it with `interlock sync`.")
        if environment.moved_from:
            context.means.reporter.report(Warned("environment-moved", _moved(environment)))
        if not options.with_packages:
            yield _runtime(environment)
            return
        what = options.command[0]
        async with overlaid(context, environment, options.with_packages, what) as (top, scripts, keeping):
            yield Runtime(
                python=top.python,
                scripts=(*scripts, environment.scripts),
                root=str(environment.root),
                wrapped=True,
                inherited=(keeping,),
            )
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def child_environ(context: Context, runtime: Runtime, env_files: tuple[str, ...] = ()) -> dict[str, str]:
    environ = with_env_files(context.means.environ, [context.place.directory / name for name in env_files])
    environ.pop("PYTHONHOME", None)
    if runtime.root:
        environ["VIRTUAL_ENV"] = runtime.root
    environ["PATH"] = os.pathsep.join(
        filter(None, (*_listable(context.means.reporter, runtime.scripts), environ.get("PATH", "")))
    )
    return environ


def _listable(reporter: Reporter, folders: tuple[str, ...]) -> list[str]:
    """The folders that can stand on ``PATH``, where a separator in a name would make two of it."""
    for folder in folders:
        if os.pathsep in folder:
            what = f"{folder} has a `{os.pathsep}` in its path, so it cannot be on PATH"
            reporter.report(
                Warned("not-on-path", f"{what}: what runs finds no other program there. Another directory would do.")
            )
    return [folder for folder in folders if os.pathsep not in folder]


def command_line(
    context: Context, runtime: Runtime, options: RunOptions, manifest: Manifest, environ: dict[str, str]
) -> list[str]:
    """The program to start for what was typed. Raises :class:`CommandNotFound`."""
    program, *arguments = options.command
    if options.module:
        return [runtime.python, "-m", program, *arguments]
    if program == "-":
        return [runtime.python, program, *arguments]
    known = program in manifest.scripts and os.sep not in program
    if (
        known
        and which(program, runtime.scripts) is None
        and not is_runnable(context.place.directory / program, named=False)
    ):
        return _not_installed(context, runtime, program, manifest, environ, arguments)
    return [*_program(runtime, program, environ, context.place.directory), *arguments]


def step_line(runtime: Runtime, step: Step, environ: Mapping[str, str], cwd: Path) -> list[str]:
    """The program to start for a step of a task, in the directory where it runs."""
    if step.kind == "shell":
        return ["cmd", "/c", *step.words] if os.name == "nt" else ["sh", "-c", *step.words]
    if step.kind == "call":
        target, *arguments = step.words
        module, _, function = target.partition(":")
        call = function if function.endswith(")") else f"{function or 'main'}()"
        code = f"import sys; sys.path.insert(0, ''); import {module}; sys.exit({module}.{call})"
        return [runtime.python, "-c", code, *arguments]
    program, *arguments = step.words
    return [*_program(runtime, program, environ, cwd), *arguments]


def _program(runtime: Runtime, program: str, environ: Mapping[str, str], cwd: Path) -> list[str]:
    """How a program is started that goes by a name or a path."""
    if program in {"python", "python3"}:
        return [runtime.python]
    named = os.sep in program or program in {".", ".."}
    if is_runnable(cwd / program, named=named):
        return [pythonw(runtime.python, program), program]
    if named and not looks_runnable(program):
        return [program]
    found = which(program, (*runtime.scripts, *environ["PATH"].split(os.pathsep))) if not named else None
    if found is None and is_runnable(cwd / program, named=True):
        return [runtime.python, program]
    if found is None:
        raise _not_found(runtime, program, cwd)
    if runtime.wrapped and os.path.dirname(found) in runtime.scripts and _is_python(found):
        return [runtime.python, found]
    return [found]


def _not_found(runtime: Runtime, program: str, cwd: Path) -> CommandNotFound:
    if looks_runnable(program):
        return CommandNotFound(f"There is no script {cwd / program}.", hint="Paths begin at the directory you are in.")
    near = suggest(program, _programs(runtime))
    return CommandNotFound(
        f"There is no program `{program}` in {runtime.scripts[0]} or on PATH.{near}",
        hint=None
        if near
        else "Is the package that brings it a dependency of what is selected? `interlock sync` installs it.",
    )


def _programs(runtime: Runtime) -> list[str]:
    """What the environment has, by the names that people type."""
    folders = [folder for folder in runtime.scripts if os.path.isdir(folder)]
    return sorted({os.path.splitext(name)[0] for folder in folders for name in os.listdir(folder)})


def _not_installed(
    context: Context,
    runtime: Runtime,
    program: str,
    manifest: Manifest,
    environ: dict[str, str],
    arguments: list[str],
) -> list[str]:
    """A script of the project that is not in the environment, as its entry point says."""
    context.means.reporter.report(
        Warned("not-installed", f"`{program}` is not installed as a script; running its entry point instead.")
    )
    module, _, function = manifest.scripts[program].partition(":")
    base = discover(context.place.start, layout=context.means.layout).root / manifest.path
    folders = [str(base / "src"), str(base), environ.get("PYTHONPATH", "")]
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    code = (
        f"import sys; from importlib import import_module; sys.argv[0] = {program!r};"
        f" sys.exit(import_module({module!r}).{function or 'main'}())"
    )
    return [runtime.python, "-c", code, *arguments]


def _manifest(workspace: Workspace, options: RunOptions) -> Manifest:
    names = options.sync.selection.packages
    name = normalize_name(names[0]) if names else workspace.current
    return workspace.member(name).manifest if name is not None else workspace.manifest


def _script(context: Context, options: RunOptions) -> tuple[Path, ScriptMetadata | None] | None:
    """The script to run on its own: it says what it needs, or it is outside of every workspace."""
    path = context.place.directory / options.command[0]
    if options.command[0] == "-":
        metadata = parse_script(options.program or b"", "The program of standard input")
    elif (options.script or path.suffix.lower() in SCRIPTS) and path.is_file():
        metadata = metadata_of(path)
    else:
        return None
    if metadata is None and not options.script and _is_in_workspace(context):
        return None
    return path, metadata


def _is_in_workspace(context: Context) -> bool:
    return workspace_or_none(context.place.start, context.means.layout) is not None


async def _run_script(context: Context, options: RunOptions, path: Path, metadata: ScriptMetadata | None) -> RunOutcome:
    more = options.with_packages
    async with script_environment(context, path, metadata or ScriptMetadata(), more) as (environment, keeping):
        runtime = Runtime(python=environment.python, scripts=(environment.path,), inherited=(keeping,))
        environ = child_environ(context, runtime, options.env_files)
        environ.pop("VIRTUAL_ENV", None)
        program = "-" if options.command[0] == "-" else str(path)
        line = [pythonw(environment.python, program), program, *options.command[1:]]
        return await _alone(runtime, line, environ, context.place.directory, options.program)


async def _environment(context: Context, options: RunOptions) -> Path:
    if not options.no_sync:
        outcome = await sync(context, options.sync)
        return outcome.environments[0].path

    def find() -> Path:
        workspace = discover(context.place.start, layout=context.means.layout)
        here = context.within(workspace.settings)
        names = options.sync.selection.packages
        name = normalize_name(names[0]) if names else workspace.current
        member = workspace.find(name) if name is not None else None
        return environment_path(here.means, workspace, member)

    return await anyio.to_thread.run_sync(find)


def _moved(environment: VirtualEnvironment) -> str:
    return (
        f"{environment.root} was made at {environment.moved_from}, where its commands still lead;"
        " `interlock sync` makes it anew."
    )


def _runtime(environment: VirtualEnvironment) -> Runtime:
    return Runtime(python=environment.python, scripts=(environment.scripts,), root=str(environment.root))


def _is_python(path: str) -> bool:
    """Whether a program is a script of Python, told by its first line."""
    with open(path, "rb") as file:
        head = file.read(256)
    return head.startswith(b"#!") and b"python" in head
