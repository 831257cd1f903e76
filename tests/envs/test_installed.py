from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from interlock.envs.environments import VirtualEnvironment, create_environment
from interlock.envs.installed import scan
from interlock.envs.interpreters import Interpreter


@pytest.fixture
def environment(tmp_path: Path, interpreter: Interpreter) -> VirtualEnvironment:
    return create_environment(tmp_path / ".venv", interpreter)


def put(environment: VirtualEnvironment, folder: str, **files: str) -> Path:
    path = Path(environment.purelib, folder)
    path.mkdir()
    for name, content in ({"METADATA": "x", "RECORD": ""} | files).items():
        (path / name.replace("__", ".")).write_text(content)
    return path


def age(environment: VirtualEnvironment) -> None:
    """Make the folder old, as it is on a real machine when the next command runs."""
    os.utime(environment.purelib, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))


def test_names_versions_and_notes_are_read(environment: VirtualEnvironment) -> None:
    origin = {"url": "file:///x", "dir_info": {"editable": True}}
    put(environment, "Foo_Bar-1.0+a_1.dist-info", INSTALLER="pip\n", REQUESTED="")
    put(environment, "b-2.dist-info", direct_url__json=json.dumps(origin), interlock__json='{"digest": "abc"}')
    put(environment, "~ld-1.0.dist-info")
    Path(environment.purelib, "stray.dist-info.txt").write_text("")
    b, foo = scan(environment)
    assert (foo.name, foo.version, foo.installer, foo.requested) == ("foo-bar", "1.0+a-1", "pip", True)
    assert (b.name, b.version, b.digest, b.editable, b.requested) == ("b", "2", "abc", True, False)
    assert b.origin == '{"dir_info":{"editable":true},"url":"file:///x"}'


def test_damaged_distributions_are_reported_without_a_version(environment: VirtualEnvironment) -> None:
    (put(environment, "a-1.dist-info") / "RECORD").unlink()
    (put(environment, "b-1.dist-info") / "METADATA").unlink()
    put(environment, "c-1.dist-info", direct_url__json="{not json")
    put(environment, "d-1.dist-info", interlock__json="{not json")
    assert [(found.name, found.version) for found in scan(environment)] == [("a", ""), ("b", ""), ("c", ""), ("d", "1")]


def test_eggs_are_seen(environment: VirtualEnvironment) -> None:
    site = Path(environment.purelib)
    (site / "old-1.2-py3.11.egg-info").mkdir()
    (site / "older.egg-info").write_text("Metadata-Version: 1.0\nName: older\nVersion: 3.0\n\nVersion: 9\n")
    (site / "linked.egg-link").write_text("/src\n.\n")
    found = {one.name: one for one in scan(environment)}
    assert {name: one.version for name, one in found.items()} == {"old": "1.2", "older": "3.0", "linked": ""}
    assert found["linked"].editable  # type: ignore[index]


def test_the_index_is_used_while_the_folder_is_unchanged_and_not_longer(environment: VirtualEnvironment) -> None:
    put(environment, "a-1.dist-info")
    age(environment)
    first = scan(environment)
    index = environment.notes / "installed.msgpack"
    written = index.stat().st_mtime_ns
    assert scan(environment) == first
    assert index.stat().st_mtime_ns == written
    put(environment, "b-1.dist-info")
    assert [found.name for found in scan(environment)] == ["a", "b"]
    index.write_bytes(b"\xc1")
    assert [found.name for found in scan(environment)] == ["a", "b"]


def test_a_folder_that_changed_just_now_is_read_again(environment: VirtualEnvironment) -> None:
    for number in range(20):
        put(environment, f"a{number}-1.dist-info")
        assert len(scan(environment)) == number + 1


def test_an_environment_that_cannot_be_written_is_still_read(environment: VirtualEnvironment) -> None:
    put(environment, "a-1.dist-info")
    environment.notes.rmdir()
    environment.notes.write_text("a file where our folder should be")
    assert [found.name for found in scan(environment)] == ["a"]
