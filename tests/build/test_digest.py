"""What changes a digest, and what does not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from interlock.build.cache_keys import keys_digest
from interlock.build.digest import FileHashes, build_digest, read_top, read_tree, tree_digest
from interlock.build.failures import InvalidSourceTree
from interlock.build.inputs import named_variables
from interlock.build.revision import Revisions, reads_revision
from interlock.core.manifests.cache_keys import CacheKey
from interlock.core.manifests.manifest import BuildSystem
from interlock.store.layout import Layout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "repo" / "tree"
    (tree / "src" / "pkg").mkdir(parents=True)
    (tree / "pyproject.toml").write_text("[project]\n")
    (tree / "src" / "pkg" / "__init__.py").write_text("x = 1\n")
    return tree


def test_content_names_and_the_executable_bit_count(layout: Layout, tree: Path) -> None:
    seen = {tree_digest(layout, tree)}
    file = tree / "src" / "pkg" / "__init__.py"
    file.write_text("x = 2\n")
    seen.add(tree_digest(layout, tree))
    file.chmod(0o755)
    seen.add(tree_digest(layout, tree))
    file.rename(file.with_name("other.py"))
    seen.add(tree_digest(layout, tree))
    (tree / "link").symlink_to("pyproject.toml")
    seen.add(tree_digest(layout, tree))
    (tree / "pyproject.toml").unlink()
    seen.add(tree_digest(layout, tree))
    assert len(seen) == 6


def test_a_change_that_keeps_size_and_time_is_seen(layout: Layout, tree: Path) -> None:
    file = tree / "src" / "pkg" / "__init__.py"
    status = file.stat()
    before = tree_digest(layout, tree)
    file.write_text("x = 3\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert tree_digest(layout, tree) != before


def test_times_places_and_leftovers_do_not_count(layout: Layout, tree: Path, tmp_path: Path) -> None:
    before = tree_digest(layout, tree)
    for path in tree.rglob("*"):
        os.utime(path, (1, 1))
    for left in ("__pycache__/x.pyc", ".git/HEAD", ".venv/pyvenv.cfg", "pkg.egg-info/PKG-INFO", "build/lib/x.py",
                 "dist/a-1.0.tar.gz", "env/pyvenv.cfg", "src/pkg/__pycache__/y.pyc"):  # fmt: skip
        path = tree / left
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert tree_digest(layout, tree) == before
    assert tree_digest(layout, shutil.copytree(tree, tmp_path / "copy", symlinks=True)) == before


def test_packages_with_the_names_of_leftovers_count(layout: Layout, tree: Path) -> None:
    before = tree_digest(layout, tree)
    (tree / "build").mkdir()
    (tree / "build" / "__init__.py").touch()
    middle = tree_digest(layout, tree)
    (tree / "src" / "dist").mkdir()
    (tree / "src" / "dist" / "x.whl").touch()
    assert len({before, middle, tree_digest(layout, tree)}) == 3


def test_files_outside_that_the_configuration_names_count(layout: Layout, tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[tool.hatch.version]\npath = "../about.py"\nroot = "../.."\n')
    (tree.parent / "unrelated").touch()
    seen = {tree_digest(layout, tree)}
    for text in ("1", "2"):
        (tree.parent / "about.py").write_text(text)
        seen.add(tree_digest(layout, tree))
    assert len(seen) == 3
    (tree.parent / "unrelated").write_text("changed")
    assert tree_digest(layout, tree) in seen


def test_what_is_ignored_above_counts_up_to_the_repository(layout: Layout, tree: Path, tmp_path: Path) -> None:
    (tree.parent / ".git" / "info").mkdir(parents=True)
    seen = {tree_digest(layout, tree)}
    (tree.parent / ".gitignore").write_text("*.so\n")
    seen.add(tree_digest(layout, tree))
    (tree.parent / ".git" / "info" / "exclude").write_text("*.c\n")
    seen.add(tree_digest(layout, tree))
    assert len(seen) == 3
    (tmp_path / ".gitignore").write_text("*.h\n")
    assert tree_digest(layout, tree) in seen


def test_variables_that_the_configuration_names(tree: Path) -> None:
    (tree / "hatch_build.py").write_text("import os\nstage = os.environ['DEPLOY_STAGE']\n")
    environ = {"DEPLOY_STAGE": "beta", "DEPLOY": "x", "STAGE": "y", "HOME": "/"}
    assert named_variables(read_top(tree).files, environ) == [("DEPLOY_STAGE", "beta")]


def test_a_linked_folder_elsewhere_counts(layout: Layout, tree: Path) -> None:
    (tree.parent / "shared").mkdir()
    (tree / "src" / "shared").symlink_to("../../shared")
    (tree / "loop").symlink_to("..")
    before = tree_digest(layout, tree)
    (tree.parent / "shared" / "x.py").touch()
    assert tree_digest(layout, tree) != before


def test_an_unchanged_tree_is_not_read_again(layout: Layout, tree: Path) -> None:
    hashes = FileHashes(layout, tree)
    files = list(read_tree(tree))
    for name, path, status in files:
        hashes.hash(name, path, status)
    assert hashes.read == len(files) == 2
    hashes.save(2**62)  # long after
    again = FileHashes(layout, tree)
    for name, path, status in files:
        again.hash(name, path, status)
    assert (again.read, again.changed) == (0, False)


def test_a_tree_that_is_not_there(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(InvalidSourceTree):
        tree_digest(layout, tmp_path / "absent")


def test_every_part_of_a_build_counts() -> None:
    digests = {
        build_digest("wheel", "t", {"a": 1}),
        build_digest("sdist", "t", {"a": 1}),
        build_digest("wheel", "u", {"a": 1}),
        build_digest("wheel", "t", {"a": 2}),
        build_digest("wheel", "t", {"a": 1}, [("CC", "clang")]),
    }
    assert len(digests) == 5
    assert build_digest("wheel", "t", {"a": 1, "b": 2}) == build_digest("wheel", "t", {"b": 2, "a": 1})


def test_which_builds_look_at_version_control(tree: Path) -> None:
    static = BuildSystem(requires=("hatchling",), backend="hatchling.build")
    assert not reads_revision(static, read_top(tree).files)
    assert reads_revision(BuildSystem(backend="b", backend_path=(".",)), {})
    (tree / "pyproject.toml").write_text('[project.urls]\nHome = "https://github.test/x"\n')
    assert not reads_revision(static, read_top(tree).files)
    (tree / "pyproject.toml").write_text('[tool.hatch.version]\nsource = "vcs"\n')
    assert reads_revision(static, read_top(tree).files)


async def test_the_state_of_a_repository(tree: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.test"]
        subprocess.run(["git", *identity, *arguments], cwd=tree.parent, check=True, capture_output=True)

    async def state() -> str | None:
        return await Revisions(os.environ).state(tree)

    assert await state() == ""
    git("init")
    git("add", ".")
    git("commit", "-m", "x")
    first = await state()
    assert first == await state()
    git("tag", "v1")
    second = await state()
    git("commit", "--allow-empty", "-m", "y")
    assert len({first, second, await state(), ""}) == 4
    (tree / "pyproject.toml").write_text("changed")
    assert await state() is None


def test_cache_keys_stand_for_what_they_name(tree: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@shop.test"]
        subprocess.run(["git", *identity, *arguments], cwd=tree, check=True, capture_output=True)

    commit, tags, variable = CacheKey("commit"), CacheKey("tags"), CacheKey("env", "FLAVOUR")
    assert keys_digest(tree, (), {}) == ""
    assert keys_digest(tree, (variable,), {}) != keys_digest(tree, (variable,), {"FLAVOUR": ""})
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    first = [keys_digest(tree, (key,), os.environ) for key in (commit, tags)]
    assert [keys_digest(tree, (key,), os.environ) for key in (commit, tags)] == first
    git("tag", "v1")
    assert keys_digest(tree, (commit,), os.environ) == first[0]
    assert keys_digest(tree, (tags,), os.environ) != first[1]
    git("commit", "-q", "--allow-empty", "-m", "two")
    assert keys_digest(tree, (commit,), os.environ) != first[0]
