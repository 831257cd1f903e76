"""What a killed command left beside its output is gone after the next one."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from interlock.workspace.output import made_beside, put_output


def snapshot(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("left", [(), ("new",), ("old",), ("new", "old")])
@pytest.mark.parametrize("is_there", [False, True])
async def test_what_was_left_is_cleared(tmp_path: Path, left: tuple[str, ...], is_there: bool) -> None:
    output = tmp_path / "out"
    for name in (*(f".out.interlock-{name}" for name in left), *(["out"] if is_there else [])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    async with made_beside(output) as made:
        assert not made.exists()
        assert output.exists() == (is_there or "old" in left), "what was put aside is back"
        made.mkdir()
        (made / "file").write_text("made")
        put_output(output)
        assert snapshot(output) == {"file": "made"}
    assert snapshot(tmp_path) == {"out/file": "made"}


async def test_what_is_not_finished_is_deleted_and_the_output_stays(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "file").write_text("before")
    with pytest.raises(ZeroDivisionError):
        async with made_beside(output) as made:
            made.mkdir()
            raise ZeroDivisionError
    assert snapshot(tmp_path) == {"out/file": "before"}


async def test_one_at_a_time_for_a_place(tmp_path: Path) -> None:
    inside = 0

    async def make() -> None:
        nonlocal inside
        async with made_beside(tmp_path / "out") as made:
            inside += 1
            assert inside == 1
            made.mkdir()
            await anyio.sleep(0.01)
            put_output(tmp_path / "out")
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(make)
    assert os.listdir(tmp_path) == ["out"]
