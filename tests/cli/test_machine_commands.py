"""The commands about members, interpreters, environments and the cache."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from interlock.store.layout import Bucket, Layout
from interlock.store.locks import hold_sync
from tests.cli.conftest import Run
from tests.processes import start

PYTHON = sys.executable


def test_members(run: Run, workspace: Path) -> None:
    assert run("-C", workspace, "workspace", "list").out == "catalog  packages/catalog\nweb      apps/web\n"
    paths = run("-C", workspace / "apps", "workspace", "list", "--paths").out.split()
    assert paths == [str(workspace / "packages" / "catalog"), str(workspace / "apps" / "web")]
    document = run("-C", workspace / "apps" / "web", "workspace", "list", "--json").json()
    assert document["root"] == str(workspace)
    assert document["members"][1] == {
        "name": "web",
        "path": "apps/web",
        "version": "3.0",
        "requires_python": ">=3.11",
        "package": False,
        "current": True,
    }


def test_where_the_workspace_and_its_members_are(run: Run, workspace: Path) -> None:
    inside = workspace / "apps" / "web"
    assert run("-C", inside, "workspace", "dir").out == f"{workspace}\n"
    assert run("-C", inside, "workspace", "dir", "--package", "Catalog").out == f"{workspace / 'packages/catalog'}\n"
    assert run("-C", inside, "workspace", "dir", "--package", "nobody", "--json").json()["error"]["code"]


def test_python_find_prefers_what_was_asked_for(run: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("-C", workspace, "python", "find", PYTHON).out == f"{PYTHON}\n"
    assert run("-C", workspace, "python", "find", "--python", PYTHON).out == f"{PYTHON}\n"
    monkeypatch.setenv("INTERLOCK_PYTHON", PYTHON)
    found = run("-C", workspace, "python", "find", "--json").json()
    assert found["executable"] == PYTHON
    assert found["version"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")


def test_python_find_keeps_to_the_range(run: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = workspace / "apps" / "web" / "pyproject.toml"
    manifest.write_text('[project]\nname = "web"\nversion = "1"\nrequires-python = ">=3.99"\n')
    monkeypatch.setenv("PATH", "")
    result = run("-C", workspace, "python", "find")
    assert result.code == 1
    assert result.err.startswith("error[no-interpreter]: No Python interpreter on this machine satisfies")
    assert run("python", "find", "3.x").code == 2


def test_python_list_filters(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(PYTHON).parent))
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert PYTHON.rpartition("/")[0] in run("python", "list", minor, "--paths").out
    assert run("python", "list", ">=3.99").out == ""
    assert run("python", "list", "--json").json()["pythons"][0]["implementation"] == sys.implementation.name


def test_python_pin_is_written_shown_and_removed(run: Run, workspace: Path) -> None:
    assert run("-C", workspace, "python", "pin").code == 1
    assert run("-C", workspace, "python", "pin", "3.11").err == f"Pinned 3.11 in {workspace / '.python-version'}.\n"
    assert (workspace / ".python-version").read_text() == "3.11\n"
    assert run("-C", workspace / "apps" / "web", "python", "pin").out == "3.11\n"
    assert run("-C", workspace, "python", "pin", "--json").json()["request"] == "3.11"
    assert run("-C", workspace, "python", "pin", "/usr/bin/python3").code == 2
    assert run("-C", workspace, "python", "pin", "nonsense!").code == 2
    assert run("-C", workspace / "apps" / "web", "python", "pin", "--rm").code == 0
    assert not (workspace / ".python-version").exists()


def test_a_pin_may_be_the_name_of_an_environment_of_pyenv(
    run: Run, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "pyenv" / "versions" / "mine" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    (workspace / ".python-version").write_text("mine\n")
    assert run("-C", workspace, "python", "find").out == f"{python}\n"
    (workspace / ".python-version").write_text("nobodys\n")
    assert "bad-python-request" in run("-C", workspace, "python", "find").err


def test_a_pin_at_the_root_decides_which_python_its_environment_has(
    run: Run, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_NO_INDEX", "1")
    monkeypatch.delenv("INTERLOCK_PYTHON", raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    (workspace / ".python-version").write_text(f"{here}\n")
    assert run("-C", workspace, "lock").code == 0
    assert run("-C", workspace, "sync").code == 0
    config = workspace / ".venv" / "pyvenv.cfg"
    made = config.stat().st_ino
    (workspace / "apps/web/.python-version").write_text("2.7\n")
    assert run("-C", workspace / "apps/web", "sync").code == 0, "the environment is not this member's"
    (workspace / ".python-version").write_text("2.7\n")
    assert run("-C", workspace, "sync", "--json").json()["error"]["code"] == "no-interpreter"
    assert config.stat().st_ino == made
    found = run("python", "list", ">=3.11", "--json").json()
    others = [one["version"] for one in found["pythons"] if not one["version"].startswith(f"{here}.")]
    if others:  # a fresh machine has but one
        (workspace / ".python-version").write_text(f"{others[0]}\n")
        assert run("-C", workspace, "sync").code == 0
        assert f"version = {others[0]}" in config.read_text() or f"version_info = {others[0]}" in config.read_text()
        warned = run("-C", workspace, "env", "use", sys.executable).err
        assert f"`.python-version` asks for {others[0]}" in " ".join(warned.split())
        assert f"`interlock python pin {here}` pins this one" in " ".join(warned.split())


def test_an_environment_is_made_described_listed_and_removed(run: Run, workspace: Path) -> None:
    place = workspace / ".venv"
    assert run("-C", workspace, "env", "info").err.startswith("error[no-environment]")
    default = run("-C", workspace, "python", "find", "--json").json()
    assert run("-C", workspace, "env", "use", "system", "--json").json()["python"] == default["version"]
    assert run("-C", workspace, "env", "remove").code == 0
    made = run("-C", workspace, "venv", "--python", PYTHON)
    assert (made.code, made.out) == (0, "")
    assert made.err.startswith(f"Made {place} with Python ")
    assert (place / ".gitignore").read_text() == "*\n"
    assert run("-C", workspace, "env", "info", "--path").out == f"{place}\n"
    assert run("-C", workspace, "env", "info", "-e").out.startswith(str(place))
    assert run("-C", workspace, "env", "info", "--json").json()["ours"] is True
    assert "made by     interlock" in run("-C", workspace, "env", "info").out
    assert run("-C", workspace, "env", "list").out.startswith("shared ")
    again = run("-C", workspace, "venv", "--python", PYTHON)
    assert (again.code, again.err) == (
        1,
        f"error[environment-exists]: There is an environment at {place} already.\n\n"
        "hint: Replace it with `interlock venv --clear`.\n",
    )
    assert run("-C", workspace, "venv", "--clear", "--python", PYTHON).code == 0
    assert run("-C", workspace, "env", "remove").err == f"Removed {place}.\n"
    assert not place.exists()
    assert run("-C", workspace, "env", "remove").code == 1


def test_environments_are_removed_by_their_python_and_path(run: Run, workspace: Path) -> None:
    place = workspace / ".venv"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert run("-C", workspace, "venv", "--python", PYTHON).code == 0
    assert run("-C", workspace, "env", "info", "-p").out == f"{place}\n"
    assert run("-C", workspace, "env", "list", "--full-path").out.endswith(f"{place}\n")
    other = run("-C", workspace, "env", "remove", version, "3.1")
    assert (other.code, other.err) == (
        1,
        "error[no-environment]: No environment of this workspace has `3.1`.\n\nhint: See `interlock env list`.\n",
    )
    assert place.exists()
    assert run("-C", workspace / "apps/web", "env", "remove", version).err == f"Removed {place}.\n"
    assert not place.exists()
    assert run("-C", workspace, "venv", "--python", PYTHON).code == 0
    assert run("-C", workspace / "apps/web", "env", "remove", ".venv").code == 1
    assert run("-C", workspace, "env", "remove", ".venv").err == f"Removed {place}.\n"


def test_a_foreign_environment_is_never_touched(run: Run, workspace: Path) -> None:
    place = workspace / ".venv"
    place.mkdir()
    (place / "pyvenv.cfg").write_text("home = /usr/bin\n")
    for line in (["venv", "--clear"], ["venv"], ["env", "remove"]):
        result = run("-C", workspace, *line)
        assert result.code == 1
        assert "error[environment-not-ours]" in result.err
    assert (place / "pyvenv.cfg").read_text() == "home = /usr/bin\n"


def test_members_have_environments_of_their_own(run: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_ENV", "member")
    web = workspace / "apps" / "web"
    assert run("-C", web, "venv", "--python", PYTHON).code == 0
    assert (web / ".venv" / "pyvenv.cfg").exists()
    assert run("-C", workspace, "env", "info", "--package", "web", "--path").out == f"{web / '.venv'}\n"
    assert run("-C", workspace, "env", "list", "--json").json()["environments"][0]["member"] == "web"
    assert run("-C", workspace, "env", "remove", "--package", "web").code == 0
    assert run("-C", workspace, "env", "remove", "--package", "nope").code == 2


def test_an_environment_away_from_any_workspace(run: Run, tmp_path: Path) -> None:
    assert run("-C", tmp_path, "venv", "--python", PYTHON, "there", "--prompt", "try").code == 0
    assert "prompt = try" in (tmp_path / "there" / "pyvenv.cfg").read_text()


def _fill(root: Path) -> Layout:
    layout = Layout(root)
    layout.prepare()
    layout.write(layout.bucket(Bucket.PAGES) / "key" / "numpy", b"x" * 10)
    layout.write(layout.bucket(Bucket.PAGES) / "key" / "scipy", b"x" * 10)
    wheel = layout.entry(Bucket.WHEELS, "ab12") / "tree"
    (wheel / "numpy-1.0.dist-info").mkdir(parents=True)
    (wheel / "numpy-1.0.dist-info" / "METADATA").write_bytes(b"x" * 100)
    layout.write(layout.entry(Bucket.METADATA, "cd34"), b"\x93\xa5numpy\xa31.0\xa0")
    layout.write(layout.entry(Bucket.METADATA, "ee34"), b"\x93\xa5scipy\xa31.0\xa0")
    (root / "wheels-v0").mkdir()
    (root / "wheels-v0" / "old").write_bytes(b"x" * 7)
    (layout.tmp / "left").write_bytes(b"x" * 3)
    return layout


def test_cache_dir_and_size(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "cache"
    assert run("cache", "dir", "--cache-dir", root).out == f"{root}\n"
    assert run("-C", tmp_path, "--cache-dir", "cache", "cache", "dir").out == f"{root}\n"
    assert run("cache", "size", "--cache-dir", root, "--bytes").out == "0\n"
    assert not root.exists()
    _fill(root)
    assert run("cache", "size", "--cache-dir", root).out == (
        "pages                20 B  2 files\n"
        "metadata             24 B  2 files\n"
        "wheels              100 B  1 files\n"
        "total               144 B  5 files\n"
    )
    assert run("cache", "size", "--cache-dir", root, "--json").json()["bytes"] == 144


def test_cache_clean_of_one_package_leaves_the_others(run: Run, tmp_path: Path) -> None:
    layout = _fill(tmp_path / "cache")
    assert run("cache", "clean", "NumPy", "--cache-dir", layout.root).err == "Removed 3 files, 122 B.\n"
    assert not layout.entry(Bucket.WHEELS, "ab12").exists()
    assert (layout.bucket(Bucket.PAGES) / "key" / "scipy").exists()
    assert layout.entry(Bucket.METADATA, "ee34").exists()
    assert run("cache", "clean", "not a name!", "--cache-dir", layout.root).code == 2


@pytest.mark.parametrize("version", ["numpy==1.0", "numpy:1.0", "pypi:numpy:1.0"])
def test_cache_clean_of_one_version_leaves_the_others(run: Run, tmp_path: Path, version: str) -> None:
    layout = _fill(tmp_path / "cache")
    assert run("cache", "clean", version.replace("1.0", "2.0"), "--cache-dir", layout.root).err.startswith("Removed 0")
    assert run("cache", "clean", version, "--cache-dir", layout.root).err == "Removed 2 files, 112 B.\n"
    assert not layout.entry(Bucket.WHEELS, "ab12").exists()
    assert [path.name for path in (layout.bucket(Bucket.PAGES) / "key").iterdir()] != []
    assert run("cache", "clean", "pypi:scipy", "--cache-dir", layout.root).err == "Removed 2 files, 22 B.\n"


def test_cache_clean_removes_everything_but_the_locks(run: Run, tmp_path: Path) -> None:
    layout = _fill(tmp_path / "cache")
    assert run("cache", "clear", "--cache-dir", layout.root).code == 0
    assert [path.name for path in layout.root.iterdir()] == ["locks"]
    assert run("cache", "clean", "--cache-dir", tmp_path / "none").err == "Removed 0 files, 0 B.\n"
    layout = _fill(tmp_path / "other")
    assert run("cache", "clear", "PyPI", "--all", "--cache-dir", layout.root).code == 0
    assert [path.name for path in layout.root.iterdir()] == ["locks"]


def test_cache_prune_removes_leftovers(run: Run, tmp_path: Path) -> None:
    layout = _fill(tmp_path / "cache")
    assert run("cache", "prune", "--cache-dir", layout.root).err == "Removed 2 files, 10 B.\n"
    assert layout.entry(Bucket.WHEELS, "ab12").exists()
    assert run("cache", "prune", "--ci", "--cache-dir", layout.root).err == "Removed 1 files, 100 B.\n"


def test_a_cache_in_use_is_not_emptied(run: Run, tmp_path: Path) -> None:
    layout = _fill(tmp_path / "cache")
    with hold_sync(layout.usage_lock, shared=True):
        result = run("cache", "clean", "--cache-dir", layout.root)
        assert result.code == 1
        assert result.err.startswith(f"error[cache-busy]: Another process uses the cache {layout.root}.")
        assert run("cache", "prune", "--cache-dir", layout.root).code == 1
        assert run("cache", "clean", "--all", "--cache-dir", layout.root).code == 0


def test_no_cache_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    found, _ = start("cache", "dir", "--no-cache", cwd=tmp_path).communicate(timeout=60)
    assert found.startswith(str(tmp_path / "tmp"))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_cache_that_cannot_be_is_told(run: Run, tmp_path: Path, workspace: Path) -> None:
    (tmp_path / "file").touch()
    result = run("-C", workspace, "lock", "--no-index", "--cache-dir", tmp_path / "file" / "cache")
    assert (result.code, result.err.partition(":")[0]) == (1, "error[cache-unusable]"), result.err
