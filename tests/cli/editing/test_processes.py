"""Edits that are killed or run at the same time: nothing is lost and nothing is left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.editing.conftest import dependencies, manifest
from tests.processes import running
from tests.registry import Registry


def test_present_ones_are_locked_and_installed_where_an_earlier_run_was_killed(run: Run, shop: Path) -> None:
    assert run("add", "flask").code == 0
    lock, metadata = shop / "interlock.lock", "lib/python3*/site-packages/flask-*.dist-info"
    whole = lock.read_bytes()
    for path in (lock, None):
        # Manifests are written first, then the lock, then the environment is changed.
        shutil.rmtree(shop / ".venv")
        if path is not None:
            path.unlink()
        assert run("add", "flask").code == 0
        assert lock.read_bytes() == whole
        assert list((shop / ".venv").glob(metadata))


def test_commands_leave_nothing_behind_and_take_along_what_killed_ones_left(
    spawn: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    for words in (["lock"], ["sync"], ["add", "tiny"], ["lock", "-P", "tiny"], ["remove", "tiny"]):
        left = tmp_path / "cache" / "tmp" / "tmpxyz"
        left.mkdir(parents=True)
        (left / "part").write_text("x")
        assert spawn(*words).code == 0
        assert not left.exists(), words
        assert not list((tmp_path / "temporary").rglob("*-*"))[1:], "but for the folder that guards are in"


@pytest.mark.slow
def test_twenty_adds_at_once_over_five_members_all_survive(shop: Path, packages: Registry) -> None:
    for number in range(20):
        packages.wheel(f"pkg-{number}", "1.0")
    members = []
    for number in range(5):
        name = f"m{number}"
        (shop / "packages" / name).mkdir()
        manifest(shop, f"packages/{name}").write_text(
            f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.11"\n'
        )
        members.append(name)
    with ExitStack() as stack:
        adding = [
            stack.enter_context(running("add", "--no-sync", "--package", members[number % 5], f"pkg-{number}"))
            for number in range(20)
        ]
        for process in adding:
            _, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
    found = [text for name in members for text in dependencies(shop, f"packages/{name}")]
    assert sorted(found) == sorted(f"pkg-{number}>=1.0" for number in range(20))
    check = subprocess.run([sys.executable, "-m", "interlock", "lock", "--check"], capture_output=True, check=False)
    assert check.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_add_that_is_killed_leaves_files_that_can_be_worked_with(run: Run, shop: Path, packages: Registry) -> None:
    assert run("lock").code == 0
    for number in range(8):
        packages.wheel(f"pkg-{number}", "1.0")
        before = manifest(shop).read_bytes()
        with running("add", "--no-sync", f"pkg-{number}") as child, suppress(subprocess.TimeoutExpired):
            child.wait(timeout=0.15 + 0.05 * number)
        listed = dependencies(shop)
        assert manifest(shop).read_bytes() == before or f"pkg-{number}>=1.0" in listed
        assert run("lock", "--check").code in {0, 3}
        assert run("lock").code == 0
    assert run("lock", "--check").code == 0
