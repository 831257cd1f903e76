"""The commands of the service: starting it, and its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.table.command import Command

if TYPE_CHECKING:
    from interlock.cli.table.option_group import OptionGroup

__all__ = ["SERVICE"]


def _data_option(parser: OptionGroup) -> None:
    parser.value("--data", metavar="DIR", text="what the service keeps (default: a folder of yours)")


def _serve_options(parser: OptionGroup) -> None:
    parser.value("--listen", metavar="HOST:PORT", text="or unix:PATH (default: a free port of loopback)")
    _data_option(parser)
    parser.value("--config", metavar="FILE", text="indexes, tokens and limits (TOML); read again on SIGHUP")
    parser.number("--workers", metavar="N", text="processes that solve (default: one per processor)")


def _token_create_options(parser: OptionGroup) -> None:
    _data_option(parser)
    parser.repeat("--scope", dest="scope", metavar="SCOPES", text="what it may do (default: read,lock)")
    parser.repeat("--only-index", dest="only_index", metavar="NAMES", text="the only indexes that it may use")
    parser.value("--name", metavar="NAME", text="whose it is (default: token)")
    parser.value("--expires", metavar="WHEN", text="when it ends: 30 days, 12 hours, 2027-01-31")


def _gc_options(parser: OptionGroup) -> None:
    _data_option(parser)
    parser.value("--config", metavar="FILE", text="the service's configuration, whose [retention] counts")
    parser.number("--max-bytes", metavar="N", text="keep at most so much, whatever the configuration says")
    parser.number("--max-idle-days", metavar="N", text="drop what was not used for so long")


def _warm_options(parser: OptionGroup) -> None:
    parser.value("--lock", metavar="FILE", text="the lock that names what is fetched")
    _data_option(parser)
    parser.value("--config", metavar="FILE", text="the service's configuration, whose indexes count")


def _token_list_options(parser: OptionGroup) -> None:
    _data_option(parser)


def _token_revoke_options(parser: OptionGroup) -> None:
    parser.words("tokens", metavar="ID", text="the eight digits after `interlock_`, as `token list` shows them")
    _data_option(parser)


SERVICE = (
    Command(
        ("serve",),
        "serve",
        "Make locks and serve indexes for many clients, until it is ended",
        _serve_options,
        (("", "on this machine, for this machine"), ("--listen :8443 --config service.toml", "for a team")),
    ),
    Command(
        ("serve", "gc"),
        "serve_gc",
        "Drop what the service has not to keep, also while it runs",
        _gc_options,
        (("--config service.toml", "as its configuration says"), ("--max-bytes 5000000000", "until it fits")),
    ),
    Command(
        ("serve", "warm"),
        "serve_warm",
        "Fetch what a lock names for the service, also while it runs",
        _warm_options,
        (
            ("--lock interlock.lock", "before the runners ask"),
            ("--lock interlock.lock --config service.toml", "from its indexes"),
        ),
    ),
    Command(
        ("serve", "pack-key"),
        "serve_pack_key",
        "Show the key that the service signs packs with, for its clients to believe",
        _data_option,
        (("--data DIR", "a line for their files of keys"), ("--data DIR --json", "for a script")),
    ),
    Command(
        ("serve", "token", "create"),
        "serve_token_create",
        "Make a token, also while the service runs",
        _token_create_options,
        (
            ("--scope read,lock --name ci", "for locks and installs; the last line is the token"),
            ("--expires 2027-01-31 --only-index pypi", "for a while, and one index"),
        ),
    ),
    Command(
        ("serve", "token", "list"),
        "serve_token_list",
        "List the tokens that were made",
        _token_list_options,
        (("", "by the day they were made"), ("--json", "for scripts")),
    ),
    Command(
        ("serve", "token", "revoke"),
        "serve_token_revoke",
        "Revoke tokens, at once",
        _token_revoke_options,
        (("0a1b2c3d", "the one with this id"), ("0a1b2c3d 4e5f6a7b", "several")),
        usage="[options] ID ...",
    ),
)
