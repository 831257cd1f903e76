"""Arguments in, exit code out.

Exit codes: 0 ok, 1 the user's world is wrong, 2 usage, 3 the lock is out of date, 70 our bug, 130 interrupted. What a
command needs is loaded when the command is known (:mod:`interlock.cli.loading`).
"""

from __future__ import annotations

import errno
import os
import sys

from interlock import __version__
from interlock.cli.loading import load
from interlock.cli.render import Terminal
from interlock.errors import InterlockError, UsageError, bug_document, error_document, first_reason

TYPE_CHECKING = False  # not from `typing`, which takes longer to load than everything else here
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from interlock.cli.arguments import Request

__all__ = ["main"]

_BUG, _INTERRUPTED, _BROKEN_PIPE = 70, 130, 141
_QUICK = (["lock"], ["sync"], ["build"])
"""What may begin a command line that has a quick answer."""
_MACHINE_TROUBLE = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EACCES: "permission-denied",
    errno.EPERM: "permission-denied",
    errno.EROFS: "read-only",
    errno.EMFILE: "too-many-open-files",
    errno.ENFILE: "too-many-open-files",
    errno.EFBIG: "file-too-large",
    errno.EIO: "input-output",
    errno.ENAMETOOLONG: "name-too-long",
    errno.ENOTDIR: "not-a-directory",
    errno.EISDIR: "is-a-directory",
    errno.ELOOP: "links-in-a-circle",
    errno.EAGAIN: "too-many-processes",
    errno.ENOMEM: "out-of-memory",
    errno.ENXIO: "no-such-device",
    errno.ENODEV: "no-such-device",
    errno.EMLINK: "too-many-links",
    errno.ETXTBSY: "file-in-use",
    errno.EBUSY: "file-in-use",
    errno.EXDEV: "another-file-system",
    errno.ENOTEMPTY: "not-empty",
    errno.EINVAL: "not-supported",
    errno.ENOTSUP: "not-supported",
    errno.ENOSYS: "not-supported",
    errno.E2BIG: "too-many-arguments",
    errno.ENOEXEC: "not-executable",
    getattr(errno, "ESTALE", -1): "stale-handle",
}
_SCARCE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC, errno.EDQUOT})
_MACHINE_HINTS = {
    "disk-full": "Free some space (`interlock cache prune` may help), or choose another --cache-dir.",
    "too-many-processes": "Raise the limit of processes and threads (`ulimit -u`), or lower"
    " INTERLOCK_CONCURRENT_BUILDS and INTERLOCK_CONCURRENT_INSTALLS.",
    "out-of-memory": "Free some memory, raise its limit (`ulimit -v`), or lower INTERLOCK_CONCURRENT_DOWNLOADS and"
    " INTERLOCK_CONCURRENT_BUILDS.",
    "no-temporary-directory": "Set TMPDIR to a directory that you can write to.",
    "nested-too-deeply": "A file that was read is not what it should be; -v tells which was read last.",
    "too-many-open-files": "Raise the limit (`ulimit -n`) or lower INTERLOCK_CONCURRENT_DOWNLOADS.",
}


class NoCommand(UsageError):
    code = "no-command"


class MachineError(InterlockError):
    """The operating system refused: a full disk, missing rights."""

    code = "machine"


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command line."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        terminal = Terminal(**_early(arguments, os.environ))
        code = _guarded(arguments, terminal)
        return _flushed(code, terminal)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        _write_no_more()
        return _BROKEN_PIPE


def _flushed(code: int, terminal: Terminal) -> int:
    """The exit code, once all that was said has arrived."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _write_no_more()
        if code:
            return code
        terminal.json = False
        return _end(error, terminal)
    return code


def _write_no_more() -> None:
    """Let what is still buffered not fail again at exit."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as the process


def _guarded(arguments: list[str], terminal: Terminal) -> int:
    """Turn every way a command can end into an exit code and one message."""
    try:
        return _carry_out(arguments, terminal)
    except KeyboardInterrupt as stop:
        terminal.interrupted()
        return getattr(stop, "exit_code", _INTERRUPTED)
    except BrokenPipeError:
        raise
    except BaseExceptionGroup as group:
        return _end(first_reason(group), terminal)
    except Exception as error:  # the last line of defence: nobody should see a traceback they did not ask for
        return _end(error, terminal)


def _carry_out(arguments: list[str], terminal: Terminal) -> int:
    if arguments in (["--version"], ["-V"]):
        terminal.data(f"interlock {__version__}")
        return 0
    if arguments in (["--help"], ["-h"], ["help"]):
        terminal.data(load("interlock.cli.overview").overview())
        return 0
    asks_help = "--help" in arguments or "-h" in arguments
    if (
        arguments[:1] in _QUICK
        and not asks_help
        and load("interlock.cli.quick").answered(arguments, os.environ, terminal)
    ):
        return 0
    try:
        request = load("interlock.cli.arguments").parse_arguments(arguments)
    except UsageError as error:
        request = _of_plugin(error, arguments)
    if request.values.version:
        terminal.data(f"interlock {__version__}")
        return 0
    if request.command is None or request.values.help:
        return _help(request, terminal)
    code: int = load("interlock.cli.dispatch").dispatch(request, terminal)
    return code


def _of_plugin(error: UsageError, arguments: list[str]) -> Request:
    """The command of a plugin, when one has the name that we do not know; else the error stands."""
    parse = load("interlock.cli.arguments")
    if error.code != "unknown-command" or "--no-plugins" in arguments or "INTERLOCK_NO_PLUGINS" in os.environ:
        raise error
    name = error.facts.get("command")
    if name not in load("interlock.cli.plugins").find_plugins():
        raise error
    place = arguments.index(str(name))
    values = parse.parse_arguments(arguments[:place]).values
    command = load("interlock.cli.table.plugin").PLUGIN
    request: Request = parse.Request(command, command.words, values, tuple(arguments[place:]))
    return request


def _help(request: Request, terminal: Terminal) -> int:
    if request.command is not None:
        terminal.data(load("interlock.cli.help").command_help(request.command))
    elif request.values.help and request.words:
        terminal.data(load("interlock.cli.help").group_help(request.words))
    elif request.values.help:
        terminal.data(load("interlock.cli.overview").overview())
    else:
        place = " ".join(("interlock", *request.words))
        raise NoCommand(f"`{place}` needs a command.", hint=f"See `{place} --help`.")
    return 0


def _early(arguments: Sequence[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """How to speak before the command line is understood, so that a mistake in it looks like any other."""
    color = environ.get("INTERLOCK_COLOR") or "auto"
    if "--color=never" in arguments or "--no-ansi" in arguments or environ.get("NO_COLOR"):
        color = "never"
    elif "--color=always" in arguments or environ.get("FORCE_COLOR"):
        color = "always"
    verbose = bool({"-v", "-vv", "-vvv", "--verbose"} & set(arguments))
    return {
        "color": color,
        "verbosity": int(verbose),
        "json": "--json" in arguments,
        "logs": "--log-json" in arguments,
        "environ": environ,
    }


def _end(error: BaseException, terminal: Terminal) -> int:
    if isinstance(error, KeyboardInterrupt):
        terminal.interrupted()
        return _INTERRUPTED
    trace = "".join(load("traceback").format_exception(error)) if terminal.verbosity > 0 else ""
    refused = _refused(error)
    if refused is not None:
        if trace:
            terminal.detail(trace)
        error = refused
    if isinstance(error, InterlockError):
        document, code = error_document(error), error.exit_code
        if not terminal.logs:
            terminal.fail(error)
    else:
        summary = f"{type(error).__name__}: {error}"
        terminal.bug(summary, trace)
        document, code = bug_document(summary), _BUG
    if terminal.logs:
        terminal.log(load("json").dumps({"event": "failed", **document}, default=str))
    if terminal.json:
        _document(document, terminal)
    return code


def _document(document: dict[str, Any], terminal: Terminal) -> None:
    try:
        terminal.data(load("json").dumps(document, indent=2, default=str))
    except BrokenPipeError:
        raise
    except OSError:
        # There was no room for the answer either, which has been said.
        _write_no_more()


def _refused(error: BaseException) -> InterlockError | None:
    """What the machine had too little of, as an error of its family; None for what it has nothing to do with."""
    code, what = "", str(error)
    if isinstance(error, InterlockError):
        return None
    if isinstance(error, OSError) and error.errno in _MACHINE_TROUBLE:
        return _machine_error(error)
    scarce = _scarce(error)
    if scarce is not None:
        return _machine_error(scarce)
    if isinstance(error, MemoryError):
        code, what = "out-of-memory", "There is not enough memory"
    elif isinstance(error, RecursionError):
        code, what = "nested-too-deeply", "Something that was read is nested too deeply to be understood"
    elif isinstance(error, RuntimeError) and "start new thread" in what:
        code, what = "too-many-processes", "No more threads can be started"
    elif isinstance(error, FileNotFoundError) and "temporary directory" in what:
        code, what = "no-temporary-directory", "There is no directory for temporary files"
    if not code:
        return None
    return MachineError(f"{what}.", hint=_MACHINE_HINTS[code], facts={"reason": code, "path": None})


def _scarce(error: BaseException) -> OSError | None:
    """The machine's answer behind an error of a library: what there was too little of fails in many ways."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return None
        if isinstance(seen, OSError) and seen.errno in _SCARCE:
            return seen
        number = str(seen).rpartition("(os error ")[2].removesuffix(")")
        if number.isdigit() and len(number) < 4 and int(number) in _SCARCE:
            return OSError(int(number), os.strerror(int(number)))
        seen = seen.__cause__ or seen.__context__
    return None


def _machine_error(error: OSError) -> InterlockError:
    code = _MACHINE_TROUBLE[error.errno or 0]
    space = load("interlock.store.space")
    path = space.written_path(error)
    disk = f" {space.describe_disk(path)}" if path and code == "disk-full" else ""
    failure = MachineError(f"{f'{path}: ' if path else ''}{error.strerror}.{disk}", hint=_MACHINE_HINTS.get(code))
    failure.facts = {"reason": code, "path": path or None}
    return failure
