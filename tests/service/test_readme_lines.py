"""The two lines of README start a service, and lock and install the example through it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import ROOT
from tests.processes import program


def lines() -> tuple[str, str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## A service for many")[2].partition("\n## ")[0]
    first, second = re.findall(r"```sh\n([^\n]+)\n```", section)
    return first, second


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.time_limit(300)
@pytest.mark.skipif(sys.platform == "win32", reason="lines for a POSIX shell")
def test_they_lock_and_install_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = lines()
    install, start, rest = first.partition("{ .venv/bin/interlock serve")
    assert "pip install -q '.[serve]' && " in install
    # What is installed is what is tested.
    (tmp_path / ".venv/bin").mkdir(parents=True)
    script = tmp_path / ".venv/bin/interlock"
    script.write_text(f'#!/bin/sh\nexec {" ".join(program())} "$@"\n')
    script.chmod(0o755)
    example = tmp_path / "workspaces/storefront"
    shutil.copytree(ROOT / "workspaces/storefront", example, ignore=shutil.ignore_patterns(".venv", "interlock.lock"))
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_LOG_JSON", "1")
    code = f"set -e\n{start}{rest}\n{second}\nkill $!\nwait $!\n"
    shell = subprocess.Popen(
        ["bash", "-c", code], cwd=tmp_path, text=True, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        _, said = shell.communicate(timeout=240)
    finally:
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, said
    assert (example / "interlock.lock").is_file()
    assert (example / ".venv/bin/python").exists()
    # It was the service that was asked, and it answered.
    assert re.search(r'"event":"request".*"method":"POST","path":"/v1/locks","status":200', said), said
    assert "service-unused" not in said
