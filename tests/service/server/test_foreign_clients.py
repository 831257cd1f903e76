"""ccache itself finds through the service what another machine has compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.service.running import running_service

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.mark.skipif(not (shutil.which("ccache") and shutil.which("gcc")), reason="ccache or gcc is not here")
def test_ccache_hits_what_another_machine_has_stored(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int answer(void) { return 42; }\n")
    with running_service(tmp_path / "data", "--listen", "127.0.0.1:0") as service:
        host = urlsplit(service.started().url).netloc
        main = service.make_token("--name", "main", "--scope", "cache:read,cache:write,cache:protected")
        pull = service.make_token("--name", "pull", "--scope", "cache:read,cache:write")

        def compiled(machine: str, token: str) -> dict[str, str]:
            environ = {
                "PATH": os.environ["PATH"],
                "CCACHE_DIR": str(tmp_path / machine),
                "CCACHE_REMOTE_STORAGE": f"http://any:{token}@{host}/cache|layout=bazel",
            }
            subprocess.run(["ccache", "gcc", "-c", "a.c", "-o", "a.o"], cwd=tmp_path, env=environ, check=True)
            told = ["ccache", "--print-stats"]
            done = subprocess.run(told, env=environ, check=True, capture_output=True, text=True)
            return dict(line.split("\t", 1) for line in done.stdout.splitlines())

        assert compiled("one", pull)["remote_storage_hit"] == "0"
        assert compiled("two", main)["remote_storage_hit"] == "0", "what a pull request wrote"
        assert compiled("three", main)["remote_storage_hit"] == "1"
        assert compiled("four", pull)["remote_storage_hit"] == "1"
