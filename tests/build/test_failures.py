"""Backends that misbehave: each is an error with its evidence, and the next build works."""

from __future__ import annotations

import os
import time
from pathlib import Path

import anyio
import pytest

from interlock.build.failures import (
    BackendFailed,
    BackendUnavailable,
    BuildTimeout,
    HookMissing,
    InvalidBuildResult,
    InvalidSourceTree,
)
from interlock.errors import BuildError
from interlock.store.layout import Layout
from tests.build.conftest import MakeBuilder, MakeTree, source
from tests.processes import alive

HOOK = "\ndef build_wheel(folder, config_settings=None, metadata_directory=None):\n"


def _read(path: object) -> str:
    return Path(str(path)).read_text()


async def _ends(pid: int) -> bool:
    for _ in range(100):
        if not alive(pid):
            return True
        await anyio.sleep(0.05)
    return False


CASES: list[tuple[str, type[BuildError], str]] = [
    ("    raise ValueError('no luck')", BackendFailed, "ValueError: no luck"),
    ("    sys.exit(3)", BackendFailed, r"SystemExit\(3\)"),
    ("    sys.exit('bye')", BackendFailed, r"SystemExit\('bye'\)"),
    ("    os._exit(4)", BackendFailed, "ended with status 4"),
    ("    os.kill(os.getpid(), 9)", BackendFailed, "killed by signal 9"),
    ("    raise KeyboardInterrupt", BackendFailed, "KeyboardInterrupt"),
    ("    return None", InvalidBuildResult, "something else than a file name"),
    ("    return '../x.whl'", InvalidBuildResult, "something else than a file name"),
    ("    return object()", InvalidBuildResult, "returned what it may not"),
    ("    return 'x.whl'", InvalidBuildResult, "not the name of a wheel"),
    ("    return 'demo-1.0-py3-none-any.whl'", InvalidBuildResult, "made none of that name"),
    ("    return _wheel(folder, 'demo-2.0-py3-none-any.whl')", InvalidBuildResult, "says inside"),
    (
        "    open(os.path.join(folder, 'demo-1.0-py3-none-any.whl'), 'w').close()\n"
        "    return 'demo-1.0-py3-none-any.whl'",
        InvalidBuildResult,
        "not a usable wheel",
    ),
]
ENDINGS = CASES[:5]


@pytest.mark.parametrize(
    ("body", "error", "words", "fork"), [(*case, True) for case in CASES] + [(*case, False) for case in ENDINGS]
)
async def test_what_a_backend_does_wrong_is_told(
    make_builder: MakeBuilder, make_tree: MakeTree, body: str, error: type[BuildError], words: str, fork: bool
) -> None:
    tree = make_tree(more=HOOK + body + "\n")
    async with make_builder(fork=fork) as builder:
        with pytest.raises(error, match=words):
            await builder.wheel(source(tree))
        good = await builder.wheel(source(make_tree("good")))
    assert good.name == "good-1.0-py3-none-any.whl"


FULL = "OSError(28, 'No space left on device', os.path.join(folder, 'a.whl'))"


@pytest.mark.parametrize("fork", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        f"    raise {FULL}",
        f"    try: raise {FULL}\n    except OSError as error: raise RuntimeError('it did not work') from error",
        f"    try: raise {FULL}\n    except OSError: sys.exit(1)",
        "    raise OSError(28, 'No space left on device')",
        f"    os.dup2(os.open('/dev/full', os.O_WRONLY), 2)\n    raise {FULL}",
    ],
    ids=["itself", "wrapped", "ended", "no name", "no room for the log"],
)
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
async def test_a_disk_that_is_full_is_no_fault_of_the_backend(
    make_builder: MakeBuilder, make_tree: MakeTree, body: str, fork: bool
) -> None:
    tree = make_tree(more=f"{HOOK}{body}\n")
    async with make_builder(fork=fork) as builder:
        with pytest.raises(OSError, match="No space left on device") as caught:
            await builder.wheel(source(tree))
    assert os.path.isabs(caught.value.filename)


async def test_the_last_lines_are_shown_and_the_whole_log_is_kept(
    make_builder: MakeBuilder, make_tree: MakeTree
) -> None:
    tree = make_tree(
        more=HOOK
        + "    for i in range(100): print('line', i)\n    os.system('echo from a child')\n    raise OSError('x')\n"
    )
    async with make_builder() as builder:
        with pytest.raises(BackendFailed) as caught:
            await builder.wheel(source(tree))
    facts = caught.value.facts
    lines = facts["lines"]
    assert isinstance(lines, list)
    assert len(lines) == 20
    assert lines[-1] == "OSError: x"
    assert facts["package"] == "demo"
    assert facts["hook"] == "build_wheel"
    log = _read(facts["log"])
    assert "line 0\n" in log
    assert "from a child" in log
    assert str(facts["log"]) in str(caught.value.hint)


@pytest.mark.parametrize("garbage", [b"\xff" * 100, b"\0\0\0\4oops", b"\0\0\0\2{}", b"\0\0\0\2[]"])
async def test_garbage_anywhere_is_not_an_answer(
    make_builder: MakeBuilder, make_tree: MakeTree, garbage: bytes
) -> None:
    body = (
        "    import subprocess\n    print('{\"id\": 0}')\n    os.write(1, b'\\x00\\x00\\x00\\x02{}' * 1000)\n"
        "    for fd in range(3, 64):\n        try: os.write(fd, GARBAGE)\n        except OSError: pass\n"
    )
    tree = make_tree(more=f"GARBAGE = {garbage!r}\n{HOOK}{body}    return _wheel(folder)\n")
    async with make_builder() as builder:
        with pytest.raises(BackendFailed, match="without an answer"):
            await builder.wheel(source(tree))
        assert (await builder.wheel(source(make_tree("good")))).exists()


@pytest.mark.parametrize("fork", [True, False])
async def test_a_backend_that_hangs_is_ended_with_all_its_children(
    make_builder: MakeBuilder, make_tree: MakeTree, tmp_path: Path, fork: bool
) -> None:
    pids = tmp_path / "pids"
    body = (
        "    import subprocess, time\n    child = subprocess.Popen(['sleep', '60'])\n"
        f"    open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n    print('soon')\n    time.sleep(60)\n"
    )
    tree = make_tree(more=HOOK + body)
    start = time.monotonic()
    async with make_builder(timeout=2.0, fork=fork) as builder:
        with pytest.raises(BuildTimeout, match="longer than 2 seconds") as caught:
            await builder.wheel(source(tree))
        assert caught.value.facts["lines"] == ["soon"]
        assert (await builder.wheel(source(make_tree("good")))).exists()
    assert time.monotonic() - start < 15
    for pid in pids.read_text().split():
        assert await _ends(int(pid))


@pytest.mark.parametrize("fork", [True, False])
async def test_cancelling_ends_the_backend(
    make_builder: MakeBuilder, make_tree: MakeTree, tmp_path: Path, fork: bool
) -> None:
    pids = tmp_path / "pids"
    body = f"    import time\n    open({str(pids)!r}, 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
    tree = make_tree(more=HOOK + body)
    async with make_builder(fork=fork) as builder:
        async with anyio.create_task_group() as group:
            group.start_soon(builder.wheel, source(tree))
            for _ in range(1000):
                if pids.exists() and pids.read_text():
                    break
                await anyio.sleep(0.02)
            group.cancel_scope.cancel()
        assert await _ends(int(pids.read_text()))


async def test_a_backend_that_forks_answers_once(make_builder: MakeBuilder, make_tree: MakeTree) -> None:
    tree = make_tree(more=HOOK + "    os.fork()\n    return _wheel(folder) if os.getpid() == os.getpgrp() else 'x'\n")
    stray = make_tree(
        "stray", more=HOOK + "    if not os.fork(): __import__('time').sleep(60)\n    return _wheel(folder)\n"
    )
    start = time.monotonic()
    async with make_builder() as builder:
        assert (await builder.wheel(source(tree))).name == "demo-1.0-py3-none-any.whl"
        assert (await builder.wheel(source(stray))).name == "stray-1.0-py3-none-any.whl"
    assert time.monotonic() - start < 5


async def test_a_backend_that_cannot_be_imported(make_builder: MakeBuilder, make_tree: MakeTree) -> None:
    broken = make_tree("broken", backend="import no_such_module_here\n")
    absent = make_tree("absent")
    (absent / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "no_such_backend"\n')
    dying = make_tree("dying", backend="import os\nos._exit(7)\n")
    elsewhere = make_tree("elsewhere")
    (elsewhere / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "json"\nbackend-path = ["."]\n'
    )
    async with make_builder() as builder:
        with pytest.raises(BackendUnavailable, match="No module named 'no_such_module_here'"):
            await builder.wheel(source(broken))
        with pytest.raises(BackendUnavailable, match="No module named 'no_such_backend'"):
            await builder.wheel(source(absent))
        with pytest.raises(BackendFailed, match="ended with status 7"):
            await builder.wheel(source(dying))
        with pytest.raises(BackendUnavailable, match="not in backend-path"):
            await builder.wheel(source(elsewhere))


async def test_an_unsupported_operation_is_a_missing_hook(make_builder: MakeBuilder, make_tree: MakeTree) -> None:
    tree = make_tree(
        more="\nclass UnsupportedOperation(Exception): pass\n"
        "def build_sdist(folder, config_settings=None):\n    raise UnsupportedOperation\n"
    )
    async with make_builder() as builder:
        with pytest.raises(HookMissing, match="does not support build_sdist"):
            await builder.sdist(source(tree))


async def test_no_project_at_all(make_builder: MakeBuilder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    async with make_builder() as builder:
        with pytest.raises(InvalidSourceTree, match=r"neither a pyproject.toml nor a setup.py"):
            await builder.wheel(source(tmp_path / "empty"))
        with pytest.raises(InvalidSourceTree, match="not a folder"):
            await builder.wheel(source(tmp_path / "absent"))


async def test_calls_do_not_see_each_others_state(make_builder: MakeBuilder, make_tree: MakeTree) -> None:
    body = (
        "    import json\n    assert not hasattr(json, 'mark'), 'seen'\n    json.mark = 1\n"
        "    os.chdir('/')\n    return _wheel(folder)\n"
    )
    async with make_builder() as builder:
        for name in ("one", "two", "three"):
            assert (await builder.wheel(source(make_tree(name, more=HOOK + body)))).exists()


async def test_nothing_is_left_in_the_store(make_builder: MakeBuilder, make_tree: MakeTree, layout: Layout) -> None:
    async with make_builder() as builder:
        await builder.metadata(source(make_tree()))
        with pytest.raises(BackendFailed):
            await builder.wheel(source(make_tree("bad", more=HOOK + "    raise ValueError\n")))
        await builder.wheel(source(make_tree("good")))
    assert os.listdir(layout.tmp) == []
