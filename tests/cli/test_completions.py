"""Completions: the words that may come next, and the scripts in the shells that they are for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.terminal import Screen


@pytest.fixture
def shop(workspace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The workspace as the working directory, and the program on ``PATH`` as ``interlock``."""
    (workspace / "apps/web/pyproject.toml").write_text(
        '[project]\nname = "web"\nversion = "3.0"\n[project.optional-dependencies]\nfast = []\n'
        "[dependency-groups]\ndocs = []\n"
    )
    program = tmp_path / "bin/interlock"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m interlock "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(workspace)
    return workspace


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("sync --package ", "catalog web"),
        ("sync --package w", "web"),
        ("sync --package=w", "--package=web"),
        ("sync --package = w", "web"),
        ("sync --package =", "catalog web"),
        ("sync --package web --package ", "catalog web"),
        ("--color never sync --package w", "web"),
        ("sync --group ", "docs"),
        ("sync -E f", "fast"),
        ("outd", "outdated"),
        ("-C apps wo", "workspace"),
        ("cache pr", "prune"),
        ("cache ", "clean clear dir gc key list pack prune size unpack verify"),
        ("sync --all-p", "--all-packages"),
        ("add --bounds m", "major minor"),
        ("--col", "--color"),
        ("sync --cache-dir ", ""),
        ("run --package web ", ""),
        ("lcok --", ""),
        ("sync --offline --package w", "web"),
    ],
)
def test_completed_words(run: Run, shop: Path, typed: str, words: str) -> None:
    result = run("completions", "words", "--", *typed.split(" "))
    assert (result.code, result.out.split()) == (0, words.split())


def test_members_of_another_place(run: Run, shop: Path, tmp_path: Path) -> None:
    assert run("completions", "words", "--", "-C", str(tmp_path), "sync", "--package", "").out == ""
    assert run("completions", "words", "--", "-C", str(shop / "apps"), "sync", "--package", "w").out == "web\n"


def test_an_unknown_shell(run: Run) -> None:
    assert run("completions", "tcsh").code == 2
    assert run("completions").code == 2
    assert run("completions", "pwsh").out == run("completions", "powershell").out != ""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "found"), [("interlock sync --package ''", "catalog web"), ("interlock sy", "sync")], ids=str
)
def test_bash(run: Run, shop: Path, tmp_path: Path, words: str, found: str) -> None:
    script = tmp_path / "interlock.bash"
    script.write_text(run("completions", "bash").out)
    program = (
        f"source {script}; COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); _interlock; "
        'printf "%s\\n" "${COMPREPLY[@]}"; complete -p interlock'
    )
    done = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("complete ")[0].split() == found.split()
    assert "-F _interlock interlock" in done.stdout


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
@pytest.mark.parametrize(
    ("line", "found"),
    [("interlock sync --package ", "catalog web"), ("interlock sy", "sync"), ("interlock export -o app", "apps/")],
)
def test_fish(run: Run, shop: Path, tmp_path: Path, line: str, found: str) -> None:
    script = tmp_path / "interlock.fish"
    script.write_text(run("completions", "fish").out)
    program = f"source {script}; complete -C '{line}'"
    done = subprocess.run(["fish", "--no-config", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == found.split()


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh(run: Run, shop: Path, tmp_path: Path) -> None:
    script = tmp_path / "_interlock"
    script.write_text(run("completions", "zsh").out)
    with Screen(["zsh", "-f", "-i"]) as shell:
        setup = f"PS1='> '; autoload -Uz compinit; compinit -u -d {tmp_path}/dump; source {script}; echo rea''dy"
        shell.type(f"{setup}\n")
        shell.wait_for("ready")
        shell.type("interlock sync --package w\t")
        shell.wait_for("web")
        shell.type("\x15interlock sync --package \t")
        shell.wait_for("catalog  web")
        shell.type("\x15interlock outd\t")
        shell.wait_for("ated")
