"""The help of the whole program, on one screen; made without a parser, since it is asked for most."""

from __future__ import annotations

from interlock.cli.command_table import COMMANDS, GROUPS

__all__ = ["overview"]

_SECTIONS = (
    ("The lock and environments", ("lock", "sync", "install", "run")),
    ("Looking", ("tree", "show", "export", "workspace")),
    ("This machine", ("venv", "env", "python", "cache")),
)
_OVERVIEW_OPTIONS = """\
  -C, --directory DIR      act as if started in DIR
      --project DIR        look for the workspace from DIR upward
  -p, --python PYTHON      interpreter: 3.12, pypy@3.11, a path
      --offline            use only what is in the cache
      --cache-dir DIR      where downloads and builds are kept   (--no-cache: nowhere)
      --default-index URL  index used instead of PyPI
      --index NAME=URL     index to look at first (repeatable)
  -f, --find-links PLACE   directory or page of files            (--no-index: only those)
      --exclude-newer WHEN ignore later uploads: 2026-03-01, 7 days
      --json               write one JSON document to stdout
  -q, -v                   say less, say more (repeatable)
      --color WHEN         auto, always or never                 (--no-progress: calm)
  -V, --version            show the version
  -h, --help               show help, also after a command"""


def overview() -> str:
    """``interlock --help``."""
    summaries = {command.words[0]: command.summary for command in COMMANDS if len(command.words) == 1} | GROUPS
    lines = ["One shared lock for a Python monorepo, and environments made from it.", ""]
    lines += ["Usage: interlock [options] COMMAND ...", ""]
    for title, names in _SECTIONS:
        lines.append(f"{title}:")
        lines += [f"  {name:<11} {summaries[name]}" for name in names]
        lines.append("")
    lines += ["Options, before or after the command; each has a variable like INTERLOCK_OFFLINE:", _OVERVIEW_OPTIONS]
    return "\n".join(lines) + "\n"
