"""The program: ``interlock`` and ``python -m interlock``."""

from __future__ import annotations

TYPE_CHECKING = False  # not from `typing`, which takes longer to load than everything else here
if TYPE_CHECKING:
    import signal
    from typing import NoReturn
else:
    import _signal as signal

# Before anything else is loaded: while nothing of ours is there to answer Ctrl-C, it ends the process without a word.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import atexit  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

__all__ = ["main", "run"]


def run() -> NoReturn:
    """Carry out this process's command line and end the process.

    A resolution leaves a million objects behind. The system takes them back at once; the interpreter would look at
    each, as it does with ``-X dev``, to tell what was left open.
    """
    code = main()
    if sys.flags.dev_mode:
        sys.exit(code)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    _wait_for_threads()
    atexit._run_exitfuncs()
    os._exit(code)


def _wait_for_threads() -> None:
    """Those that end by themselves, as the interpreter does."""
    threading = sys.modules.get("threading")
    while threading is not None:
        working = [one for one in threading.enumerate() if not one.daemon and one is not threading.main_thread()]
        if not working:
            return
        for one in working:
            one.join()


def main() -> int:
    """Carry out this process's command line; Ctrl-C is answered from the first moment on."""
    _open_what_is_closed()
    _prefer_our_own()
    try:
        from interlock.signals import answer_at_once  # noqa: PLC0415 - loading may be interrupted

        answer_at_once()
        from interlock.cli.main import main as carry_out  # noqa: PLC0415 - takes a while

        return carry_out()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


def _open_what_is_closed() -> None:
    """Put nothing in the place of streams that whoever started us has closed, before files get their numbers."""
    if sys.platform == "win32":
        return
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest number that is free, which is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - as long as we


def _prefer_our_own() -> None:
    """Look for modules in ``PYTHONPATH`` last: it is meant for the programs we start, and may hold any name of ours."""
    named = {os.path.abspath(folder) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder}
    if named and not sys.flags.ignore_environment:
        theirs = [folder for folder in sys.path if folder and os.path.abspath(folder) in named]
        sys.path[:] = [folder for folder in sys.path if folder not in theirs] + theirs


if __name__ == "__main__":
    run()
