from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from interlock.core.lock.freshness import compare
from interlock.core.lock.model import Lock, LockedMember, ResolutionInputs
from interlock.core.manifests.problems import BrokenToml, InvalidManifest
from interlock.core.names import NormalizedName
from interlock.workspace.discovery import (
    DuplicateMember,
    MemberWithoutProject,
    MissingManifest,
    NestedWorkspace,
    NoProject,
    UnmanagedProject,
    absent_members,
    discover,
)
from interlock.workspace.members import UnknownMember, Workspace
from tests.trees import project, write

ROOT = '[tool.uv.workspace]\nmembers = ["packages/*"]\n'


def listed(workspace: Workspace) -> dict[str, str]:
    return {str(member.name): member.path for member in workspace.members}


def test_a_virtual_root_and_its_members(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__b=project("B_x"), packages__a=project("a"))
    workspace = discover(tmp_path)
    assert workspace.root == tmp_path
    assert listed(workspace) == {"a": "packages/a", "b-x": "packages/b"}
    assert workspace.current is None
    assert workspace.members[0].directory == tmp_path / "packages" / "a"


def test_a_root_that_is_a_project_is_a_member(tmp_path: Path) -> None:
    write(tmp_path, root=project("top", ROOT), packages__a=project("a"))
    workspace = discover(tmp_path)
    assert listed(workspace) == {"a": "packages/a", "top": "."}
    assert workspace.current == "top"
    assert workspace.members[1].file == "pyproject.toml"


def test_our_own_table_declares_a_workspace(tmp_path: Path) -> None:
    write(tmp_path, root='[tool.interlock.workspace]\nmembers = ["packages/*"]\n', packages__a=project("a"))
    assert listed(discover(tmp_path)) == {"a": "packages/a"}


@pytest.mark.parametrize("place", ["packages/a", "packages/a/src/deep"])
def test_from_below_a_member_the_root_is_found(tmp_path: Path, place: str) -> None:
    write(tmp_path, root=ROOT, packages__a=project("a", "[tool.uv.sources]", "b = { workspace = true }"))
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    workspace = discover(tmp_path / place)
    assert workspace.root == tmp_path
    assert workspace.current == "a"


def test_members_may_be_nested(tmp_path: Path) -> None:
    root = '[tool.uv.workspace]\nmembers = ["packages/*", "packages/a/plugins/*"]\n'
    write(tmp_path, root=root, packages__a=project("a"), packages__a__plugins__p=project("p"))
    workspace = discover(tmp_path / "packages/a/plugins/p")
    assert workspace.current == "p"
    assert listed(workspace) == {"a": "packages/a", "p": "packages/a/plugins/p"}
    inner = workspace.containing(tmp_path / "packages/a/plugins/p/src/x.py")
    outer = workspace.containing(tmp_path / "packages/a/x.py")
    assert (inner and inner.name, outer and outer.name) == ("p", "a")
    assert workspace.containing(tmp_path.parent) is None


def test_a_project_that_is_not_listed_is_its_own_workspace(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a=project("a"), examples__x=project("x"), packages__a__demo=project("d"))
    for place, name in (("examples/x", "x"), ("packages/a/demo", "d")):
        workspace = discover(tmp_path / place)
        assert workspace.root == tmp_path / place
        assert listed(workspace) == {name: "."}


def test_an_excluded_project_is_its_own_workspace(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT + 'exclude = ["packages/x*"]\n', packages__a=project("a"), packages__x1=project("x"))
    assert listed(discover(tmp_path)) == {"a": "packages/a"}
    assert discover(tmp_path / "packages/x1").root == tmp_path / "packages/x1"


def test_a_manifest_that_only_configures_tools_is_no_project(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a=project("a"), packages__a__tests="[tool.ruff]\nline-length = 100\n")
    assert discover(tmp_path / "packages/a/tests").current == "a"
    alone = write(tmp_path / "alone", root="[tool.ruff]\n")
    (tmp_path / "pyproject.toml").unlink()
    assert discover(alone).members == ()


def test_deep_patterns_take_what_has_a_manifest_and_skip_environments(tmp_path: Path) -> None:
    write(
        tmp_path,
        root='[tool.uv.workspace]\nmembers = ["libs/**"]\n',
        libs__a=project("a"),
        libs__x__y__b=project("b"),
        libs__venv__lib__c=project("c"),
        libs__a__node_modules__d=project("d"),
    )
    write(tmp_path / "libs" / ".venv" / "e", root=project("e"))
    (tmp_path / "libs/venv/pyvenv.cfg").touch()
    (tmp_path / "libs/a/src/pkg").mkdir(parents=True)
    assert listed(discover(tmp_path)) == {"a": "libs/a", "b": "libs/x/y/b"}


def test_patterns_with_question_marks_and_sets(tmp_path: Path) -> None:
    root = '[tool.uv.workspace]\nmembers = ["pkg-?", "lib[12]", "lit", "absent", "./dot/"]\n'
    names = {"pkg-a": "a", "pkg-bb": "b", "lib1": "c", "lib3": "d", "lit": "e", "dot": "f"}
    write(tmp_path, root=root, **{path: project(name) for path, name in names.items()})
    assert set(listed(discover(tmp_path))) == {"a", "c", "e", "f"}


def test_a_directory_without_a_manifest_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a=project("a"))
    (tmp_path / "packages/b").mkdir()
    (tmp_path / "packages/b/x.py").touch()
    with pytest.raises(MissingManifest, match=r"packages/b .*packages/\*"):
        discover(tmp_path)


def test_empty_hidden_and_git_ignored_directories_are_not(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a=project("a"))
    (tmp_path / "packages/empty").mkdir()
    (tmp_path / "packages/.hidden").mkdir()
    (tmp_path / "packages/.hidden/x").touch()
    (tmp_path / "packages/old/__pycache__").mkdir(parents=True)
    (tmp_path / "packages/old/__pycache__/x.pyc").touch()
    (tmp_path / "packages/readme.txt").touch()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    assert listed(discover(tmp_path)) == {"a": "packages/a"}


def test_two_members_of_one_name_are_an_error_that_names_both_files(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a=project("x_y"), packages__b=project("X-Y"))
    with pytest.raises(DuplicateMember, match=r"packages/a/pyproject\.toml and packages/b/pyproject\.toml"):
        discover(tmp_path)


def test_a_link_to_a_member_is_that_member(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a=project("a"))
    (tmp_path / "packages/b").symlink_to(tmp_path / "packages/a", target_is_directory=True)
    assert listed(discover(tmp_path)) == {"a": "packages/a"}


def test_a_member_without_a_name_or_a_project_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a='[project]\nversion = "1"\n')
    with pytest.raises(InvalidManifest, match=r"packages/a/pyproject\.toml:1: `project\.name` is missing"):
        discover(tmp_path)
    write(tmp_path, packages__a="[tool.ruff]\n")
    with pytest.raises(MemberWithoutProject, match=r"packages/a/pyproject\.toml"):
        discover(tmp_path)


def test_a_broken_member_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a="[project\n")
    with pytest.raises(BrokenToml, match=r"packages/a/pyproject\.toml:1:"):
        discover(tmp_path)


def test_a_workspace_in_a_workspace_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a=project("a", "[tool.uv.workspace]"))
    with pytest.raises(NestedWorkspace, match="packages/a"):
        discover(tmp_path)
    assert discover(tmp_path / "packages/a").root == tmp_path / "packages/a"


def test_an_unmanaged_project_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a=project("a"), packages__b=project("b", "[tool.uv]", "managed = false"))
    assert listed(discover(tmp_path)) == {"a": "packages/a"}
    alone = write(tmp_path / "alone", root=project("b", "[tool.uv]", "managed = false"))
    with pytest.raises(UnmanagedProject):
        discover(alone)


def test_no_manifest_anywhere_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoProject, match="or above it"):
        discover(tmp_path)


def test_an_explicit_project_has_to_be_one(tmp_path: Path) -> None:
    write(tmp_path, root=ROOT, packages__a=project("a"))
    assert discover(Path("/"), project=tmp_path / "packages/a").current == "a"
    (tmp_path / "packages/a/src").mkdir()
    with pytest.raises(NoProject):
        discover(tmp_path, project=tmp_path / "packages/a/src")


def test_an_unknown_member_gets_a_suggestion(tmp_path: Path) -> None:
    workspace = discover(write(tmp_path, root=ROOT, packages__a=project("server"), packages__b=project("client")))
    with pytest.raises(UnknownMember, match="Did you mean `server`") as caught:
        workspace.member(NormalizedName("servr"))
    assert caught.value.hint == "Members: client, server."


def test_warnings_of_every_manifest_are_together(tmp_path: Path) -> None:
    write(
        tmp_path,
        root=ROOT + "[tool.uv]\ntorch-backend = 'cpu'\n",
        packages__a=project("a", "[tool.uv]\noffline = true"),
    )
    assert [warning.partition(":")[0] for warning in discover(tmp_path).warnings] == [
        "pyproject.toml",
        "packages/a/pyproject.toml",
    ]


def test_what_several_members_are_warned_of_is_said_once(tmp_path: Path) -> None:
    settings = "[tool.uv]\nprerelease = 'allow'\nexclude-newer = '2026-01-01'\n"
    members = {f"packages__{name}": project(name, settings) for name in ("a", "b", "c")}
    write(tmp_path, root=ROOT + settings, **members)
    found = discover(tmp_path).warnings
    assert [text.partition("`")[2].partition("`")[0] for text in found] == [
        "tool.uv.prerelease",
        "tool.uv.exclude-newer",
    ]
    assert all(text.startswith("packages/a/") and text.endswith("(The same in 2 other members.)") for text in found)


def test_a_listed_member_that_is_not_here_is_absent_and_one_that_is_not_listed_is_gone(tmp_path: Path) -> None:
    workspace = discover(write(tmp_path, root=ROOT, packages__a=project("a")))
    here = tuple(LockedMember(name=m.name, path=m.path, inputs=dict(m.inputs)) for m in workspace.inputs())
    absent = LockedMember(name=NormalizedName("b"), path="packages/b")
    gone = LockedMember(name=NormalizedName("c"), path="libs/c")
    lock = Lock(members=(*here, absent, gone))
    found = absent_members(workspace, lock)
    assert found == {"b"}
    stale = compare(lock, workspace.inputs(), ResolutionInputs(), absent=found)
    assert [str(reason) for reason in stale] == ["libs/c: c is no member any more"]
