"""The hooks that others name in their pre-commit configuration are commands that exist."""

from __future__ import annotations

import re
import shlex

from interlock.cli.arguments import parse_arguments
from tests.architecture import ROOT


def test_every_hook_is_a_command() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"^  entry: (.+)$", text, re.MULTILINE)
    assert {entry.split()[1] for entry in entries} == {"lock", "check", "export", "install"}
    for entry in entries:
        program, *arguments = shlex.split(entry)
        assert program == "interlock"
        parse_arguments(arguments)
