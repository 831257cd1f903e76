# ruff: noqa: ASYNC221, ASYNC240 - the other process is what is waited for
from __future__ import annotations

import base64
import csv
import hashlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import anyio
import msgspec
import pytest

from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Member
from interlock.events import Advanced, Finished, Started, Warned
from interlock.install.conflicts import FileConflict
from interlock.install.data import UnsafeTarget
from interlock.install.scripts import UnsafeScript
from interlock.install.swap import has_leftovers
from interlock.install.transaction import EnvironmentUnwritable, Options, WrongWheel, apply
from interlock.store.archives import StoredWheel
from interlock.store.digests import DigestMismatch
from tests.install.conftest import Machine
from tests.wheels import make_wheel


def check_record(machine: Machine, dist_info: str) -> set[str]:
    """RECORD tells every file's hash and size rightly; returns its paths."""
    with open(machine.site / dist_info / "RECORD", newline="") as file:
        rows = list(csv.reader(file))
    for path, digest, size in rows:
        target = machine.site / path
        assert target.is_file(), path
        if path.endswith(("/RECORD", ".pyc")):
            assert (digest, size) == ("", "")
            continue
        content = target.read_bytes()
        expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={expected}", str(len(content)))
    paths = [row[0] for row in rows]
    assert len(set(paths)) == len(paths)
    return set(paths)


async def test_everything_a_wheel_can_hold_goes_where_it_belongs(machine: Machine) -> None:
    wheel = make_wheel(
        "Foo.Bar",
        "1.0",
        files={"foo_bar/__init__.py": "def main():\n    print('hello')\n", "foo_bar/deep/er/x.txt": "x", "a,b.py": ""},
        data={
            "scripts/tool": "#!python\nprint('tool')\n",
            "scripts/shell": "#!/bin/sh\necho shell\n",
            "data/share/doc/x.txt": "doc",
            "headers/x.h": "int x;",
            "purelib/pure.py": "",
            "platlib/plat.py": "",
        },
        entry_points={"console_scripts": {"foo": "foo_bar:main"}},
    )
    applied = await machine.install(wheel)
    root = machine.environment.root
    minor = machine.environment.interpreter.minor
    assert (machine.site / "foo_bar/deep/er/x.txt").read_text() == "x"
    assert (machine.site / "pure.py").exists() and (machine.site / "plat.py").exists()
    assert (root / "share/doc/x.txt").read_text() == "doc"
    assert (root / f"include/site/python{minor}/Foo.Bar/x.h").exists()
    for script, said in (("foo", "hello"), ("tool", "tool"), ("shell", "shell")):
        done = subprocess.run([machine.scripts / script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == said
    info = "foo_bar-1.0.dist-info"
    assert (machine.site / info / "INSTALLER").read_text() == "interlock\n"
    assert not (machine.site / info / "REQUESTED").exists()
    recorded = check_record(machine, info)
    on_disk = {os.path.relpath(root / path, machine.site) for path in machine.files()}
    own = {
        path
        for path in on_disk
        if "__pycache__" not in path
        and "activate" not in path.lower()
        and not path.endswith(("pyvenv.cfg", ".gitignore", ".TAG"))
    }
    assert recorded == own
    assert applied.files == len(recorded)
    assert machine.installed() == {"foo-bar": "1.0"}
    assert not has_leftovers(machine.environment)
    assert isinstance(machine.events[0], Started) and isinstance(machine.events[-1], Finished)
    assert Advanced("install", "foo-bar 1.0") in machine.events


async def test_an_update_leaves_nothing_of_the_old_version(machine: Machine) -> None:
    old = make_wheel(
        "foo",
        "1",
        files={"foo/__init__.py": "V = 1", "foo/gone.py": "", "foo/old/x.py": "", "gone.py": "", "turned": "a file"},
        data={"scripts/oldtool": "#!python\n", "data/share/old/x": "x"},
        entry_points={"console_scripts": {"foo": "foo:main", "foo-old": "foo:main"}},
    )
    new = make_wheel(
        "foo",
        "2",
        files={"foo/__init__.py": "V = 2", "foo/new.py": "", "turned/x.py": ""},
        entry_points={"console_scripts": {"foo": "foo:main"}},
    )
    await machine.install(old)
    subprocess.run([machine.environment.python, "-c", "import foo, foo.gone, foo.old.x, gone"], check=True)
    assert (machine.site / "foo/__pycache__").exists()
    await machine.install(new)
    assert machine.installed() == {"foo": "2"}
    fresh = Machine(machine.environment, machine.layout)
    check_record(machine, "foo-2.dist-info")
    assert {path for path in machine.in_site() if "dist-info" not in path} == {
        "foo/__init__.py",
        "foo/new.py",
        "turned/x.py",
    }
    assert not (machine.scripts / "foo-old").exists()
    assert not (machine.environment.root / "share").exists()
    assert fresh.installed() == {"foo": "2"}
    before = machine.files()
    await machine.install(new)
    assert machine.files() == before


async def test_stale_bytecode_is_never_run(machine: Machine) -> None:
    code = "import foo; print(foo.V)"
    for version in ("1", "2", "3"):
        files = {"foo/__init__.py": f"V = {version}\n"}
        await machine.install(make_wheel("foo", version, files=files))
        # Same size and, as the kernel counts seconds here, the same time as the version before.
        os.utime(machine.site / "foo/__init__.py", (1_700_000_000, 1_700_000_000))
        (machine.site / "foo/unknown.txt").write_text("so that the folder is not simply replaced")
        done = subprocess.run([machine.environment.python, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == version
    assert (machine.site / "foo/unknown.txt").exists()


async def test_removal_takes_its_files_only(machine: Machine) -> None:
    before = machine.files()
    one = make_wheel("one", "1", files={"shared/__init__.py": "", "shared/one.py": "", "one/x.py": ""})
    two = make_wheel("two", "1", files={"shared/__init__.py": "", "shared/two.py": ""})
    await machine.install(one, two)
    assert not [event for event in machine.events if isinstance(event, Warned)]
    (machine.site / "one" / "notes.txt").write_text("mine")
    subprocess.run([machine.environment.python, "-c", "import shared.one, shared.two, one.x"], check=True)
    await machine.install(remove=("one",))
    left = {path for path in machine.in_site() if "dist-info" not in path and "pycache" not in path}
    assert left == {"shared/__init__.py", "shared/two.py", "one/notes.txt"}
    assert not list(machine.site.glob("shared/__pycache__/one.*"))
    assert list(machine.site.glob("shared/__pycache__/two.*"))
    check_record(machine, "two-1.dist-info")
    (machine.site / "one" / "notes.txt").unlink()
    (machine.site / "one").rmdir()
    await machine.install(remove=("two",))
    assert machine.files() == before
    assert list(machine.site.iterdir()) == []


async def test_a_file_that_moves_from_one_distribution_to_another_stays(machine: Machine) -> None:
    await machine.install(make_wheel("one", "1", files={"x/a.py": "A = 1", "x/b.py": ""}), make_wheel("two", "1"))
    await machine.install(
        make_wheel("two", "2", files={"x/a.py": "A = 2"}), make_wheel("one", "2", files={"x/b.py": ""}), remove=()
    )
    assert (machine.site / "x/a.py").read_text() == "A = 2"
    assert (machine.site / "x/b.py").exists()
    check_record(machine, "one-2.dist-info")
    check_record(machine, "two-2.dist-info")


async def test_different_content_for_one_path_is_told_and_the_last_wins(machine: Machine) -> None:
    one = make_wheel("one", "1", files={"tests/x.py": "1"})
    two = make_wheel("two", "1", files={"tests/x.py": "2"})
    await machine.install(one, two)
    [warned] = [event for event in machine.events if isinstance(event, Warned)]
    assert (
        warned.message
        == "one and two both install "
        + machine.site.relative_to(machine.environment.root).as_posix()
        + "/tests/x.py; the file of two is used."
    )
    assert (machine.site / "tests/x.py").read_text() == "2"
    await machine.install(remove=("one",))
    assert (machine.site / "tests/x.py").read_text() == "2"


async def test_a_file_in_the_place_of_a_folder_is_refused(machine: Machine) -> None:
    before = machine.files()
    with pytest.raises(FileConflict):
        await machine.install(
            make_wheel("one", "1", files={"x/y": "file"}), make_wheel("two", "1", files={"x/y/z.py": ""})
        )
    assert machine.files() == before
    assert not has_leftovers(machine.environment)


async def test_a_failure_while_obtaining_leaves_everything_as_it_was(machine: Machine) -> None:
    old, new = make_wheel("foo", "1"), make_wheel("foo", "2")
    other = make_wheel("bar", "1")
    await machine.install(old)
    before = machine.files()
    plan = machine.plan(new, other)

    async def obtain(wanted: Wanted) -> StoredWheel:
        if wanted.name == "bar":
            await anyio.sleep(0.05)
            raise DigestMismatch("bar", "a", "b")
        return await machine.obtain(wanted)

    with pytest.raises(DigestMismatch):
        await apply(plan, machine.environment, obtain)
    assert machine.files() == before
    assert not has_leftovers(machine.environment)

    async def wrong(wanted: Wanted) -> StoredWheel:
        return await machine.obtain(machine.wanted(old if wanted.name == "bar" else new))

    with pytest.raises(WrongWheel):
        await apply(plan, machine.environment, wrong)

    async def endless(_: Wanted) -> StoredWheel:
        await anyio.sleep_forever()
        raise AssertionError

    with anyio.move_on_after(0.02):
        await apply(plan, machine.environment, endless)
    assert machine.files() == before
    assert not has_leftovers(machine.environment)


@pytest.mark.parametrize(
    ("data", "points", "error"),
    [
        ({"scripts/python": "x"}, {}, UnsafeScript),
        ({"scripts/python3.12": "x"}, {}, UnsafeScript),
        ({"scripts/sub/x": "x"}, {}, UnsafeScript),
        ({"data/bin/python3": "x"}, {}, UnsafeScript),
        ({"data/pyvenv.cfg": "x"}, {}, UnsafeTarget),
        ({"data/.interlock/lock": "x"}, {}, UnsafeTarget),
        ({"unknown/x": "x"}, {}, UnsafeTarget),
        ({}, {"python": "foo:main"}, UnsafeScript),
        ({}, {"pythonw.exe": "foo:main"}, UnsafeScript),
        ({}, {"../evil": "foo:main"}, UnsafeScript),
        ({}, {"activate": "foo:main"}, UnsafeScript),
    ],
)
async def test_hostile_targets_are_refused(
    machine: Machine, data: dict[str, str], points: dict[str, str], error: type[Exception]
) -> None:
    before = machine.files()
    with pytest.raises(error):
        await machine.install(make_wheel("foo", "1", data=data, entry_points={"console_scripts": points}))
    assert machine.files() == before
    assert not has_leftovers(machine.environment)


async def test_ordinary_names_that_begin_like_the_interpreter_are_fine(machine: Machine) -> None:
    names = ["python-argcomplete", "pythontidy", "python3-config", "py.test", "pytest"]
    await machine.install(make_wheel("foo", "1", entry_points={"console_scripts": dict.fromkeys(names, "foo:main")}))
    assert all((machine.scripts / name).exists() for name in names)


async def test_notes_are_written(machine: Machine) -> None:
    wheel = make_wheel("foo", "1", files={"_foo.pth": "/src\n"})
    name = machine.wanted(wheel).name
    origin = '{"dir_info":{"editable":true},"url":"file:///src"}'

    def as_member(wanted: Wanted) -> Wanted:
        return msgspec.structs.replace(wanted, editable=True, source=Member(name), digest="abc")

    options = Options(installer="other", requested=frozenset({name}), origins={name: origin})
    await apply(machine.plan(wheel, only=as_member), machine.environment, machine.obtain, options)
    found = machine.found("foo")
    assert (found.installer, found.requested, found.editable, found.digest) == ("other", True, True, "abc")
    assert found.origin == origin
    assert {
        "foo-1.dist-info/REQUESTED",
        "foo-1.dist-info/direct_url.json",
        "foo-1.dist-info/interlock.json",
    } <= check_record(machine, "foo-1.dist-info")


async def test_what_a_wheel_brings_as_notes_is_ignored(machine: Machine) -> None:
    info = "foo-1.dist-info"
    files = {f"{info}/{name}": "evil" for name in ("INSTALLER", "REQUESTED", "direct_url.json", "interlock.json")}
    await machine.install(make_wheel("foo", "1", files=files))
    found = machine.found("foo")
    assert (found.installer, found.requested, found.origin, found.digest) == ("interlock", False, "", "")
    check_record(machine, info)


@pytest.mark.parametrize("mode", ["auto", "hardlink", "copy", "symlink", "clone"])
async def test_link_modes(machine: Machine, mode: str) -> None:
    wheel = make_wheel(
        "foo", "1", files={"foo/__init__.py": "x = 1\n", "foo/run": "#!/bin/sh\n"}, executable=["foo/run"]
    )
    options = Options(link_mode=mode)  # type: ignore[arg-type]
    await machine.install(wheel, options=options)
    stored = await machine.obtain(machine.wanted(wheel))
    target, source = machine.site / "foo/__init__.py", Path(stored.tree, "foo/__init__.py")
    assert target.read_bytes() == source.read_bytes()
    assert target.is_symlink() == (mode == "symlink")
    if mode in {"auto", "hardlink"}:
        assert target.samefile(source)
    if mode == "copy":
        assert not target.samefile(source)
    assert stat.S_IMODE((machine.site / "foo/run").stat().st_mode) & 0o111
    await machine.install(make_wheel("foo", "2"), options=options)
    await machine.install(remove=("foo",))
    assert source.read_text() == "x = 1\n"
    assert machine.in_site() == set()


async def test_bytecode_is_compiled_recorded_and_removed(machine: Machine) -> None:
    wheel = make_wheel("foo", "1", files={"foo/__init__.py": "x = 1\n", "foo/bad.py": "this is no python\n"})
    await machine.install(wheel, make_wheel("bar", "1"), options=Options(compile=True, jobs=2))
    tag = machine.environment.interpreter.cache_tag
    recorded = check_record(machine, "foo-1.dist-info")
    assert f"foo/__pycache__/__init__.{tag}.pyc" in recorded
    assert f"foo/__pycache__/bad.{tag}.pyc" not in recorded
    code = "import foo, sys; print(foo.__cached__); print((lambda: 0).__code__ and foo.__file__)"
    before = (machine.site / f"foo/__pycache__/__init__.{tag}.pyc").stat().st_mtime_ns
    subprocess.run([machine.environment.python, "-W", "ignore", "-c", code], capture_output=True, check=True)
    assert (machine.site / f"foo/__pycache__/__init__.{tag}.pyc").stat().st_mtime_ns == before
    assert (
        str(machine.site / "foo/__init__.py").encode()
        in (machine.site / f"foo/__pycache__/__init__.{tag}.pyc").read_bytes()
    )
    await machine.install(remove=("foo", "bar"))
    assert machine.in_site() == set()


async def test_a_damaged_store_heals(machine: Machine) -> None:
    wheel = make_wheel("foo", "1")
    stored = await machine.obtain(machine.wanted(wheel)) if machine.plan(wheel) else None
    assert stored is not None
    Path(stored.tree, "foo.py").unlink()
    machine.obtained.clear()
    await machine.install(wheel)
    assert machine.obtained == ["foo", "foo"]
    check_record(machine, "foo-1.dist-info")


async def test_a_damaged_distribution_is_replaced(machine: Machine) -> None:
    wheel = make_wheel("foo", "1")
    await machine.install(wheel)
    (machine.site / "foo-1.dist-info/RECORD").unlink()
    (machine.site / "foo.py").unlink()
    assert machine.installed() == {"foo": ""}
    await machine.install(wheel)
    check_record(machine, "foo-1.dist-info")
    assert machine.installed() == {"foo": "1"}


async def test_a_refusal_of_the_system_is_explained(machine: Machine) -> None:
    shutil.rmtree(machine.environment.notes)
    machine.environment.notes.write_text("in the way")
    with pytest.raises(EnvironmentUnwritable, match=r"cannot be changed"):
        await machine.install(make_wheel("foo", "1"))
    assert machine.in_site() == set()


async def test_environments_made_by_others_are_updated(machine: Machine, tmp_path: Path) -> None:
    """A distribution that pip installed is replaced by its RECORD, which lists bytecode and scripts."""
    old = make_wheel(
        "foo", "1", files={"foo/__init__.py": "", "foo/x.py": ""}, entry_points={"console_scripts": {"foo": "foo:x"}}
    )
    path = tmp_path / old.filename
    path.write_bytes(old.data)
    command = [
        "-m",
        "pip",
        "--python",
        machine.environment.python,
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        str(path),
    ]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("pip is not here")
    assert machine.found("foo").installer == "pip"
    await machine.install(make_wheel("foo", "2"))
    assert machine.in_site() == {
        "foo.py", *(f"foo-2.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL"))
    }  # fmt: skip
    assert not (machine.scripts / "foo").exists()


async def test_a_program_is_linked_and_what_names_python_is_written(machine: Machine) -> None:
    program = b"\x7fELF" + bytes(range(256)) * 64
    wheel = make_wheel(
        "foo",
        "1",
        data={
            "scripts/native": program,
            "scripts/plain": "#!/bin/sh\n",
            "scripts/tool": "#!python\nprint('tool')\n",
        },
        executable=["foo-1.data/scripts/native", "foo-1.data/scripts/tool"],
    )
    await machine.install(wheel)
    tree = Path((await machine.obtain(machine.wanted(wheel))).tree, "foo-1.data/scripts")
    assert (machine.scripts / "native").samefile(tree / "native")
    # The store's file cannot be run, and what is shared is not changed.
    assert not (machine.scripts / "plain").samefile(tree / "plain")
    assert (machine.scripts / "tool").read_bytes().startswith(b"#!" + str(machine.environment.root).encode())
    assert all((machine.scripts / name).stat().st_mode & 0o100 for name in ("native", "plain", "tool"))
    assert (tree / "tool").read_bytes().startswith(b"#!python\n")
    assert {"native", "plain", "tool"} <= {Path(path).name for path in check_record(machine, "foo-1.dist-info")}
    await machine.install(remove=("foo",))
    assert (tree / "native").read_bytes() == program
    assert machine.in_site() == set()


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="the file system does not tell them apart")
@pytest.mark.parametrize("mode", ["hardlink", "copy", "symlink"])
async def test_files_whose_names_differ_in_case_only(machine: Machine, mode: str) -> None:
    files = {"foo.py": "a", "Foo.py": "b", "foo/x.py": "c", "FOO/x.py": "d"}
    data = {"scripts/tool": "#!python\n", "scripts/Tool": "#!python3\n#\n"}
    await machine.install(make_wheel("foo", "1", files=files, data=data), options=Options(link_mode=mode))  # type: ignore[arg-type]
    assert {name: (machine.site / name).read_text() for name in files} == files
    assert (machine.scripts / "tool").read_bytes() != (machine.scripts / "Tool").read_bytes()
    assert set(files) <= {str(path) for path in check_record(machine, "foo-1.dist-info")}
    await machine.install(remove=("foo",))
    assert machine.in_site() == set()


async def test_folders_that_are_gone_from_the_store_are_noticed(machine: Machine) -> None:
    wheel = make_wheel("foo", "1", files={"foo/a.py": "", "foo/b.py": ""})
    stored = await machine.obtain(machine.wanted(wheel)) if machine.plan(wheel) else None
    assert stored is not None
    shutil.rmtree(Path(stored.tree, "foo"))
    await machine.install(wheel)
    assert (machine.site / "foo/a.py").is_file()
    check_record(machine, "foo-1.dist-info")
