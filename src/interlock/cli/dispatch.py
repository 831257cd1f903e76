"""Dispatch: from a request to the command that carries it out, with everything it stands on."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from interlock.cli.arguments import Request
from interlock.cli.call import Call
from interlock.cli.loading import load
from interlock.cli.quiet_progress import QuietReporter
from interlock.cli.render import Terminal
from interlock.cli.surroundings import make_context, read_flags, read_surroundings
from interlock.core.settings.variables import Variables
from interlock.events import Warned
from interlock.settings.decided import DisplaySettings
from interlock.signals import held_back

__all__ = ["dispatch"]

_NOTHING_CACHED = "No home directory is known, so nothing is cached; --cache-dir names a place for it, or HOME."


def dispatch(request: Request, terminal: Terminal) -> int:
    """Carry a command out; its module's ``run`` returns an exit code, or something to await for one."""
    assert request.command is not None
    flags = read_flags(request.values)
    around = read_surroundings(os.environ)
    reporter = QuietReporter(terminal)
    context = make_context(flags, around, reporter)
    settings, display = context.means.settings, context.means.settings.display
    terminal.configure(color=display.color, verbosity=display.verbosity, json=display.json)
    temporary: Path | None = None
    try:
        if settings.no_cache or not settings.cache_dir:
            temporary = Path(tempfile.mkdtemp(prefix="interlock-cache-"))
            context = make_context(flags, around, reporter, temporary)
        if request.values.log_json or Variables(os.environ).flag("LOG_JSON"):
            terminal.logs = True
            terminal.configure(color="never", verbosity=-2, json=display.json)
            reporter = load("interlock.cli.event_log").EventLog(terminal)
            context = make_context(flags, around, reporter, temporary)
        elif _wants_progress(display, terminal):
            reporter = load("interlock.cli.progress").ProgressReporter(terminal)
            context = make_context(flags, around, reporter, temporary)
        if not settings.cache_dir and not settings.no_cache:
            reporter.report(Warned("no-cache", _NOTHING_CACHED))
        call = Call(context=context, terminal=terminal, values=request.values, rest=request.rest, json=display.json)
        # Looking for hooks takes longer than many a command, so the user's settings have to say that there are some.
        hooks = (
            around.user.plugins and not request.values.no_plugins and load("interlock.cli.hooks").Hooks(call, request)
        )
        if hooks:
            hooks.before()
        module, _, function = request.command.module.partition(":")
        answer = getattr(load(f"interlock.cli.commands.{module}"), function or "run")(call)
        code: int = load("interlock.cli.loop").run_to_end(answer) if hasattr(answer, "__await__") else answer
        if hooks:
            hooks.after(code)
        return code
    finally:
        with held_back():
            reporter.close()
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)


def _wants_progress(display: DisplaySettings, terminal: Terminal) -> bool:
    return display.progress and display.verbosity >= 0 and terminal.err.isatty() and os.environ.get("TERM") != "dumb"
