"""Locks of a workspace lie where everybody may write, and count only when they are ours."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no owners here")

_PRINT = "from pathlib import Path; from interlock.workspace.guards import *; print(workspace_guard(Path('.')))"


def _guard(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _PRINT],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    found = Path(_guard(tmp_path).stdout.strip())
    assert found.parent == tmp_path / f"interlock-{os.getuid()}"
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / f"interlock-{os.getuid()}"
    folder.mkdir(mode=0o755)
    assert _guard(tmp_path).returncode == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["link", "file", "foreign"])
def test_a_folder_that_is_somebody_elses_is_refused(tmp_path: Path, kind: str) -> None:
    folder, other = tmp_path / f"interlock-{os.getuid()}", tmp_path / "other"
    other.mkdir()
    if kind == "link":
        folder.symlink_to(other)
    elif kind == "file":
        folder.touch()
    elif os.getuid() == 0:
        folder.mkdir()
        os.chown(folder, 65534, 65534)
    else:
        pytest.skip("only root can give folders away")
    refused = _guard(tmp_path)
    assert refused.returncode != 0
    assert f"{folder} is not a folder of yours" in refused.stderr
    assert not list(other.iterdir())
