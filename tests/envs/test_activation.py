"""Activation scripts in the shells that they are for: what was there before comes back, whoever took its place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

from interlock.envs.environments import create_environment
from interlock.envs.interpreters import Interpreter

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX shells")
POSIX = ["sh", "bash", "zsh", "dash", "ksh"]
CSH = ["csh", "tcsh", "bsd-csh"]
MAKERS = ["venv", "virtualenv", "uv"]
AWKWARD = ["plain", "it's an env $HOME", "two\nlines", "a  b!c"]


def run(shell: str, lines: list[str], **variables: str) -> list[str]:
    """What a shell writes that is fed with lines; skips where there is no such shell."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here")
    outside = {name: value for name, value in os.environ.items() if "VIRTUAL" not in name and name != "PYTHONHOME"}
    done = subprocess.run(
        [program, *(["-f"] if shell in CSH else [])],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**outside, **variables},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\n")[:-1]


def foreign(maker: str, path: Path) -> Path:
    """An environment of another tool; skips where there is no such tool."""
    if maker == "venv":
        venv.create(path, symlinks=True)
    elif maker == "uv":
        program = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
        if not os.path.exists(program):
            pytest.skip("uv is not here")
        subprocess.run([program, "venv", "-q", "-p", sys.executable, path], check=True)
    else:
        if find_spec("virtualenv") is None:
            pytest.skip("virtualenv is not here")
        subprocess.run([sys.executable, "-m", "virtualenv", "-q", "--no-seed", path], check=True)
    return path


@pytest.mark.parametrize("folder", AWKWARD)
@pytest.mark.parametrize("shell", POSIX)
def test_activation_and_its_undoing(tmp_path: Path, interpreter: Interpreter, shell: str, folder: str) -> None:
    made = create_environment(tmp_path / folder, interpreter, prompt="my 'prompt'")
    lines = [
        'set -eu; before=$PATH; PS1="> "; . "$ACTIVATE"; python -c "$SHOW"; echo "$VIRTUAL_ENV"; echo "$PS1"',
        'deactivate; [ "$PATH" = "$before" ] && echo "restored $PS1"; echo "${VIRTUAL_ENV-unset}"',
        '. "$ACTIVATE"; . "$ACTIVATE"; deactivate; [ "$PATH" = "$before" ] && echo "$PS1${_OLD_VIRTUAL_PS1-}"',
    ]
    show = "import sys; print(sys.executable)"
    out = run(shell, lines, ACTIVATE=os.path.join(made.scripts, "activate"), SHOW=show)
    wanted = [made.python, str(tmp_path / folder), "(my 'prompt') > ", "restored > ", "unset", "> "]
    assert "\n".join(out) == "\n".join(wanted)


@pytest.mark.parametrize("folder", AWKWARD)
def test_activation_in_fish(tmp_path: Path, interpreter: Interpreter, folder: str) -> None:
    made = create_environment(tmp_path / folder, interpreter, prompt="my 'prompt'")
    lines = [
        "function fish_prompt; echo one; echo 'two> '; end",
        'function path; string join : $PATH; end; set before (path); source "$ACTIVATE"',
        'command -v python; echo "$VIRTUAL_ENV"; fish_prompt; deactivate',
        'test "$before" = (path); and echo restored; set -q VIRTUAL_ENV; or echo unset; fish_prompt',
        'source "$ACTIVATE"; source "$ACTIVATE"; deactivate; test "$before" = (path); and echo restored; fish_prompt',
    ]
    out = run("fish", lines, ACTIVATE=os.path.join(made.scripts, "activate.fish"), HOME=str(tmp_path))
    before = ["one", "two> "]
    wanted = [made.python, str(tmp_path / folder), "(my 'prompt') one", "two> ", "restored", "unset", *before]
    assert "\n".join(out) == "\n".join([*wanted, "restored", *before])


@pytest.mark.parametrize("folder", AWKWARD)
@pytest.mark.parametrize("shell", CSH)
def test_activation_in_csh(tmp_path: Path, interpreter: Interpreter, shell: str, folder: str) -> None:
    made = create_environment(tmp_path / folder, interpreter, prompt="my 'prompt'")
    lines = [
        *('set before = "$PATH"', 'set prompt="a  b\\', '%# "', "source $ACTIVATE:q", "which python"),
        *("echo $VIRTUAL_ENV:q", "echo $prompt:q", "deactivate", 'if ("$PATH" == "$before") echo restored'),
        *("if (! $?VIRTUAL_ENV) echo unset", "echo $prompt:q", "source $ACTIVATE:q", "source $ACTIVATE:q"),
        *("deactivate", 'if ("$PATH" == "$before") echo restored', "echo $prompt:q", "alias deactivate"),
    ]
    out = run(shell, lines, ACTIVATE=os.path.join(made.scripts, "activate.csh"))
    before = ["a  b", "%# "]
    wanted = [str(tmp_path / folder), "(my 'prompt') a  b", "%# ", "restored", "unset", *before, "restored", *before]
    assert "\n".join(out).endswith("\n".join(wanted))
    assert shell == "bsd-csh" or "\n".join(out) == "\n".join([made.python, *wanted])


@pytest.mark.parametrize(
    "before",
    [[], ["unset prompt"], ['set prompt="> "', "setenv VIRTUAL_ENV_DISABLE_PROMPT 1"], ['set prompt="> "']],
)
@pytest.mark.parametrize("shell", CSH)
def test_undoing_in_csh_without_a_prompt_and_twice(
    tmp_path: Path, interpreter: Interpreter, shell: str, before: list[str]
) -> None:
    made = create_environment(tmp_path / "env", interpreter)
    shown = ["echo $prompt:q"] if any("> " in line for line in before) else []
    lines = [
        *(*before, 'set was="$PATH"', "source $ACTIVATE:q", "deactivate nondestructive", "deactivate"),
        *('if ("$was" == "$PATH") echo restored', "echo $?VIRTUAL_ENV $?_OLD_VIRTUAL_PATH $?_OLD_VIRTUAL_PROMPT"),
    ]
    out = run(shell, [*lines, *shown], ACTIVATE=os.path.join(made.scripts, "activate.csh"))
    assert out == ["restored", "0 0 0", *(["> "] if shown else [])]


_WORDS = {
    "sh": ("activate", 'PS1="> "; PYTHONHOME=/h; export PYTHONHOME', 'echo "$PATH ${PYTHONHOME-}"'),
    "fish": ("activate.fish", "set -gx PYTHONHOME /h", 'echo (string join : $PATH) "$PYTHONHOME"'),
    "csh": ("activate.csh", 'set prompt="> "', 'echo "$PATH "'),
    "tcsh": ("activate.csh", 'set prompt="> "', 'echo "$PATH "'),
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("shell", [*POSIX, "fish", "csh", "tcsh"])
def test_another_tool_s_environment_takes_the_place_of_ours_and_back(
    tmp_path: Path, interpreter: Interpreter, shell: str, maker: str
) -> None:
    ours = create_environment(tmp_path / "ours", interpreter)
    theirs = foreign(maker, tmp_path / "theirs")
    name, start, show = _WORDS.get(shell, _WORDS["sh"])
    source = "source" if name != "activate" else "."
    first, second = (f'{source} "{folder}/bin/{name}"' for folder in (Path(ours.root), theirs))
    outside = "/usr/bin:/bin"
    for lines in ([first, second], [second, first], [first, second, first, second, first]):
        out = run(shell, [start, *lines, show, "deactivate", show], HOME=str(tmp_path), PATH=outside)
        inside = "ours" if lines[-1] == first else "theirs"
        after = "" if shell in CSH else "/h"
        assert out == [f"{tmp_path / inside / 'bin'}:{outside} ", f"{outside} {after}"], lines


def test_a_prompt_with_a_line_break_stays_one_line_of_the_configuration(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    made = create_environment(tmp_path / "env", interpreter, prompt="a\nhome = /evil\r\nb")
    lines = Path(made.root, "pyvenv.cfg").read_text().splitlines()
    assert [line for line in lines if line.startswith(("home", "prompt"))][1:] == ["prompt = a home = /evil b"]
