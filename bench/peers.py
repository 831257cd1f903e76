"""The peers: pinned, in a virtual environment of their own, with Interlock from this checkout."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from bench.paths import PEERS, ROOT

__all__ = ["PINS", "default_index", "executable", "install_peers"]

PINS = ("uv==0.13.9", "poetry==2.5.1", "pip==26.3", "matplotlib==3.11.2")


def install_peers() -> None:
    """Make the environment; costs nothing when it is there with the same pins and the same project table."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = repr((PINS, sys.version, project))
    digest = hashlib.sha256(wanted.encode()).hexdigest()
    stamp = PEERS / "pins"
    if stamp.is_file() and stamp.read_text() == digest:
        return
    venv.create(PEERS, with_pip=True, clear=True)
    pip = [str(executable("python")), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    for wanted_now in (PINS, ("-e", str(ROOT))):
        installed = subprocess.run([*pip, *wanted_now], capture_output=True, text=True, check=False)
        if installed.returncode != 0:
            raise SystemExit(f"The peers cannot be installed.\n{installed.stderr}")
    stamp.write_text(digest)


def executable(name: str) -> Path:
    return PEERS / ("Scripts" if sys.platform == "win32" else "bin") / name


def default_index() -> str:
    """The simple API of the configured index: pip's setting, else the default one's address as packageurl knows it."""
    python = str(executable("python"))
    asked = subprocess.run(
        [python, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    if asked.returncode == 0 and asked.stdout.strip():
        return asked.stdout.strip().rstrip("/") + "/"
    code = "from packageurl.validate import PypiTypeDefinition as P; print(P.default_repository_url)"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return answer.stdout.strip().rstrip("/") + "/simple/"
