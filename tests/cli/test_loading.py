"""What each command loads: the rooms of ours and the libraries that it uses, and none besides."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.cli.table.commands import COMMANDS
from tests.release_trees import member, root

ROOMS = {
    "build",
    "core",
    "envs",
    "git",
    "index",
    "install",
    "ops",
    "publish",
    "resolution",
    "service",
    "store",
    "toolchain",
    "workspace",
}
LIBRARIES = {
    "anyio", "argparse", "asyncio", "email", "granian", "httpx", "isal", "keyring", "packageurl",
    "packaging", "platformdirs", "prometheus_client", "pyreqwest", "rich", "starlette", "tomllib", "twine", "uvloop",
    "zipfile",
}  # fmt: skip

HTTP = {"pyreqwest": "http", "httpx": "http"}
"""The first where it is installed."""
WORDS = ""
PLAIN = "core store workspace | argparse platformdirs"
_ASYNC = "anyio argparse asyncio packaging platformdirs uvloop"
LOOKING = f"core ops store workspace | {_ASYNC}"
LOCKED = f"core ops resolution store workspace | {_ASYNC}"
PYTHONS = f"core envs ops store toolchain workspace | {_ASYNC}"
ON_THIS_MACHINE = f"core envs ops resolution store toolchain workspace | {_ASYNC}"
IN_SYNC = (
    "build core envs install ops resolution store toolchain workspace | "
    "anyio argparse asyncio isal packaging platformdirs tomllib uvloop"
)
RUNNING = f"index {IN_SYNC}"

LOADED = {
    "--version": WORDS,
    "--help": WORDS,
    "lock --help": "| argparse",
    "cache --help": "| argparse",
    "cache dir": PLAIN,
    "workspace list": PLAIN,
    "workspace graph": PLAIN,
    "completions words -- sync --package w": PLAIN,
    "about": PLAIN,
    "auth token inner": "core store toolchain workspace | argparse platformdirs tomllib",
    "config --list": f"core ops store toolchain workspace | {_ASYNC} tomllib",
    "source show": "core ops store workspace | anyio argparse packaging platformdirs tomllib",
    "lock --check": LOCKED,
    "lock": LOCKED,
    "check": f"{LOCKED} tomllib",
    "tree": ON_THIS_MACHINE,
    "show": ON_THIS_MACHINE,
    "env info": PYTHONS,
    "env activate": PYTHONS,
    "python find": PYTHONS,
    "licenses": f"{ON_THIS_MACHINE} email",
    "init": f"{LOOKING} tomllib",
    "sync": IN_SYNC,
    "run --no-sync true": RUNNING,
}
"""Rooms and libraries by the command line, in a workspace that is locked and synced. `packageurl` is the address of
the public index, `isal` inflates wheels, `zipfile` opens them: what only looks does without all of these."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("loading") / "shop"
    (root / "apps/web").mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.interlock.workspace]\nmembers = ["apps/*"]\n')
    (root / "apps/web/pyproject.toml").write_text(
        '[project]\nname = "web"\nversion = "1"\nrequires-python = ">=3.11"\n'
    )
    for line in (["lock"], ["sync", "--all-packages"]):
        subprocess.run([sys.executable, "-m", "interlock", *line], cwd=root, env=_environ(root), check=True)
    return root


def _environ(root: Path) -> dict[str, str]:
    return {
        **os.environ,
        "INTERLOCK_CACHE_DIR": str(root.parent / "cache"),
        "INTERLOCK_NO_INDEX": "1",
        "INTERLOCK_PYTHON": sys.executable,
        "XDG_CONFIG_HOME": str(root.parent / "config"),
    }


def _loaded(root: Path, *arguments: str) -> set[str]:
    code = (
        "import sys\nfrom interlock.cli.main import main\nmain(sys.argv[1:])\n"
        "print('\\n'.join(['modules:', *sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=root,
        env=_environ(root),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stderr.partition("modules:\n")[2].splitlines())


@pytest.mark.parametrize("line", LOADED)
def test_a_command_loads_what_it_uses(place: Path, line: str, tmp_path: Path) -> None:
    # `-q` keeps the quick answers away, which load less than anything.
    arguments = line.split() if "completions" in line or "run" in line else [*line.split(), "-q"]
    if line == "init":
        place = tmp_path  # what it leaves must not be there for the others
    loaded = _loaded(place, *(line.split() if line.startswith("--") else arguments))
    rooms = {name.split(".")[1] for name in loaded if name.startswith("interlock.")} & ROOMS
    libraries = {HTTP.get(name, name) for name in {name.partition(".")[0] for name in loaded} & LIBRARIES}
    expected_rooms, _, expected = LOADED[line].partition("|")
    assert (rooms, libraries) == (set(expected_rooms.split()), set(expected.split()))


def test_only_the_command_itself_is_loaded(place: Path) -> None:
    names = [name for name in _loaded(place, "cache", "dir") if name.startswith("interlock.cli.commands.")]
    assert names == ["interlock.cli.commands.cache_dir"]


def test_what_was_built_before_is_installed_without_what_asks_and_builds(tmp_path: Path) -> None:
    shop = root(tmp_path / "shop")
    member(shop, "catalog")
    member(shop, "web", needs=["catalog"], more="\n[tool.interlock.sources]\ncatalog = { workspace = true }\n")
    line = ("sync", "--all-packages", "--no-editable")
    subprocess.run([sys.executable, "-m", "interlock", *line], cwd=shop, env=_environ(shop), check=True)
    shutil.rmtree(shop / ".venv")
    loaded = _loaded(shop, *line, "-q")
    assert "interlock.install.transaction" in loaded
    assert not {name for name in loaded if name.startswith(("interlock.index", "pyreqwest", "httpx", "zipfile"))}
    assert "packaging.markers" not in loaded


def test_the_words_of_help_load_no_table(place: Path) -> None:
    for line in ("--version", "--help"):
        loaded = _loaded(place, line)
        ours = {name for name in loaded if name.startswith("interlock.cli.")}
        assert ours <= {f"interlock.cli.{name}" for name in ("loading", "main", "overview", "render")}
        assert not loaded & {"typing", "re", "msgspec", "dataclasses"} - _bare()


def _bare() -> set[str]:
    """What this interpreter loads for nothing at all; its site-packages may make it load more than others do."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; print('\\n'.join(sys.modules))"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


@pytest.mark.skipif(sys.platform == "win32", reason="the processor time of a child")
@pytest.mark.parametrize("line", ["--version", "--help"])
def test_the_words_of_help_are_there_at_once(line: str) -> None:
    """40 milliseconds of a processor over the interpreter's own, which holds on a busy machine too."""
    bare = [_processor_time([sys.executable, "-c", "pass"]) for _ in range(7)]
    ours = [_processor_time([sys.executable, "-m", "interlock", line]) for _ in range(7)]
    assert statistics.median(ours) - statistics.median(bare) < 0.040


def _processor_time(command: list[str]) -> float:
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    _, status, used = os.wait4(os.posix_spawn(command[0], command, os.environ, file_actions=nowhere), 0)
    assert status == 0
    return used.ru_utime + used.ru_stime


def test_lines_name_commands() -> None:
    known = {words for command in COMMANDS for words in (command.words, *command.aliases)}
    for line in LOADED:
        words = tuple(word for word in line.split() if not word.startswith("-"))
        assert not words or words[:1] in known or words[:2] in known or words == ("cache",)
