"""Reading the command line."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from interlock.cli import commands
from interlock.cli.arguments import _ELSEWHERE, BadArgument, UnknownCommand, UnknownOption, make_parser, parse_arguments
from interlock.cli.help import command_help, group_help
from interlock.cli.overview import overview
from interlock.cli.table.command import Command
from interlock.cli.table.commands import COMMANDS, GROUPS
from interlock.cli.table.plugin import PLUGIN
from interlock.errors import UsageError


@pytest.mark.parametrize(
    "line",
    [
        "--offline -C somewhere -vv lock --check",
        "lock --check --offline -C somewhere -vv",
        "-v lock -v --check -Csomewhere --offline",
        "--directory=somewhere lock --offline --check --verbose --verbose",
    ],
)
def test_global_options_stand_before_and_after_the_command(line: str) -> None:
    values = parse_arguments(line.split()).values
    assert (values.offline, values.directory, values.verbose, values.check) == (True, "somewhere", 2, True)


def test_repeated_options_add_up_across_the_command() -> None:
    values = parse_arguments(["--index", "a=1", "lock", "--index", "b=2"]).values
    assert values.index == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cache dir", ("cache", "dir")),
        ("--json cache --offline dir", ("cache", "dir")),
        ("cache clear", ("cache", "clean")),
        ("env create", ("venv",)),
        ("list", ("show",)),
        ("-qq workspace ls", ("workspace", "list")),
        ("help python pin", ("python", "pin")),
        ("serve --listen :80 --data here", ("serve",)),
        ("-q serve --data here token --json create --scope read", ("serve", "token", "create")),
        ("serve token", ("serve", "token")),
    ],
)
def test_commands_have_one_to_three_words_and_aliases(line: str, words: tuple[str, ...]) -> None:
    assert parse_arguments(line.split()).words == words


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("run pytest -x --frozen", ("pytest", "-x", "--frozen")),
        ("run --package web pytest --help", ("pytest", "--help")),
        ("run -- --odd", ("--odd",)),
        ("run sh -c x -- y", ("sh", "-c", "x", "--", "y")),
        ("--offline run -p 3.12 -v python -V", ("python", "-V")),
        ("run", ()),
    ],
)
def test_run_leaves_everything_after_the_program_alone(line: str, rest: tuple[str, ...]) -> None:
    assert parse_arguments(line.split()).rest == rest


def test_run_keeps_its_own_options_before_the_program() -> None:
    request = parse_arguments(["run", "-m", "--package", "web", "--no-sync", "http.server", "-m"])
    assert (request.values.module, request.values.package, request.values.no_sync) == (True, ["web"], True)
    assert request.rest == ("http.server", "-m")


@pytest.mark.parametrize(
    ("poetry", "uv"),
    [
        ("-E web", "--extra web"),
        ("--extras web", "--extra web"),
        ("--sync", "--exact"),
        ("--compile", "--compile-bytecode"),
    ],
)
def test_selection_reads_the_same_in_both_spellings(poetry: str, uv: str) -> None:
    one = parse_arguments(["install", *poetry.split()]).values
    other = parse_arguments(["install", *uv.split()]).values
    assert one == other
    assert one != parse_arguments(["install"]).values


@pytest.mark.parametrize(
    ("line", "error", "message", "hint"),
    [
        ("lcok", UnknownCommand, "`interlock` has no command `lcok`.", "Did you mean `interlock lock`?"),
        (
            "cache prun",
            UnknownCommand,
            "`interlock cache` has no command `prun`.",
            "Did you mean `interlock cache prune`?",
        ),
        (
            "serve tokne",
            UnknownCommand,
            "`interlock serve` has no command `tokne`.",
            "Did you mean `interlock serve token`?",
        ),
        ("serve token mkae", UnknownCommand, "`interlock serve token` has no command `mkae`.", ""),
        (
            "cache zzz",
            UnknownCommand,
            "",
            "Commands: clean, clear, dir, gc, key, list, pack, prune, size, unpack, verify.",
        ),
        ("lock --chekc", UnknownOption, "`interlock lock` has no option `--chekc`.", "Did you mean `--check`?"),
        ("lock --ofline", UnknownOption, "`interlock lock` has no option `--ofline`.", "Did you mean `--offline`?"),
        ("--ofline lock", UnknownOption, "`interlock` has no option `--ofline`.", "Did you mean `--offline`?"),
        ("run --packge web x", UnknownOption, "", "Did you mean `--package`?"),
        ("--check lock", UnknownOption, "", "Options of a command come after it: `interlock lock --check`."),
        ("lock -Z", UnknownOption, "`interlock lock` has no option `-Z`.", "See `interlock lock --help`."),
        ("lock --color blue", BadArgument, "--color: `blue` is not one of auto, always, never.", ""),
        ("tree --depth many", BadArgument, "-d/--depth: `many` is not a whole number.", ""),
        ("lock --cache-dir", BadArgument, "`--cache-dir` needs a value: DIR.", "See `interlock lock --help`."),
        ("lock --merge a b", BadArgument, "`--merge` needs a value: BASE OURS THEIRS.", ""),
        ("cache --foo", UnknownOption, "`interlock` has no option `--foo`.", "See `interlock --help`."),
        ("nonsense", UnknownCommand, "`interlock` has no command `nonsense`.", "See `interlock --help`."),
        ("uninstall x", UnknownCommand, "", "Here it is `interlock remove`."),
        (
            "sync web",
            BadArgument,
            "`web` is one argument too many.",
            "A member is named with `--package web`. See `interlock sync --help`.",
        ),
        ("about now", BadArgument, "`now` is one argument too many.", "See `interlock about --help`."),
        ("python find 3.12 3.13", BadArgument, "`3.13` is one argument too many.", ""),
        ("lock --upgra", UnknownOption, "", "Did you mean `--upgrade`?"),
    ],
)
def test_mistakes_are_answered_with_what_was_meant(line: str, error: type[UsageError], message: str, hint: str) -> None:
    with pytest.raises(error) as caught:
        parse_arguments(line.split())
    assert caught.value.exit_code == 2
    assert not message or caught.value.message == message
    assert not hint or caught.value.hint == hint


def test_words_of_other_tools_lead_to_commands_that_exist() -> None:
    for word, ours in _ELSEWHERE.items():
        assert word not in {words[0] for command in COMMANDS for words in (command.words, *command.aliases)}
        for line in ours.split("` or `interlock "):
            assert parse_arguments(line.split()).command is not None


def test_the_overview_fits_a_screen_and_names_every_command() -> None:
    lines = overview().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    named = [
        name
        for line in lines
        if line.startswith("  ") and line[2].isalpha()
        for name in line[2:28].rstrip().split(", ")
    ]
    assert sorted(named) == sorted({command.words[0] for command in COMMANDS})


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command.words))
def test_each_command_has_help_with_two_examples_that_parse(command: object) -> None:
    assert command in COMMANDS
    (found,) = [entry for entry in COMMANDS if entry is command]
    assert len(found.examples) == 2
    for arguments, meaning in found.examples:
        assert meaning
        assert parse_arguments([*found.words, *arguments.split()]).command is found
    text = command_help(found)
    assert text.startswith(found.summary)
    assert text.count("  # ") == 2
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_lists_its_commands(group: str) -> None:
    words = tuple(group.split())
    text = group_help(words)
    below = [command.words[len(words)] for command in COMMANDS if command.words[: len(words)] == words]
    assert below
    for word in below:
        assert f"  {word} " in text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command.words))
def test_each_command_is_carried_out_somewhere(command: Command) -> None:
    module, _, function = command.module.partition(":")
    assert callable(getattr(import_module(f"interlock.cli.commands.{module}"), function or "run"))


def test_every_module_of_a_command_is_used() -> None:
    used = {command.module.partition(":")[0] for command in (*COMMANDS, PLUGIN)}
    assert {path.stem for path in Path(commands.__file__).parent.glob("[!_]*.py")} == used


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("build -f wheel", "format", "wheel"),
        ("export -f requirements.txt", "format", "requirements.txt"),
        ("show -f json", "format", "json"),
        ("env info -p", "path", True),
        ("publish -p secret", "password", "secret"),
        ("lock -f links", "find_links", ["links"]),
        ("lock -p 3.12", "python", "3.12"),
    ],
)
def test_a_letter_means_what_it_means_elsewhere(line: str, name: str, value: object) -> None:
    assert getattr(parse_arguments(line.split()).values, name) == value


def test_only_letters_are_taken_from_the_options_of_every_command() -> None:
    everywhere = set(make_parser(None).option_names)
    for command in COMMANDS:
        assert everywhere <= set(make_parser(command).option_names), command.words


def test_no_two_commands_share_a_name() -> None:
    names = [words for command in COMMANDS for words in (command.words, *command.aliases)]
    assert len(names) == len(set(names))


def test_poetry_selects_like_uv() -> None:
    line = "install --with docs,lint --without test --only main --no-root --no-directory --extras a"
    values = parse_arguments(line.split()).values
    assert (values.with_group, values.without_group, values.only) == (["docs,lint"], ["test"], ["main"])
    assert (values.no_root, values.no_directory, values.extra) == (True, True, ["a"])
