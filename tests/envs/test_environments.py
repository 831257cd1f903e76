from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.envs.environments import (
    BrokenEnvironment,
    NotOurs,
    create_environment,
    is_ours,
    load_environment,
    remove_environment,
)
from interlock.envs.interpreters import Interpreter


def facts(python: str) -> dict[str, str]:
    code = (
        "import sys, sysconfig; p = sysconfig.get_paths()\n"
        "print(sys.prefix, sys.base_prefix, p['purelib'], p['platlib'], p['scripts'], sep='\\n')"
    )
    out = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(zip(("prefix", "base", "purelib", "platlib", "scripts"), out, strict=True))


def test_a_made_environment_works_and_is_marked(tmp_path: Path, interpreter: Interpreter) -> None:
    root = tmp_path / "my env"
    made = create_environment(root, interpreter, prompt="demo")
    told = facts(made.python)
    assert told["prefix"] == str(root)
    assert told["base"] == interpreter.base_prefix
    assert told["purelib"] == made.purelib
    assert told["platlib"] == made.platlib
    assert told["scripts"] == made.scripts
    assert (root / ".gitignore").read_text() == "*\n"
    assert (root / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert (root / "lib64" / f"python{interpreter.minor}").is_dir()
    assert is_ours(root)
    out = subprocess.run([made.python, "-c", "import pip"], capture_output=True, text=True, check=False)
    assert "No module named 'pip'" in out.stderr


def test_it_is_the_same_layout_as_the_standard_librarys(tmp_path: Path, interpreter: Interpreter) -> None:
    create_environment(tmp_path / "ours", interpreter)
    subprocess.run([interpreter.base_executable, "-m", "venv", "--without-pip", str(tmp_path / "theirs")], check=True)

    def shape(root: Path) -> set[str]:
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.name != "activate.nu"}

    missing = shape(tmp_path / "theirs") - shape(tmp_path / "ours")
    # The folder for headers is made when something is put there.
    assert {path for path in missing if not path.startswith("include")} == set()


def test_loading_gives_what_making_gave(tmp_path: Path, interpreter: Interpreter) -> None:
    made = create_environment(tmp_path / ".venv", interpreter, prompt="x", system_site_packages=True)
    loaded = load_environment(tmp_path / ".venv", tmp_path / "known")
    assert loaded is not None
    assert loaded.ours and loaded.prompt == "x" and loaded.system_site_packages
    assert loaded.paths == made.paths
    assert loaded.interpreter.tags == made.interpreter.tags
    assert loaded.interpreter.is_virtual
    assert loaded.python == made.python
    assert load_environment(tmp_path / "missing") is None
    assert load_environment(tmp_path) is None


def test_an_environment_of_the_standard_library_is_used_but_not_ours(tmp_path: Path, interpreter: Interpreter) -> None:
    root = tmp_path / "venv"
    subprocess.run([interpreter.base_executable, "-m", "venv", "--without-pip", str(root)], check=True)
    loaded = load_environment(root, tmp_path / "known")
    assert loaded is not None
    assert not loaded.ours
    assert loaded.interpreter.is_virtual
    assert facts(loaded.python)["purelib"] == loaded.purelib
    for action in (lambda: remove_environment(root), lambda: create_environment(root, interpreter)):
        with pytest.raises(NotOurs):
            action()
    assert (root / "pyvenv.cfg").exists()


def test_a_foreign_folder_is_never_deleted_and_an_empty_one_is_used(tmp_path: Path, interpreter: Interpreter) -> None:
    root = tmp_path / ".venv"
    root.mkdir()
    (root / "precious.txt").write_text("x")
    with pytest.raises(NotOurs, match="not a virtual environment"):
        create_environment(root, interpreter)
    with pytest.raises(NotOurs):
        remove_environment(root)
    assert (root / "precious.txt").read_text() == "x"
    (root / "precious.txt").unlink()
    assert create_environment(root, interpreter).ours
    other = tmp_path / "file"
    other.write_text("x")
    with pytest.raises(NotOurs, match="not a folder"):
        create_environment(other, interpreter)


def test_ours_is_replaced_and_removed(tmp_path: Path, interpreter: Interpreter) -> None:
    root = tmp_path / ".venv"
    made = create_environment(root, interpreter)
    Path(made.purelib, "old.py").write_text("")
    create_environment(root, interpreter)
    assert not Path(made.purelib, "old.py").exists()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    os.symlink(outside, Path(made.purelib) / "linked")
    remove_environment(root)
    assert not root.exists()
    assert (outside / "kept").exists()
    made = create_environment(tmp_path / "real", interpreter)
    os.symlink(tmp_path / "real", root)
    remove_environment(root)
    assert not root.is_symlink()
    assert is_ours(tmp_path / "real")


def test_a_missing_interpreter_is_told(tmp_path: Path, interpreter: Interpreter) -> None:
    made = create_environment(tmp_path / ".venv", interpreter)
    os.unlink(made.python)
    os.symlink(tmp_path / "gone", made.python)
    with pytest.raises(BrokenEnvironment, match="removed") as caught:
        load_environment(tmp_path / ".venv")
    assert caught.value.ours


def test_making_is_quick_because_no_process_is_started(tmp_path: Path, interpreter: Interpreter) -> None:
    audit: list[str] = []

    def hook(event: str, _: tuple[object, ...]) -> None:
        if active and event in {"subprocess.Popen", "os.fork", "os.posix_spawn"}:
            audit.append(event)

    active = True
    sys.addaudithook(hook)
    try:
        create_environment(tmp_path / ".venv", interpreter)
    finally:
        active = False
    assert audit == []
