"""Running the system's ``git``: no prompts, no user's hooks, nothing secret in what is shown of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import anyio
import msgspec

from interlock.core.sources.git_url import redact_url
from interlock.errors import GitError

__all__ = ["GitCommand", "GitFailed", "GitMissing", "GitOutput", "GitTimeout"]

_LAST_LINES = 10
_OWN = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_PREFIX",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_TEMPLATE_DIR",
    }
)
_NOISE = re.compile(r"^(hint: |remote: (Enumerating|Counting|Compressing|Total) )")


class GitMissing(GitError):
    code = "git-missing"


class GitFailed(GitError):
    """A git command ended with an error."""

    code = "git-failed"


class GitTimeout(GitError):
    code = "git-timeout"


class GitOutput(msgspec.Struct, frozen=True):
    status: int
    stdout: str
    stderr: str


class GitCommand:
    """The ``git`` program with the environment and the limits of a command."""

    def __init__(self, environ: Mapping[str, str], *, limiter: anyio.CapacityLimiter, timeout: float = 900.0) -> None:
        self._environ = {
            # A user's own helpers and ssh settings stay; what would tie us to the repository around us does not.
            **{name: value for name, value in environ.items() if name not in _OWN},
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": environ.get("GIT_ASKPASS", ""),
            "GCM_INTERACTIVE": "never",
            "GIT_ADVICE": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
        }
        if "GIT_SSH_COMMAND" not in environ and "GIT_SSH" not in environ:
            self._environ["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
        self._limiter = limiter
        self._timeout = timeout
        self.runs = 0
        """Processes started so far."""

    async def run(
        self, *arguments: str, cwd: Path | None = None, environ: Mapping[str, str] | None = None, check: bool = True
    ) -> GitOutput:
        """Run git; its output. Raises :class:`GitFailed` (unless ``check`` is off), GitMissing and GitTimeout."""
        command = [
            "git",
            "-c",
            f"core.hooksPath={os.devnull}",
            "-c",
            "gc.auto=0",
            "-c",
            "advice.detachedHead=false",
            *arguments,
        ]
        async with self._limiter:
            self.runs += 1
            output = await self._process(command, cwd, {**self._environ, **(environ or {})})
        if output is None:
            raise GitTimeout(
                f"`{_shown(arguments)}` took longer than {self._timeout:g} seconds and was ended.",
                hint="Is the server reachable? Git may not ask for credentials here.",
            )
        if check and output.status:
            raise self.failure(arguments, output)
        return output

    def failure(self, arguments: Sequence[str], output: GitOutput) -> GitFailed:
        lines = [redact_url(line) for line in output.stderr.splitlines() if line.strip() and not _NOISE.match(line)]
        lines = lines[-_LAST_LINES:]
        return GitFailed(
            "\n".join([f"`{_shown(arguments)}` failed with status {output.status}.", *lines]),
            hint=_hint(output.stderr),
            facts={"command": _shown(arguments), "status": output.status, "lines": lines},
        )

    async def _process(self, command: list[str], cwd: Path | None, environ: dict[str, str]) -> GitOutput | None:
        try:
            # What is cancelled while a program starts would leave it to nobody.
            with anyio.CancelScope(shield=True):
                process = await anyio.open_process(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    cwd=cwd,
                    env=environ,
                    start_new_session=sys.platform != "win32",
                )
        except FileNotFoundError as error:
            if cwd is not None and not await anyio.Path(cwd).is_dir():
                raise GitFailed(f"The folder {cwd} is gone while git was to run in it.") from error
            raise GitMissing(
                "The program `git` was not found.", hint="Install git; it is needed for dependencies from repositories."
            ) from error
        outputs: dict[str, bytes] = {}

        async def drain(name: str, stream: anyio.abc.ByteReceiveStream) -> None:
            outputs[name] = b"".join([part async for part in stream])

        assert process.stdout is not None
        assert process.stderr is not None
        finished = False
        try:
            with anyio.move_on_after(self._timeout):
                async with anyio.create_task_group() as group:
                    group.start_soon(drain, "stdout", process.stdout)
                    group.start_soon(drain, "stderr", process.stderr)
                await process.wait()
                finished = True
        finally:
            if not finished:
                # git fetches through children of its own; all of them end.
                with suppress(OSError):
                    os.kill(process.pid, signal.SIGTERM) if sys.platform == "win32" else os.killpg(
                        process.pid, signal.SIGKILL
                    )
            with anyio.CancelScope(shield=True):
                await process.aclose()
        if not finished:
            return None
        return GitOutput(
            process.returncode or 0,
            outputs["stdout"].decode("utf-8", "surrogateescape"),
            outputs["stderr"].decode("utf-8", "replace"),
        )


def _shown(arguments: Sequence[str]) -> str:
    return redact_url(" ".join(["git", *arguments]))


def _hint(stderr: str) -> str | None:
    if (
        "could not read Username" in stderr
        or "Authentication failed" in stderr
        or "terminal prompts disabled" in stderr
    ):
        return "The server wants credentials: set up a git credential helper, or use an ssh URL with a key."
    if "Permission denied (publickey" in stderr or "Host key verification failed" in stderr:
        return "Check with `ssh` itself that the key is loaded and the host is known; git may not ask here."
    if "Could not resolve host" in stderr or "unable to access" in stderr:
        return "Is the network reachable? With --offline only commits that are in the store can be used."
    return None
