"""``interlock run``: a program in the environment of the lock."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import anyio
import anyio.to_thread

from interlock.core.names import normalize_name
from interlock.envs.environments import VirtualEnvironment, load_environment
from interlock.errors import EnvironmentFailure, UsageError
from interlock.workspace.context import Context
from interlock.workspace.discovery import discover
from interlock.workspace.environments import environment_path
from interlock.workspace.options import RunOptions, RunOutcome
from interlock.workspace.sync import sync

__all__ = ["CommandNotFound", "run"]


class CommandNotFound(UsageError):
    code = "command-not-found"
    exit_code = 1


class BadEnvFile(UsageError):
    code = "bad-env-file"


async def run(context: Context, options: RunOptions) -> RunOutcome:
    """Sync unless told not to, then run the program with the environment in front of ``PATH``.

    The exit code is the program's; signals that reach us are passed on to it.
    """
    path = await _environment(context, options)
    environment = await anyio.to_thread.run_sync(
        lambda: load_environment(path, context.layout.bucket("interpreters-v1"))
    )
    if environment is None:
        raise EnvironmentFailure(f"There is no environment at {path}.", hint="Make it with `interlock sync`.")
    environ = _environ(context, environment, options)
    command = _command(environment, options, environ)
    return RunOutcome(exit_code=await _supervise(command, environ, context.cwd))


async def _environment(context: Context, options: RunOptions) -> Path:
    if not options.no_sync:
        outcome = await sync(context, options.sync)
        return outcome.environments[0].path

    def find() -> Path:
        workspace = discover(context.start, layout=context.layout)
        here = context.within(workspace.settings)
        names = options.sync.selection.packages
        name = normalize_name(names[0]) if names else workspace.current
        member = workspace.find(name) if name is not None else None
        return environment_path(here, workspace, member)

    return await anyio.to_thread.run_sync(find)


def _environ(context: Context, environment: VirtualEnvironment, options: RunOptions) -> dict[str, str]:
    environ = dict(context.environ)
    for name in options.env_files:
        environ.update(_read_env_file(context.cwd / name))
    environ.pop("PYTHONHOME", None)
    environ["VIRTUAL_ENV"] = str(environment.root)
    environ["PATH"] = os.pathsep.join(filter(None, (environment.scripts, environ.get("PATH", ""))))
    return environ


def _read_env_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadEnvFile(f"The file {path} cannot be read: {error}.") from error
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise BadEnvFile(f"{path}:{number}: `{line}` is not NAME=value.")
        found[name.strip()] = value.strip().strip("\"'")
    return found


def _command(environment: VirtualEnvironment, options: RunOptions, environ: dict[str, str]) -> list[str]:
    program, *arguments = options.command
    if options.module:
        return [environment.python, "-m", program, *arguments]
    if program.endswith(".py") and os.path.isfile(program):
        return [environment.python, program, *arguments]
    if os.sep in program:
        return [program, *arguments]
    found = _which(program, environ["PATH"])
    if found is None:
        raise CommandNotFound(
            f"There is no program `{program}` in {environment.scripts} or on PATH.",
            hint="Is the package that brings it a dependency of what is selected? `interlock sync` installs it.",
        )
    return [found, *arguments]


def _which(program: str, path: str) -> str | None:
    suffixes = ("", ".exe", ".bat", ".cmd") if os.name == "nt" else ("",)
    for folder in path.split(os.pathsep):
        for suffix in suffixes:
            candidate = os.path.join(folder, program + suffix)
            if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
                return candidate
    return None


async def _supervise(command: list[str], environ: dict[str, str], cwd: Path) -> int:
    process = await anyio.open_process(command, stdin=None, stdout=None, stderr=None, env=environ, cwd=cwd)

    async def forward() -> None:
        wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)]
        with anyio.open_signal_receiver(*wanted) as signals:
            async for received in signals:
                # A terminal sends SIGINT to the whole group itself; sending it twice would kill a graceful shutdown.
                if received != signal.SIGINT:
                    process.send_signal(received)

    async with anyio.create_task_group() as tasks:
        if os.name == "posix":
            tasks.start_soon(forward)
        code = await process.wait()
        tasks.cancel_scope.cancel()
    return code if code >= 0 else 128 - code
