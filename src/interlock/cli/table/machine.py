"""The commands about this machine: cache, interpreters and virtual environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.table.command import Command, no_options
from interlock.cli.table.selection_options import add_member_options, add_selection_options

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = ["MACHINE"]


def _cache_clean_options(parser: OptionGroup) -> None:
    parser.words("packages", metavar="PACKAGE", text="only what belongs to these: numpy, numpy==2.0")
    parser.flag("--all", text="everything, also while another process uses the cache")
    parser.flag("--force", text="also what other processes use")


def _cache_prune_options(parser: OptionGroup) -> None:
    parser.flag("--ci", text="keep only what was built here")
    parser.flag("--force", text="also what other processes use")


def _cache_gc_options(parser: OptionGroup) -> None:
    parser.value("--max-size", metavar="SIZE", text="keep at most so much: 5GB, 500M, or bytes")


def _cache_verify_options(parser: OptionGroup) -> None:
    parser.flag("--repair", text="drop what differs, so that it is fetched or built anew")
    parser.flag("--force", text="drop it also while other processes use the cache")


def _cache_pack_options(parser: OptionGroup) -> None:
    parser.value("-o", "--output", dest="output", metavar="FILE", text="the pack to write, or to bring up to date")
    parser.flag("--no-builds", text="without what members and source archives are built with")
    _packed_options(parser)


def _cache_key_options(parser: OptionGroup) -> None:
    parser.flag("--prefix", text="show what the keys of all packs for this kind of machine begin with")
    _packed_options(parser)


def _packed_options(parser: OptionGroup) -> None:
    parser.repeat("--for", dest="package", metavar="MEMBER", text="only what this member needs (repeatable)")
    parser.flag("--frozen", text="use the lock as it is, without looking at the manifests")
    add_selection_options(parser)


def _cache_unpack_options(parser: OptionGroup) -> None:
    parser.word("file", metavar="FILE", text="the pack")
    parser.flag("--trust-builds", text="take what members are built with too; its code runs when they are")


def _cache_size_options(parser: OptionGroup) -> None:
    parser.flag("--bytes", text="show plain numbers of bytes")


def _python_list_options(parser: OptionGroup) -> None:
    parser.word("request", metavar="PYTHON", text="only interpreters that match: 3.12, pypy, >=3.11")
    parser.flag("--paths", text="show only the paths")


def _python_find_options(parser: OptionGroup) -> None:
    parser.word("request", metavar="PYTHON", text="what to look for: 3.12, pypy@3.11, >=3.11, a path")


def _python_pin_options(parser: OptionGroup) -> None:
    parser.word("request", metavar="PYTHON", text="version to write; without it, show the pinned one")
    parser.flag("--rm", text="remove the pin")


def _venv_options(parser: OptionGroup) -> None:
    parser.word("path", metavar="PATH", text="where to make it (default: .venv)")
    parser.value("--prompt", metavar="NAME", text="what the shell shows when it is active")
    parser.flag("--system-site-packages", text="let it see the interpreter's own packages")
    parser.flag("-c", "--clear", text="replace an environment that is there")


def _env_info_options(parser: OptionGroup) -> None:
    add_member_options(parser)
    parser.flag("-p", "--path", text="show only the path")
    parser.flag("-e", "--executable", text="show only the path of the interpreter")


def _env_list_options(parser: OptionGroup) -> None:
    parser.flag("--full-path", text="for Poetry's sake; paths are always whole", hidden=True)


def _env_remove_options(parser: OptionGroup) -> None:
    parser.words("pythons", metavar="PYTHON", text="with this Python or at this path (default: the one used here)")
    add_member_options(parser)
    parser.flag("--all", text="remove every environment of the workspace")


MACHINE = (
    Command(
        ("venv",),
        "venv",
        "Make a virtual environment",
        _venv_options,
        (("--python 3.12", "in .venv, with Python 3.12"), ("../try --prompt try", "somewhere else")),
        usage="[options] [PATH]",
        aliases=(("env", "create"),),
    ),
    Command(
        ("env", "info"),
        "env_info",
        "Describe the environment",
        _env_info_options,
        (("--path", "only where it is"), ("--package web --executable", "the interpreter one member uses")),
    ),
    Command(
        ("env", "check"),
        "env_check",
        "Look whether what is installed has what it needs",
        add_member_options,
        (("", "the environment that is used here"), ("--package web --json", "of one member, for scripts")),
    ),
    Command(
        ("env", "verify"),
        "env_verify",
        "Look whether the files of the environment are what was installed",
        add_member_options,
        (("", "every file against RECORD"), ("--package web --json", "of one member's environment, for scripts")),
    ),
    Command(
        ("env", "repair"),
        "env_repair",
        "Install again what is broken, from the cache and nothing else",
        add_member_options,
        (("", "exactly the packages that `env verify` finds"), ("--package web", "in one member's environment")),
    ),
    Command(
        ("env", "list"),
        "env_list",
        "List the workspace's environments",
        _env_list_options,
        (("", "all of them, with their Pythons"), ("--json", "for scripts")),
        aliases=(("env", "ls"),),
    ),
    Command(
        ("env", "remove"),
        "env_remove",
        "Remove an environment that Interlock made",
        _env_remove_options,
        (("3.12", "the one with this Python"), ("--package web", "one member's own")),
        usage="[options] [PYTHON ...]",
        aliases=(("env", "rm"),),
    ),
    Command(
        ("python", "list"),
        "python_list",
        "List the interpreters on this machine",
        _python_list_options,
        ((">=3.12", "only those in a range"), ("--json", "for scripts")),
        usage="[options] [PYTHON]",
        aliases=(("python", "ls"),),
    ),
    Command(
        ("python", "find"),
        "python_find",
        "Show the interpreter that would be used",
        _python_find_options,
        (("", "for the workspace"), ("3.12", "the first Python 3.12")),
        usage="[options] [PYTHON]",
    ),
    Command(
        ("python", "pin"),
        "python_pin",
        "Write .python-version",
        _python_pin_options,
        (("3.12", "use Python 3.12 here"), ("--rm", "forget it")),
        usage="[options] [PYTHON]",
    ),
    Command(
        ("cache", "dir"),
        "cache_dir",
        "Show where the cache is",
        no_options,
        (("", "the directory"), ("--cache-dir .cache", "the one a flag or variable chooses")),
    ),
    Command(
        ("cache", "size"),
        "cache_size",
        "Show how much the cache holds",
        _cache_size_options,
        (("", "by kind"), ("--bytes", "one number, for scripts")),
        aliases=(("cache", "list"),),
    ),
    Command(
        ("cache", "clean"),
        "cache_clean",
        "Remove what is cached, all of it or of some packages",
        _cache_clean_options,
        (("", "everything"), ("numpy scipy==1.14.0", "only what belongs to one package, and to one version")),
        usage="[options] [PACKAGE[==VERSION] ...]",
        aliases=(("cache", "clear"),),
    ),
    Command(
        ("cache", "verify"),
        "cache_verify",
        "Look whether what is cached is what was put there",
        _cache_verify_options,
        (("", "wheels, archives, builds, pages"), ("--repair", "drop what is not, to fetch or build it anew")),
    ),
    Command(
        ("cache", "gc"),
        "cache_gc",
        "Drop what was not used for longest until the cache fits, also while others use it",
        _cache_gc_options,
        (("--max-size 5GB", "on a runner that keeps its cache"), ("--max-size 0", "all that can be spared now")),
    ),
    Command(
        ("cache", "pack"),
        "cache_pack",
        "Put what a selection needs into one file, for a CI's own cache",
        _cache_pack_options,
        (
            ("-o deps.pack", "for every member; what deps.pack has already is not fetched again"),
            ("--for web --no-dev -o web.pack", "for one member, without its dev group"),
        ),
    ),
    Command(
        ("cache", "unpack"),
        "cache_unpack",
        "Put the files of a pack that the lock names into the cache",
        _cache_unpack_options,
        (
            ("deps.pack", "what the lock vouches for"),
            ("--trust-builds deps.pack", "all of it, so that `interlock sync --offline` builds members too"),
        ),
        usage="[options] FILE",
    ),
    Command(
        ("cache", "key"),
        "cache_key",
        "Show the key that a CI's cache keeps a pack under",
        _cache_key_options,
        (("", "by the files, the platform and the Python"), ("--prefix", "what older packs can be found by")),
    ),
    Command(
        ("cache", "prune"),
        "cache_prune",
        "Remove what nothing uses any more",
        _cache_prune_options,
        (("", "leftovers and old formats"), ("--ci", "before a CI job saves the cache")),
    ),
)
