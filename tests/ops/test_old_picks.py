"""What `interlock lock` says of versions that something holds back for years."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.cli.main import main
from tests.index_server import IndexServer
from tests.ops.clashes import Clash, write
from tests.registry import Registry
from tests.wheels import make_wheel

IndexFactory = Callable[..., IndexServer]


def dated(**packages: dict[str, tuple[int, list[str]]]) -> Registry:
    """Versions with their years and what they require."""
    made = Registry()
    for name, versions in packages.items():
        for version, (year, requires) in versions.items():
            wheel = make_wheel(name, version, requires=requires)
            made.publish(wheel, upload_time=f"{year}-05-01T00:00:00.000000Z")
    return made


OLD_AND_NEW = {"1.0": (2017, list[str]()), "2.0": (2019, list[str]()), "3.0": (2024, list[str]())}


@pytest.fixture
def locked(tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Lock a workspace of these members and give what is said of old picks."""

    def lock(members: dict[str, str], packages: Registry, *options: str, tool: str = "") -> list[str]:
        root = tmp_path / "workspace"
        written = {name: f"dependencies = [{lines}]\n" for name, lines in members.items()}
        shutil.rmtree(root / "packages", ignore_errors=True)
        write(Clash(members=written, packages=packages, tool=tool), root)
        assert main(["-C", str(root), "--default-index", index(packages).url, "lock", *options]) == 0
        lines = capsys.readouterr().err.splitlines()
        return [line.removeprefix("warning[old-pick]: ") for line in lines if "old-pick" in line]

    return lock


def test_a_member_that_holds_a_package_back_is_named(locked: Callable[..., list[str]]) -> None:
    assert locked({"app": '"lib<3"'}, dated(lib=OLD_AND_NEW)) == [
        "lib 2.0 (2019) is chosen, not 3.0 (2024): `app` requires `lib<3` (packages/app/pyproject.toml:5)."
    ]


def test_it_is_said_when_it_is_chosen_and_not_again(locked: Callable[..., list[str]]) -> None:
    packages = dated(lib=OLD_AND_NEW, other={"1.0": (2024, [])})
    assert len(locked({"app": '"lib<3"'}, packages)) == 1
    assert locked({"app": '"lib<3"'}, packages) == []
    assert locked({"app": '"lib<3", "other"'}, packages) == []
    assert locked({"app": '"lib<3", "other"'}, packages, "--upgrade") == []
    assert len(locked({"app": '"lib<2", "other"'}, packages)) == 1


def test_a_package_that_holds_another_back_is_named(locked: Callable[..., list[str]]) -> None:
    packages = dated(lib=OLD_AND_NEW, tool={"1.0": (2024, ["lib<3"])})
    assert locked({"app": '"lib", "tool"'}, packages) == [
        "lib 2.0 (2019) is chosen, not 3.0 (2024): tool 1.0 requires `lib<3`."
    ]


def test_a_constraint_that_holds_a_package_back_is_named(locked: Callable[..., list[str]]) -> None:
    tool = 'constraint-dependencies = ["lib<3"]\n'
    assert locked({"app": '"lib"'}, dated(lib=OLD_AND_NEW), tool=tool) == [
        "lib 2.0 (2019) is chosen, not 3.0 (2024): the constraint `lib<3` allows no newer one."
    ]


def test_what_the_newest_requires_and_another_forbids_is_named(locked: Callable[..., list[str]]) -> None:
    packages = dated(
        frame={"1.0": (2017, ["core"]), "2.0": (2024, ["core>=2"])},
        core={"1.9": (2023, []), "2.0": (2024, [])},
    )
    assert locked({"app": '"frame"', "web": '"core<2"'}, packages) == [
        "frame 1.0 (2017) is chosen, not 2.0 (2024): frame 2.0 requires `core>=2`, and `web` requires `core<2`"
        " (packages/web/pyproject.toml:5)."
    ]


def test_the_environments_are_named_where_others_have_the_newest(locked: Callable[..., list[str]]) -> None:
    members = {"app": "\"lib<3; sys_platform == 'win32'\", \"lib; sys_platform != 'win32'\""}
    assert locked(members, dated(lib=OLD_AND_NEW)) == [
        "lib 2.0 (2019) is chosen where sys_platform == 'win32', not 3.0 (2024): `app` requires"
        ' `lib<3 ; sys_platform == "win32"` (packages/app/pyproject.toml:5).'
    ]


@pytest.mark.parametrize(
    ("wanted", "versions"),
    [
        ('"lib"', {"1.0": (2012, []), "1.1": (2014, [])}),
        ('"lib<3"', {"2.0": (2022, []), "3.0": (2024, [])}),
        ('"lib<3"', {"2.0": (2017, []), "3.0rc1": (2024, [])}),
    ],
    ids=["the newest is old", "a few years", "only a pre-release is newer"],
)
def test_nothing_is_said_of_what_is_merely_old(
    locked: Callable[..., list[str]], wanted: str, versions: dict[str, tuple[int, list[str]]]
) -> None:
    assert locked({"app": wanted}, dated(lib=versions)) == []


def test_nothing_is_said_where_a_python_makes_it_old(locked: Callable[..., list[str]]) -> None:
    packages = dated(lib={"1.0": (2017, [])})
    newer = make_wheel("lib", "2.0", requires_python=">=3.99")
    packages.publish(newer, upload_time="2024-05-01T00:00:00.000000Z")
    assert locked({"app": '"lib<3"'}, packages) == []


def test_nothing_is_said_where_the_oldest_is_wanted(locked: Callable[..., list[str]]) -> None:
    assert locked({"app": '"lib<3"'}, dated(lib=OLD_AND_NEW), tool='resolution = "lowest"\n') == []
