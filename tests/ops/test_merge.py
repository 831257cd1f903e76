"""Locks that two branches changed: merged by our driver, by `interlock lock` from conflict markers, or refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.core.lock.codec import decode_lock
from tests.index_server import IndexServer
from tests.registry import registry

IndexFactory = Callable[..., IndexServer]


class Repository:
    """A workspace of two members in a git repository."""

    def __init__(self, root: Path, index: IndexServer) -> None:
        self.root = root
        self._index = index.url
        self._environ = {
            **os.environ,
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@example.test",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.test",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "INTERLOCK_DEFAULT_INDEX": index.url,
            "INTERLOCK_CACHE_DIR": str(root.parent / "cache"),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        }
        root.mkdir()
        (root / "pyproject.toml").write_text('[tool.interlock.workspace]\nmembers = ["a", "b"]\n', encoding="utf-8")
        self.member("a", "shared")
        self.member("b", "shared")
        self.git("init", "-q", "-b", "main")
        self.interlock("lock")
        self.commit("start")

    def member(self, name: str, *requirements: str) -> None:
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        head = f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.11"\n'
        text = f"{head}dependencies = {list(requirements)!r}\n"
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")

    def git(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self._call("git", *arguments, check=check)

    def interlock(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self._call(sys.executable, "-m", "interlock", *arguments, check=check)

    def _call(self, *command: str, check: bool) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=self.root, env=self._environ, capture_output=True, text=True, check=False, timeout=50
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def branches(self, ours: Callable[[], None], theirs: Callable[[], None]) -> None:
        """Two branches from here, each with a change and its lock; ends on `main` with `theirs` to be merged."""
        self.git("branch", "theirs")
        ours()
        self.interlock("lock")
        self.commit("ours")
        self.git("checkout", "-q", "theirs")
        theirs()
        self.interlock("lock")
        self.commit("theirs")
        self.git("checkout", "-q", "main")

    def versions(self) -> dict[str, str]:
        lock = decode_lock((self.root / "interlock.lock").read_bytes())
        return {package.name: package.version for package in lock.packages}


@pytest.fixture
def repository(tmp_path: Path, index: IndexFactory) -> Repository:
    packages = registry(
        shared={"1.0": []},
        alpha={"1.0": []},
        beta={"1.0": []},
        early={"1.0": ["shared"]},
        late={"1.0": [], "2.0": []},
    )
    return Repository(tmp_path / "repository", index(packages))


def test_the_driver_merges_dependencies_that_two_members_gained(repository: Repository) -> None:
    repository.interlock("lock", "--install-merge-driver")
    repository.commit("driver")
    repository.branches(
        lambda: repository.member("a", "shared", "alpha"), lambda: repository.member("b", "shared", "beta")
    )
    repository.git("merge", "-q", "--no-edit", "theirs")
    assert repository.versions() == {"alpha": "1.0", "beta": "1.0", "shared": "1.0"}
    repository.interlock("lock", "--check")
    before = (repository.root / "interlock.lock").read_bytes()
    (repository.root / "interlock.lock").unlink()
    repository.interlock("lock")
    assert (repository.root / "interlock.lock").read_bytes() == before


def test_what_one_side_dropped_stays_dropped(repository: Repository) -> None:
    repository.interlock("lock", "--install-merge-driver")
    repository.member("a", "shared", "alpha")
    repository.interlock("lock")
    repository.commit("alpha")
    repository.branches(lambda: repository.member("a", "shared"), lambda: repository.member("b", "shared", "beta"))
    repository.git("merge", "-q", "--no-edit", "theirs")
    assert repository.versions() == {"beta": "1.0", "shared": "1.0"}
    repository.interlock("lock", "--check")


def test_lock_resolves_the_conflict_markers_that_git_leaves(repository: Repository) -> None:
    repository.branches(
        lambda: repository.member("a", "shared", "late<2"), lambda: repository.member("a", "shared", "early")
    )
    merged = repository.git("merge", "theirs", check=False)
    assert merged.returncode != 0
    repository.member("a", "shared", "late<2", "early")
    refused = repository.interlock("lock", "--check", check=False)
    assert refused.returncode == 1
    assert "lock-conflicted" in refused.stderr
    repository.interlock("lock")
    assert repository.versions() == {"early": "1.0", "late": "1.0", "shared": "1.0"}
    repository.interlock("lock", "--check")


def test_the_driver_leaves_markers_where_a_resolution_has_to_decide(repository: Repository) -> None:
    repository.interlock("lock", "--install-merge-driver")
    repository.member("a", "shared", "late")
    repository.interlock("lock")
    repository.commit("late")
    repository.branches(
        lambda: repository.member("a", "shared", "late<2"), lambda: repository.member("a", "shared", "late==2.0")
    )
    merged = repository.git("merge", "theirs", check=False)
    assert merged.returncode != 0
    assert b"<<<<<<<" in (repository.root / "interlock.lock").read_bytes()
    repository.member("a", "shared", "late<2")
    repository.interlock("lock")
    assert repository.versions()["late"] == "1.0"


def test_pins_that_both_sides_share_are_kept_when_markers_are_resolved(tmp_path: Path, index: IndexFactory) -> None:
    """There are newer versions of everything by then; only what is disputed may take them."""
    packages = registry(
        {name: {"1.0": []} for name in ("shared", "alone", "left", "right")}, front={"1.0": ["back"]}, back={"1.0": []}
    )
    repository = Repository(tmp_path / "repository", index(packages))
    repository.member("b", "shared", "front", "alone")
    repository.interlock("lock")
    repository.commit("more")
    repository.branches(
        lambda: repository.member("a", "shared", "left"), lambda: repository.member("a", "shared", "right")
    )
    for name in ("shared", "alone", "left", "right", "front", "back"):
        packages.wheel(name, "2.0")
    assert repository.git("merge", "theirs", check=False).returncode != 0
    broken = repository.interlock("lock", check=False)
    assert broken.returncode == 1
    assert "a/pyproject.toml:5" in broken.stderr
    assert "hint: git left conflict markers in it: resolve them first." in broken.stderr
    repository.member("a", "shared", "left", "right", "new")
    packages.wheel("new", "3.0")
    said = repository.interlock("lock", "--no-cache").stderr
    assert repository.versions() == {
        "alone": "1.0",
        "back": "1.0",
        "front": "1.0",
        "left": "1.0",
        "new": "3.0",
        "right": "1.0",
        "shared": "1.0",
    }
    assert said == "+ new 3.0  (a)\nLocked 7 packages for 2 members.\n"
    repository.interlock("lock", "--check")


def test_without_a_driver_lines_that_are_apart_merge_as_text(tmp_path: Path, index: IndexFactory) -> None:
    packages = registry(shared={"1.0": []}, alpha={"1.0": []}, zeta={"1.0": ["shared"]})
    repository = Repository(tmp_path / "repository", index(packages))
    repository.branches(
        lambda: repository.member("a", "shared", "alpha"), lambda: repository.member("b", "shared", "zeta")
    )
    repository.git("merge", "-q", "--no-edit", "theirs")
    assert repository.versions() == {"alpha": "1.0", "shared": "1.0", "zeta": "1.0"}
    repository.interlock("lock", "--check")


def test_the_driver_is_set_up_once_and_for_every_worktree(repository: Repository) -> None:
    first = repository.interlock("lock", "--install-merge-driver").stderr
    assert first == f"Wrote {repository.root / '.git' / 'config'}.\nWrote {repository.root / '.gitattributes'}.\n"
    assert repository.interlock("lock", "--install-merge-driver").stderr == "The merge driver is set up already.\n"
    repository.commit("driver")
    other = repository.root.parent / "worktree"
    repository.git("worktree", "add", "-q", str(other), "-b", "side")
    assert repository.interlock("-C", str(other), "lock", "--install-merge-driver").stderr == (
        "The merge driver is set up already.\n"
    )
    repository.git("config", "--unset", "merge.interlock.driver")
    again = repository.interlock("-C", str(other), "lock", "--install-merge-driver").stderr
    assert again == f"Wrote {repository.root / '.git' / 'config'}.\n"


def test_the_driver_serves_a_rebase_too(repository: Repository) -> None:
    repository.interlock("lock", "--install-merge-driver")
    repository.commit("driver")
    repository.branches(
        lambda: repository.member("a", "shared", "alpha"), lambda: repository.member("b", "shared", "beta")
    )
    repository.git("checkout", "-q", "theirs")
    repository.git("rebase", "-q", "main")
    assert repository.versions() == {"alpha": "1.0", "beta": "1.0", "shared": "1.0"}
    repository.interlock("lock", "--check")


def test_three_files_are_merged_by_hand(repository: Repository) -> None:
    """As a driver is called: the result goes into the second file, whatever state the manifests are in."""
    lock = repository.root / "interlock.lock"
    base = lock.read_bytes()
    repository.branches(
        lambda: repository.member("a", "shared", "alpha"), lambda: repository.member("b", "shared", "beta")
    )
    sides = {"base": base, "ours": lock.read_bytes()}
    sides["theirs"] = repository.git("show", "theirs:interlock.lock").stdout.encode()
    for name, data in sides.items():
        (repository.root.parent / name).write_bytes(data)
    (repository.root / "pyproject.toml").write_text("<<<<<<< ours\n", encoding="utf-8")
    repository.interlock("lock", "--merge", "../base", "../ours", "../theirs")
    merged = decode_lock((repository.root.parent / "ours").read_bytes())
    assert [package.name for package in merged.packages] == ["alpha", "beta", "shared"]
    assert (repository.root.parent / "theirs").read_bytes() == sides["theirs"]


def test_diff_names_the_member_behind_a_change(repository: Repository) -> None:
    repository.member("b", "shared", "beta")
    repository.interlock("lock")
    shown = repository.interlock("lock", "--diff", "HEAD")
    assert shown.stdout == "~ member b (dependencies)\n+ beta 1.0  (b)\n"
    document = json.loads(repository.interlock("lock", "--diff", "HEAD", "--format", "json").stdout)
    assert [(change["name"], change["because"], change["moved_with"]) for change in document["packages"]] == [
        ("beta", ["b"], ["b"])
    ]
    assert document["affected"] == ["b"]
    markdown = repository.interlock("lock", "--diff", "HEAD", "--format", "markdown")
    assert "| `beta` | added |  | 1.0 | b | b |" in markdown.stdout.splitlines()
    earlier = repository.root.parent / "earlier.lock"
    earlier.write_text(repository.git("show", "HEAD:interlock.lock").stdout, encoding="utf-8")
    assert repository.interlock("lock", "--diff", "../earlier.lock").stdout == shown.stdout
    missing = repository.interlock("lock", "--diff", "nowhere", check=False)
    assert missing.returncode == 1
    assert "nothing-to-compare" in missing.stderr
    assert ".." not in missing.stderr.splitlines()[0]


def test_an_upgrade_moves_what_it_needs_itself(tmp_path: Path, index: IndexFactory) -> None:
    packages = registry(
        front={"1.0": ["back==1.0"]}, back={"1.0": ["depth==1.0"]}, depth={"1.0": []}, shared={"1.0": []}
    )
    repository = Repository(tmp_path / "repository", index(packages))
    repository.member("a", "front", "shared")
    repository.interlock("lock")
    for name, requires in (("front", ["back==2.0"]), ("back", ["depth==2.0"]), ("depth", []), ("shared", [])):
        packages.wheel(name, "2.0", *requires)
    said = repository.interlock("lock", "-P", "front", "--no-cache").stderr
    assert repository.versions() == {"back": "2.0", "depth": "2.0", "front": "2.0", "shared": "1.0"}
    assert "front" in said
    assert "depth" in said


def test_an_upgrade_does_not_move_what_it_does_not_need(tmp_path: Path, index: IndexFactory) -> None:
    packages = registry(
        shared={"1.0": []}, front={"1.0": ["back==1.0"]}, back={"1.0": []}, aside={"1.0": ["back==1.0"]}
    )
    server = index(packages)
    repository = Repository(tmp_path / "repository", server)
    repository.member("a", "front", "shared")
    repository.member("b", "aside")
    repository.interlock("lock")
    for name, requires in (("front", ["back==2.0"]), ("back", []), ("aside", ["back==2.0"])):
        packages.wheel(name, "2.0", *requires)
    before = (repository.root / "interlock.lock").read_bytes()
    refused = repository.interlock("lock", "-P", "front", "--no-cache", check=False)
    assert refused.returncode == 1
    assert "would-move-others" in refused.stderr
    assert "aside 1.0 -> 2.0" in refused.stderr
    assert "back 1.0 -> 2.0" not in refused.stderr
    assert "-P aside" in refused.stderr
    assert (repository.root / "interlock.lock").read_bytes() == before
    assert repository.interlock("export", "-P", "front", "--no-cache", check=False).returncode == 1
    assert (repository.root / "interlock.lock").read_bytes() == before
    repository.interlock("lock", "-P", "front", "--closure", "--no-cache")
    assert repository.versions() == {"aside": "2.0", "back": "2.0", "front": "2.0", "shared": "1.0"}


def test_exporting_upgrades_first_when_asked(tmp_path: Path, index: IndexFactory) -> None:
    packages = registry(shared={"1.0": []}, one={"1.0": []}, two={"1.0": []})
    repository = Repository(tmp_path / "repository", index(packages))
    repository.member("a", "one", "two")
    repository.interlock("lock")
    packages.wheel("one", "2.0")
    packages.wheel("two", "2.0")
    text = repository.interlock("export", "-P", "one", "--format", "requirements", "--no-cache").stdout
    assert "one==2.0" in text
    assert "two==1.0" in text
    assert repository.versions() == {"one": "2.0", "shared": "1.0", "two": "1.0"}
    text = repository.interlock("export", "-U", "--format", "requirements", "--no-cache").stdout
    assert "two==2.0" in text
    refused = repository.interlock("export", "-U", "--frozen", check=False)
    assert refused.returncode == 2
    assert "--frozen" in refused.stderr


def test_an_upgrade_moves_what_was_asked_for_and_nothing_else_that_fits(tmp_path: Path, index: IndexFactory) -> None:
    packages = registry(shared={"1.0": []}, one={"1.0": ["base"]}, two={"1.0": []}, base={"1.0": []})
    repository = Repository(tmp_path / "repository", index(packages))
    repository.member("a", "one", "two")
    repository.interlock("lock")
    for name in ("shared", "one", "two", "base"):
        packages.wheel(name, "2.0", *(["base"] if name == "one" else []))
    repository.interlock("lock", "-P", "one", "--no-cache")
    assert repository.versions() == {"base": "1.0", "one": "2.0", "shared": "1.0", "two": "1.0"}
    # A relock for another reason keeps every pin that fits, and gives up one that does not.
    repository.member("b", "shared", "base>=2")
    repository.interlock("lock", "--no-cache")
    assert repository.versions() == {"base": "2.0", "one": "2.0", "shared": "1.0", "two": "1.0"}


def test_an_upgrade_of_what_nobody_needs_is_noticed(repository: Repository) -> None:
    done = repository.interlock("lock", "-P", "shard")
    assert "warning[not-in-lock]: No member needs `shard`: there is nothing to upgrade." in done.stderr
    assert "warning" not in repository.interlock("lock", "-P", "shared").stderr
