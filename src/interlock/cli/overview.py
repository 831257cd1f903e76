"""The help of the whole program, on one screen; words alone, since it is asked for most and has to be there at once."""

from __future__ import annotations

__all__ = ["overview"]

_SECTIONS = (
    (
        "Dependencies",
        (
            ("add, remove, update", "Change requirements, the lock and the environment"),
            ("lock, sync, install", "Resolve all members at once; install what is locked"),
            ("catalog, import, export", "Ranges that members share; projects of other tools"),
        ),
    ),
    (
        "Projects",
        (
            ("new, init", "Start a library, an application or a workspace"),
            ("run, shell", "Run a program, script or task in the environment"),
            ("version, build, publish", "Number, build and upload members"),
            ("prune, deploy", "What some members need, to ship them"),
        ),
    ),
    (
        "Looking",
        (
            ("show, tree, why, explain", "What is locked and why; what an error means"),
            ("outdated, audit, licenses", "What is old, what is unsafe, under which terms"),
            ("workspace, affected, check", "The members, what a change touches, what is wrong"),
            ("info, about, completions", "A package on its index, this program, the shell"),
        ),
    ),
    (
        "This machine",
        (
            ("venv, env, python, cache", "Environments, interpreters, downloads and builds"),
            ("config, source, auth", "Settings, indexes and logins"),
            ("serve, self, debug", "A service for many, this installation, its resolver"),
        ),
    ),
)
_OPTIONS = """\
  -C, --directory DIR        act as if started in DIR
      --project DIR          look for the workspace from DIR upward
  -p, --python PYTHON        interpreter: 3.12, pypy@3.11, a path
      --offline              use only what is in the cache
      --cache-dir DIR        for downloads and builds      (--no-cache: nowhere)
      --default-index URL    index used instead of PyPI (--index N=URL: first)
  -f, --find-links PLACE     directory or page of files    (--no-index: only it)
      --exclude-newer WHEN   ignore later uploads: 2026-03-01, 7 days
      --json                 one JSON document on stdout  (--log-json: progress)
  -q, -v                     say less, say more (repeatable)
      --color WHEN           auto, always or never         (--no-progress: calm)
  -V, --version              show the version
  -h, --help                 show help, also after a command"""


def overview() -> str:
    """``interlock --help``."""
    lines = ["One shared lock for a Python monorepo, and environments made from it.", ""]
    lines += ["Usage: interlock [options] COMMAND ...     interlock COMMAND --help tells more"]
    for title, rows in _SECTIONS:
        lines += ["", f"{title}:", *(f"  {names:<26} {summary}" for names, summary in rows)]
    lines += ["", "Options, before or after the command; or variables like INTERLOCK_OFFLINE=1:", _OPTIONS]
    return "\n".join(lines) + "\n"
