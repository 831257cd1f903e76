"""Files that commands write stay what their owner made them: links to shared places, with modes of their own."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shop import Shop

SCRIPT = '# /// script\n# dependencies = ["click"]\n# ///\nprint("hello")\n'

COMMANDS = {
    "lock": ("interlock.lock", ("lock", "--upgrade")),
    "sync": ("interlock.lock", ("sync",)),
    "version": ("packages/catalog/pyproject.toml", ("version", "--package", "catalog", "9.9")),
    "add": ("packages/catalog/pyproject.toml", ("add", "--package", "catalog", "jinja", "--no-sync")),
    "add, the lock": ("interlock.lock", ("add", "--package", "catalog", "jinja", "--no-sync")),
    "remove": ("packages/catalog/pyproject.toml", ("remove", "--package", "catalog", "click", "--no-sync")),
    "export": ("requirements.txt", ("export", "-o", "requirements.txt")),
    "export of a pylock": ("pylock.toml", ("export", "-o", "pylock.toml")),
    "python pin": (".python-version", ("python", "pin", "3.11")),
    "config": ("pyproject.toml", ("config", "--local", "resolution", "lowest")),
    "add to a script": ("tool.py", ("add", "--script", "tool.py", "jinja")),
    "lock of a script": ("tool.py.lock", ("lock", "--script", "tool.py")),
    "merge driver": (".gitattributes", ("lock", "--install-merge-driver")),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_links_and_modes_are_kept(shop: Shop, what: str, tmp_path: Path) -> None:
    name, command = COMMANDS[what]
    path = shop.root / name
    shop.run("lock")
    shop.write("tool.py", SCRIPT)
    subprocess.run(["git", "init", "-q", shop.root], check=True)
    if what in {"lock", "sync"}:
        shop.member("web", "catalog")
    before = path.read_bytes() if path.exists() else b""
    shared = tmp_path / "elsewhere" / "shared"
    shared.parent.mkdir()
    shared.write_bytes(before)
    shared.chmod(0o640)
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(shared, path.parent))
    shop.run(*command)
    assert path.is_symlink(), "the link was replaced"
    assert shared.read_bytes() not in {before, b""}, "what the link leads to was not written"
    assert stat.S_IMODE(shared.stat().st_mode) == 0o640
    assert os.listdir(shared.parent) == ["shared"]


def test_a_pipe_gets_the_export_and_a_signal_ends_the_wait_for_its_reader(shop: Shop) -> None:
    shop.run("lock")
    text = shop.run("export", "--format", "requirements").out
    pipe = shop.root / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        shop.spawn("export", "-q", "--format", "requirements", "-o", "pipe")
        assert reader.stdout.read().decode() == text
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        process = shop.start("export", "-q", "--format", "requirements", "-o", "pipe")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (code, ""), err


def test_standard_output_by_its_name_goes_where_it_is_directed(shop: Shop) -> None:
    shop.run("lock")
    text = shop.run("export", "--format", "requirements").out
    command = [sys.executable, "-m", "interlock", "export", "-q", "--format", "requirements", "-o", "/dev/stdout"]
    kept = shop.root / "kept"
    with kept.open("wb", buffering=0) as file:
        file.write(b"before\n")
        subprocess.run(command, cwd=shop.root, stdout=file, check=True)
    assert kept.read_text().startswith("before\n")
    assert text in kept.read_text()
    assert text in subprocess.run(command, cwd=shop.root, stdout=subprocess.PIPE, check=True, text=True).stdout


def test_a_folder_cannot_be_exported_to(shop: Shop) -> None:
    shop.run("lock")
    (shop.root / "folder").mkdir()
    shop.refuses("export", "-o", "folder", error="not-a-file")
