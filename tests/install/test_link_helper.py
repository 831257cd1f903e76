"""Links that a second process makes are those that would have been made here, whatever becomes of it."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from interlock.install.link import Linker, StoreDamaged
from interlock.install.link_helper import LinkHelper
from interlock.install.transaction import Options
from tests.install.conftest import Machine
from tests.wheels import make_wheel

NAMES = [*(f"module_{number}.py" for number in range(20)), "with blank.txt", "ä\nb", "\udcff.bin", "deep/er/x"]

pytestmark = pytest.mark.skipif(os.link not in os.supports_dir_fd, reason="links are made by their paths here")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A folder with files, and one with the same folders and nothing in them."""
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        (folder / "deep" / "er").mkdir(parents=True)
    for name in NAMES:
        (source / name).write_text(name, errors="surrogateescape")
    return source, target


def _is_linked(source: Path, target: Path) -> list[str]:
    return [name for name in NAMES if (target / name).exists() and os.path.samefile(source / name, target / name)]


def _helped(python: str = sys.executable) -> tuple[Linker, LinkHelper]:
    linker = Linker()
    linker.helper = LinkHelper(python)
    return linker, linker.helper


def test_every_name_is_linked(folders: tuple[Path, Path]) -> None:
    source, target = folders
    linker, helper = _helped()
    with helper:
        assert helper.link(str(source), str(target), NAMES[:20]) == 20
        linker.link_below(str(source), str(target), NAMES[20:])
        assert helper.link(str(source), str(target), ["not-there", *NAMES]) == 0
    assert _is_linked(source, target) == NAMES


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
def test_who_cannot_help_is_done_without(folders: tuple[Path, Path], python: str) -> None:
    source, target = folders
    linker, helper = _helped(python)
    with helper:
        linker.link_below(str(source), str(target), NAMES)
    assert _is_linked(source, target) == NAMES


@pytest.mark.parametrize("before", [0, 7, len(NAMES)])
def test_who_ends_in_the_middle_is_taken_over_from(folders: tuple[Path, Path], before: int) -> None:
    source, target = folders
    for name in NAMES[:before]:
        os.link(source / name, target / name)
    # It makes some links, here before it was asked, and says nothing of it.
    linker, helper = _helped("/bin/false")
    with helper:
        linker.link_below(str(source), str(target), NAMES)
    assert _is_linked(source, target) == NAMES


def test_a_file_that_is_missing_in_the_store_is_told_of_as_ever(folders: tuple[Path, Path]) -> None:
    source, target = folders
    (source / NAMES[3]).unlink()
    linker, helper = _helped()
    with helper, pytest.raises(StoreDamaged) as raised:
        linker.link_below(str(source), str(target), NAMES)
    assert raised.value.path == str(source / NAMES[3])


def test_who_is_busy_is_not_waited_for(folders: tuple[Path, Path]) -> None:
    source, target = folders
    answers: list[int | None] = []
    with LinkHelper(sys.executable) as helper:
        with helper._busy:
            other = threading.Thread(target=lambda: answers.append(helper.link(str(source), str(target), NAMES)))
            other.start()
            other.join()
        assert answers == [None]
        assert helper.link(str(source), str(target), NAMES) == len(NAMES)


async def test_many_wheels_are_installed_alike_with_help_and_without(machine: Machine) -> None:
    wheels = [
        make_wheel(f"a{number}", "1.0", files={f"a{number}/m{at}.py": f"{at}" for at in range(12)})
        for number in range(45)
    ]
    await machine.install(*wheels, options=Options(jobs=1))
    alone = machine.files()
    await machine.install(remove=tuple(wheel.name for wheel in wheels))
    applied = await machine.install(*wheels, options=Options(jobs=2))
    assert machine.files() == alone
    assert applied.link_mode == "hardlink"
    stored = {path.stat().st_ino for path in machine.layout.root.glob("wheels-v1/*/*/tree/*/*.py")}
    assert {path.stat().st_ino for path in machine.site.glob("a*/*.py")} == stored
