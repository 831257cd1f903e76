"""What the machine has too little of, and what is nested without end, is an error and never called a bug."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.cli.main import _end
from interlock.cli.render import Terminal
from interlock.core.foreign.locks import parse_foreign_lock
from interlock.core.lock.codec import decode_lock
from interlock.core.manifests.parse import parse_manifest
from interlock.errors import InterlockError, first_reason
from interlock.index.page_text import parse_page

DEEP = 100_000


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "too-many-processes"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out-of-memory"),
        (MemoryError(), "out-of-memory"),
        (RecursionError(), "nested-too-deeply"),
        (RuntimeError("can't start new thread"), "too-many-processes"),
        (RuntimeError("Failed to create runtime: Too many open files (os error 24)"), "too-many-open-files"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "no-temporary-directory"),
        (ExceptionGroup("both", [ValueError(), OSError(errno.ENOSPC, "No space left")]), "disk-full"),
    ],
    ids=str,
)
def test_what_the_machine_refuses_is_an_error_of_the_machine(
    error: Exception, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if isinstance(error, ExceptionGroup):
        error = first_reason(error)  # type: ignore[assignment]
    assert _end(error, Terminal(json=True)) == 1
    assert json.loads(capsys.readouterr().out)["error"]["facts"]["reason"] == reason


def test_what_the_machine_has_nothing_to_do_with_is_a_bug() -> None:
    assert _end(KeyError("x"), Terminal()) == 70


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_few_files_are_no_bug(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n')
    environ = {**os.environ, "INTERLOCK_CACHE_DIR": str(tmp_path / "cache")}
    for most in (9, 12, 16, 24):
        program = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, {most}))\n"
        program += "from interlock.cli.main import main; raise SystemExit(main(['lock']))"
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode in {0, 1}, done.stderr
        assert "error[bug]" not in done.stderr


@pytest.mark.parametrize(
    "read",
    [
        lambda: parse_page(b'{"files":[],"x":' + b"[" * DEEP + b"]" * DEEP + b"}", "application/json", "http://a/"),
        lambda: parse_page(b'{"files":[{"x":' + b"[" * DEEP + b"]" * DEEP + b"}]}", "application/json", "http://a/"),
        lambda: decode_lock(b'{"format":[1,0],"x":' + b"[" * DEEP + b"]" * DEEP + b"}"),
        lambda: parse_manifest(b"x = " + b"[" * DEEP + b"]" * DEEP, path=".", file="pyproject.toml"),
        lambda: parse_foreign_lock("poetry.lock", b"x = " + b"[" * DEEP + b"]" * DEEP),
    ],
)
def test_what_is_nested_without_end_is_an_error_of_its_file(read: object) -> None:
    assert callable(read)
    with pytest.raises(InterlockError):
        read()


def _shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a shell does with ``$I``, our program."""
    ours = {**os.environ, "I": f"{sys.executable} -m interlock"}
    return subprocess.run(
        ["sh", "-c", script], cwd=folder, env=ours, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a directory in use cannot be removed there")
def test_a_working_directory_that_was_removed_is_told_and_can_be_left(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
    gone = "mkdir gone; cd gone; rmdir ../gone; "
    for command in ("lock", "lock --check", "tree", "run python -V", "-C .. tree"):
        done = _shell(f"{gone}$I {command}", tmp_path)
        assert (done.returncode, "error[no-directory]" in done.stderr) == (2, True), (command, done.stderr)
        assert "Traceback" not in done.stderr
    done = _shell(f"{gone}$I -C '{tmp_path}/shop' version", tmp_path)
    assert (done.returncode, done.stdout) == (0, "a 1\n"), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of POSIX")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_trouble(tmp_path: Path, closed: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
    done = _shell(f"$I lock --no-index {closed} && $I version {closed} && $I tree {closed}", tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert (tmp_path / "interlock.lock").read_text().startswith("{")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "command", ["--version", "--help", "version", "version --json", "tree --json", "nonsense --json"]
)
def test_an_output_without_room_is_an_error_without_a_traceback(tmp_path: Path, command: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
    _shell("$I lock --no-index", tmp_path)
    done = _shell(f"$I {command} > /dev/full", tmp_path)
    assert done.returncode in {1, 2}, done.stderr
    assert done.stderr.count("error[") == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
