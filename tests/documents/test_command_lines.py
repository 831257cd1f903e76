"""Every command line that we show anyone can be typed: in documents, in help, in explanations, in messages."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.cli.arguments import parse_arguments
from interlock.cli.explanations import explanations
from interlock.cli.table.command import Command
from interlock.cli.table.commands import COMMANDS
from interlock.errors import UsageError
from tests.architecture import ROOT, Module, modules
from tests.documents.links import documents

_LATER = ("&&", "|", ";", ">", "#")


def wrong(line: str) -> str:
    """What the command line says to a line without its first word; "" when it understands it.

    A word in capitals in the place of a command stands for any, and an option may be named without its value.
    """
    words = shlex.split(line, comments=True)
    if words[0].isupper():
        return ""
    try:
        parse_arguments(words[: next((at for at, word in enumerate(words) if word in _LATER), len(words))])
    except UsageError as error:
        return "" if "needs a value" in error.message else f"interlock {line}: {error}"
    return ""


def quoted(text: str) -> Iterator[str]:
    """What stands between backticks, on one line or on two."""
    for line in re.findall(r"`interlock ([^`]+)`", text):
        yield " ".join(line.split())


def typed(text: str) -> Iterator[str]:
    """What stands in blocks for the shell."""
    for block in re.findall(r"^```(?:sh|dockerfile)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            yield from (part for part in re.findall(r"(?:^|/| )interlock ((?:[^&'\"]|'[^']*')+)", line))


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_those_in_documents(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    inline = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not [said for line in (*typed(text), *quoted(inline.replace("\\|", "|"))) if (said := wrong(line))]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_those_in_help(command: Command) -> None:
    lines = [" ".join((*command.words, arguments)) for arguments, _ in command.examples]
    assert lines
    assert not [said for line in lines if (said := wrong(line))]


def test_those_in_explanations() -> None:
    lines = [line for one in explanations() for text in (one.means, one.remedy) for line in quoted(text)]
    assert not [said for line in lines if (said := wrong(line))]


@pytest.mark.parametrize("module", modules().values(), ids=lambda module: module.name)
def test_those_in_messages(module: Module) -> None:
    told = [node.value for node in ast.walk(module.tree) if isinstance(node, ast.Expr)]
    texts = [node for node in ast.walk(module.tree) if isinstance(node, ast.Constant) and node not in told]
    lines = [line for text in texts if isinstance(text.value, str) for line in quoted(text.value)]
    assert not [said for line in lines if (said := wrong(line))]
