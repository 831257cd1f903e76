"""``build --verify``: what a user of the files would meet."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import anyio
import pytest

from interlock.build.environment import BuildEnvironment
from interlock.ops.building.trial import Trial
from tests.cli.conftest import Run
from tests.processes import alive
from tests.release_trees import BACKEND, member
from tests.wheels import make_wheel


def problems(run: Run, *arguments: str) -> dict[str, list[str]]:
    result = run("build", "--all-packages", "--verify", "--json", *arguments)
    found = {member["name"]: member["problems"] for member in result.json()["members"]}
    assert result.code == (1 if any(found.values()) else 0)
    return found


def test_good_members_pass_with_siblings_from_the_built_files(run: Run, trees: Path) -> None:
    member(trees, "core")
    tree = member(trees, "app", needs=["core==1.0"], more='[project.scripts]\nshop = "app:main"\n')
    (tree / "src" / "app.py").write_text(
        "import argparse, core\n\ndef main():\n    argparse.ArgumentParser(core.NAME).parse_args()\n"
    )
    assert problems(run) == {"app": [], "core": []}


def test_each_fault_is_found_and_named(run: Run, trees: Path) -> None:
    tree = member(trees, "forgetful")
    (tree / "src" / "forgetful.py").write_text("import forgetful_data\n")
    tree = member(trees, "silent", more='[project.scripts]\nsilent = "silent:main"\n')
    (tree / "src" / "silent.py").write_text("def main():\n    raise SystemExit('no --help here')\n")
    member(trees, "lonely", needs=["nowhere-to-be-had>=2"])
    licensed = BACKEND.replace('"Metadata-Version: 2.4"', '"Metadata-Version: 2.4", "License-File: LICENSE"')
    member(trees, "unlicensed", backend=licensed)
    readme = BACKEND.replace('return "\\n".join([*lines, ""])', 'return "\\n".join([*lines, "", "*bad `rst\\n==="])')
    member(trees, "unreadable", backend=readme)
    found = problems(run)
    assert "No module named 'forgetful_data'" in found["forgetful"][0]
    assert "no --help here" in found["silent"][0]
    assert "nowhere-to-be-had" in found["lonely"][0]
    assert len(found["unlicensed"]) == 2
    assert all("LICENSE" in text for text in found["unlicensed"])
    assert "cannot be rendered" in found["unreadable"][0]


def test_a_fault_that_was_mended_is_found_no_more(run: Run, trees: Path) -> None:
    tree = member(trees, "mended")
    (tree / "src" / "mended.py").write_text("import gone_for_good\n")
    assert "No module named 'gone_for_good'" in problems(run)["mended"][0]
    (tree / "src" / "mended.py").write_text("NAME = 'mended'\n")
    assert problems(run) == {"mended": []}


def test_one_member_is_tried_with_what_was_built_before(run: Run, trees: Path) -> None:
    member(trees, "core")
    member(trees, "app", needs=["core"])
    assert run("build", "--package", "core").code == 0
    assert run("build", "--package", "app", "--verify").code == 0
    (trees / "dist" / "core-1.0-py3-none-any.whl").unlink()
    result = run("build", "--package", "app", "--verify")
    assert result.code == 1
    assert "cannot be installed" in result.err


def test_what_is_tried_is_what_was_built_now(run: Run, trees: Path) -> None:
    tree = member(trees, "core")
    assert run("build", "--verify").code == 0
    (tree / "src" / "core.py").write_text("import nowhere\n")
    problems = run("build", "--verify", "--json").json()["members"][0]["problems"]
    assert ["nowhere" in problem for problem in problems] == [True]


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
async def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    wheel = make_wheel("slow", "1.0", entry_points={"console_scripts": {"slow": "slow:main"}})
    (tmp_path / wheel.filename).write_bytes(wheel.data)
    script = tmp_path / "bin" / "slow"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\nsleep 60 &\necho $! > pid\nwait\n")
    script.chmod(0o755)
    environment = BuildEnvironment(python=sys.executable, path=str(script.parent))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = await Trial(environment, os.environ, scratch, seconds=0.5).run(tmp_path / wheel.filename)
    assert found[-1] == "`slow --help` takes longer than 0.5 seconds"
    pid = int((scratch / "home" / "pid").read_text())
    deadline = time.monotonic() + 5
    while alive(pid):
        assert time.monotonic() < deadline
        await anyio.sleep(0.01)
