"""What a person and a script see: stdout, stderr and the exit code."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import interlock
from interlock.cli import main as entry
from interlock.cli.loop import run_to_end
from interlock.cli.render import Terminal
from interlock.core.lock.freshness import LockOutdated
from interlock.core.settings.variables import InvalidSetting
from interlock.errors import InterlockError, first_error, first_reason, redact
from tests.cli.conftest import Run


@pytest.mark.parametrize("line", [["--version"], ["-V"], ["lock", "--version"], ["--offline", "--version"]])
def test_version(run: Run, line: list[str]) -> None:
    assert run(*line) == (0, f"interlock {interlock.__version__}\n", "")


@pytest.mark.parametrize("line", ["--help", "-h", "help", "lock --help", "help lock", "cache -h", "run --help"])
def test_help_goes_to_stdout(run: Run, line: str) -> None:
    code, out, err = run(*line.split())
    assert (code, err) == (0, "")
    assert "Usage: interlock" in out


def test_no_command_is_a_usage_error(run: Run) -> None:
    assert run() == (2, "", "error[no-command]: `interlock` needs a command.\n\nhint: See `interlock --help`.\n")
    assert run("cache") == (
        2,
        "",
        "error[no-command]: `interlock cache` needs a command.\n\nhint: See `interlock cache --help`.\n",
    )


def test_an_error_is_said_once_with_code_and_hint(run: Run) -> None:
    assert run("lokc") == (
        2,
        "",
        "error[unknown-command]: `interlock` has no command `lokc`.\n\nhint: Did you mean `interlock lock`?\n",
    )


def test_an_error_is_a_document_with_json(run: Run) -> None:
    result = run("lokc", "--json")
    assert result.code == 2
    assert result.json() == {
        "error": {
            "code": "unknown-command",
            "message": "`interlock` has no command `lokc`.",
            "hint": "Did you mean `interlock lock`?",
            "facts": {"command": "lokc"},
        }
    }
    assert result.err.startswith("error[unknown-command]")


def test_json_can_be_asked_for_by_variable(run: Run, monkeypatch: pytest.MonkeyPatch, workspace: Path) -> None:
    monkeypatch.setenv("INTERLOCK_JSON", "1")
    result = run("-C", workspace, "workspace", "list", "--paths")
    assert [member["name"] for member in result.json()["members"]] == ["catalog", "web"]
    failed = run("-C", workspace, "env", "info", "--package", "nope")
    assert failed.json()["error"]["code"] == "unknown-member"


def test_color_is_on_when_forced_and_off_away_from_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[31;1merror[no-command]\x1b[0m" in run("cache", "--color=always").err
    assert "\x1b" not in run("cache").err
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[31;1m" in run("cache").err
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("cache").err


def test_a_bad_variable_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_OFFLINE", "perhaps")
    assert run("cache", "dir") == (
        2,
        "",
        "error[invalid-setting]: INTERLOCK_OFFLINE is `perhaps`, which is neither true nor false.\n\n"
        "hint: Use 1 or 0, or unset it.\n",
    )


def test_directory_and_project(run: Run, workspace: Path, tmp_path: Path) -> None:
    assert run("workspace", "list", "--directory", workspace).out == "catalog  packages/catalog\nweb      apps/web\n"
    assert run("--project", workspace / "apps" / "web", "workspace", "list").code == 0
    assert run("--project", workspace / "pyproject.toml", "workspace", "list").code == 0
    missing = run("-C", tmp_path / "nowhere", "workspace", "list")
    assert missing.code == 2
    assert missing.err == f"error[no-directory]: --directory is `{tmp_path / 'nowhere'}`, which is not a directory.\n"
    assert "`-c KEY=VALUE`" in run("build", "-C", "key=value").err


def test_directory_by_variable(run: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(workspace))
    assert run("workspace", "list").out.startswith("catalog")


def test_no_workspace_is_an_error_of_the_world(run: Run, tmp_path: Path) -> None:
    result = run("-C", tmp_path, "workspace", "list")
    assert result.code == 1
    assert result.err.startswith("error[no-project]: There is no `pyproject.toml`")


def test_user_configuration_with_an_unknown_key(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text('cache-dri = "x"\n')
    monkeypatch.setenv("INTERLOCK_CONFIG_FILE", str(file))
    assert run("cache", "dir") == (
        1,
        "",
        f"error[user-configuration]: {file} has the unknown key `cache-dri`.\n\nhint: Did you mean `cache-dir`?\n",
    )
    file.write_text(f'cache-dir = "{tmp_path / "kept"}"\n')
    assert run("cache", "dir").out == f"{tmp_path / 'kept'}\n"
    file.write_text("cache-dir = 1\n")
    assert "`cache-dir` is `1`; it can be a text." in run("cache", "dir").err
    file.write_text("cache-dir = \n")
    assert "cannot be read" in run("cache", "dir").err


def _answer(error: BaseException, terminal: Terminal) -> int:
    return entry._end(error, terminal)


def test_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert _answer(InterlockError("x"), Terminal()) == 1
    assert _answer(InvalidSetting("x"), Terminal()) == 2
    assert _answer(LockOutdated(()), Terminal()) == 3
    assert _answer(ValueError("x"), Terminal()) == 70
    assert _answer(KeyboardInterrupt(), Terminal()) == 130
    assert capsys.readouterr().err.endswith("interrupted\n")


def test_a_bug_says_so_and_shows_a_trace_only_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    _answer(ZeroDivisionError("by zero"), Terminal())
    text = capsys.readouterr().err
    assert text.startswith("error[bug]: ZeroDivisionError: by zero\n\nThis is a bug in Interlock")
    assert "Traceback" not in text
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError as error:
        _answer(error, Terminal(verbosity=1))
    assert "Traceback" in capsys.readouterr().err


def test_a_full_disk_is_not_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert _answer(OSError(errno.ENOSPC, "No space left on device", "/cache/x"), Terminal(json=True)) == 1
    out, err = capsys.readouterr()
    assert err.startswith("error[machine]: /cache/x: No space left on device. The disk is the one mounted at /, with ")
    assert " free now.\n\nhint: Free some space" in err
    assert '"reason": "disk-full"' in out


def test_the_first_of_our_errors_in_a_group_is_shown() -> None:
    ours = LockOutdated(())
    group = BaseExceptionGroup("", [ValueError("a"), ExceptionGroup("", [OSError("b"), ours])])
    assert first_reason(group) is ours
    assert isinstance(first_reason(ExceptionGroup("", [ValueError("a"), OSError("b")])), OSError)
    assert first_error(group) is None
    assert first_error(ExceptionGroup("", [ExceptionGroup("", [ours]), LockOutdated(())])) is ours


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://ann:secret@index.test/simple/ now", "see https://****@index.test/simple/ now"),
        ("https://token@index.test, https://index.test/@x", "https://****@index.test, https://index.test/@x"),
        ("https://a:b@c@index.test/", "https://****@index.test/"),
        ("ssh://git@git.test/x.git", "ssh://git@git.test/x.git"),
        ("git+ssh://git@git.test/x.git", "git+ssh://git@git.test/x.git"),
        ("mail ann@index.test", "mail ann@index.test"),
    ],
)
def test_credentials_are_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_output_into_a_closed_pipe_ends_quietly() -> None:
    command = f"{sys.executable} -m interlock --help | true; exit ${{PIPESTATUS[0]}}"
    for _ in range(3):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in {0, 141}
        assert done.stderr == ""


_WAITING = """
import sys, asyncio
from interlock.cli import dispatch, main
async def wait():
    print("ready", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        print("clean", flush=True)
    return 0
from interlock.cli.loop import run_to_end
dispatch.dispatch = lambda request, terminal: run_to_end(wait())
sys.exit(main.main(["lock"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_cleans_up_and_says_one_line(number: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(number)
        out, err = child.communicate(timeout=30)
    assert (child.returncode, out, err) == (code, "clean\n", "interrupted\n")


def test_a_command_runs_to_its_exit_code() -> None:
    async def answer() -> int:
        return 3

    assert run_to_end(answer()) == 3


_HEAVY = {"asyncio", "anyio", "msgspec", "rich", "packaging", "httpx", "tomllib", "tomlkit", "uvloop", "platformdirs"}


def _modules(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom interlock.cli.main import main\nstatus = main(sys.argv[1:])\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.splitlines()} | set(done.stderr.splitlines())


@pytest.mark.parametrize("line", ["--version", "--help", "lock --help", "lokc", "cache"])
def test_light_commands_load_nothing_heavy(line: str) -> None:
    loaded = _modules(*line.split())
    assert not _HEAVY & loaded
    assert "interlock.cli.main" in loaded


@pytest.mark.parametrize(
    "start", [["-m", "interlock"], ["-c", "import sys; from interlock.__main__ import main; sys.exit(main())"]]
)
def test_modules_of_pythonpath_do_not_take_the_place_of_ours(tmp_path: Path, start: list[str]) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    for name in ("anyio", "msgspec", "packaging", "httpx", "json", "typing", "tomllib", "rich", "platformdirs"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} is not ours')\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.11"\n')
    environ = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}", "INTERLOCK_CACHE_DIR": str(tmp_path / "cache")}
    theirs = ["run", "--no-sync", "python", "-c", "import rich"]
    for words in (["lock"], ["sync", "-p", sys.executable], ["tree"], theirs):
        done = subprocess.run(
            [sys.executable, *start, *words], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        wanted = (1, True) if words is theirs else (0, False)
        assert (done.returncode, "rich is not ours" in done.stderr) == wanted, done.stderr


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", "done\n"),
        ("import atexit\natexit.register(lambda: os.write(1, b'at the end\\n'))", "done\nat the end\n"),
        (
            "import threading, time\n"
            "threading.Thread(target=lambda: (time.sleep(0.3), os.write(1, b'in a thread\\n'))).start()",
            "done\nin a thread\n",
        ),
    ],
    ids=["nothing else", "what is to be done at the end", "a thread that has work"],
)
def test_a_process_that_ends_at_once_leaves_nothing_undone(before: str, expected: str) -> None:
    code = (
        f"import os, sys\n{before}\nfrom interlock import __main__\n"
        "sys.stdout.write('done\\n')\nsys.argv = ['interlock', 'lokc']\n__main__.run()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, sorted(done.stdout.splitlines())) == (2, sorted(expected.splitlines()))
