"""The help of the whole program, on one screen; made without a parser, since it is asked for most."""

from __future__ import annotations

from interlock.cli.command_table import COMMANDS

__all__ = ["overview"]

_SECTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Dependencies",
        (
            ("add, remove, update", "Change what members ask for, with the lock and the environment"),
            ("lock, sync, install", "Resolve every member together; make environments match the lock"),
            ("import, export", "Take over projects and locks of other tools; write files for them"),
        ),
    ),
    (
        "Projects",
        (
            ("new, init", "Start a library, an application, a workspace or a member of one"),
            ("run, shell", "Run a program, module, script or task in the environment, synced first"),
            ("version, build, publish", "Number, build and upload members, in the order of the graph"),
            ("prune, deploy", "Only what some members need, for containers and servers"),
        ),
    ),
    (
        "Looking",
        (
            ("show, tree, why", "What is locked, what needs what, and which members reach a package"),
            ("outdated, check, licenses", "What is old, wrong, or under which terms"),
            ("search, info, about", "One package on the index; this program"),
            ("workspace, affected", "The members, their graph, and those a change touches"),
        ),
    ),
    (
        "This machine",
        (
            ("venv, env, python, cache", "Environments, interpreters, and what is kept of downloads and builds"),
            ("config, source, auth", "Settings, indexes and logins"),
            ("self, debug, completions", "This installation, its resolver, and the shell"),
        ),
    ),
)
_OVERVIEW_OPTIONS = """\
  -C, --directory DIR      act as if started in DIR
      --project DIR        look for the workspace from DIR upward
  -p, --python PYTHON      interpreter: 3.12, pypy@3.11, a path
      --offline            use only what is in the cache
      --cache-dir DIR      where downloads and builds are kept   (--no-cache: nowhere)
      --default-index URL  index used instead of PyPI            (--index NAME=URL: before it)
  -f, --find-links PLACE   directory or page of files            (--no-index: only those)
      --exclude-newer WHEN ignore later uploads: 2026-03-01, 7 days
      --json               write one JSON document to stdout
  -q, -v                   say less, say more (repeatable)
      --color WHEN         auto, always or never                 (--no-progress: calm)
  -V, --version            show the version
  -h, --help               show help, also after a command"""


def overview() -> str:
    """``interlock --help``."""
    there = dict.fromkeys(command.words[0] for command in COMMANDS)
    lines = ["One shared lock for a Python monorepo, and environments made from it.", ""]
    lines += ["Usage: interlock [options] COMMAND ...   (interlock COMMAND --help shows its options)"]
    for title, rows in _SECTIONS:
        lines += ["", f"{title}:"]
        for names, summary in rows:
            known = [name for name in names.split(", ") if there.pop(name, "") is None]
            if known:
                lines.append(f"  {', '.join(known):<25} {summary}")
    if there:
        lines.append(f"  {', '.join(there):<25} See their --help")
    lines += ["", "Options, before or after the command; each has a variable like INTERLOCK_OFFLINE:"]
    lines.append(_OVERVIEW_OPTIONS)
    return "\n".join(lines) + "\n"
